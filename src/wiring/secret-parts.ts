/** The parts of a secret that must not be seen anywhere. It reads no vault. */
import { keyPairOf, secretParts } from "../credentials/sigv4/key-pair.ts";

/** What of a secret is looked for in what goes out: of a key pair each part by itself, but for its id. */
export function partsOfSecret(kind: string, value: string): readonly string[] {
  const pair = kind === "key-pair" ? keyPairOf(value) : undefined;
  return pair === undefined ? [value] : secretParts(pair);
}
