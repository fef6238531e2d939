/**
 * How many records of a log its own key has signed: what somebody who remembers a size holds the log against before it is opened.
 * It verifies no record; opening and `audit verify` do.
 */
import { directoryFiles } from "./files.ts";
import { checkpointFile, checkpointsFile } from "./lines.ts";
import { type CheckpointSigner, parseCheckpoint, parseNotes, parseVerifierKey, signatureHolds, verifierKeyText } from "./note.ts";

/** 0 for a log that is not there, or that the key never signed. */
export async function signedSize(
  directory: string,
  origin: string,
  signer: Pick<CheckpointSigner, "keyName" | "publicKey">,
): Promise<number> {
  const files = await directoryFiles(directory);
  const key = parseVerifierKey(verifierKeyText(signer.keyName, signer.publicKey));
  const single = parseCheckpoint((await files.read(checkpointFile))?.toString() ?? "");
  const { notes } = parseNotes((await files.read(checkpointsFile))?.toString() ?? "");
  const sizes = [...notes, ...(single === null ? [] : [single])].filter((note) => note.origin === origin).sort((a, b) => b.size - a.size);
  return sizes.find((note) => signatureHolds(note, key))?.size ?? 0;
}
