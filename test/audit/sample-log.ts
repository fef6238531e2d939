/**
 * A small log in a directory of its own, for tests of the audit log: made, damaged, opened again.
 * The key is fresh for every log; nothing here is a stand-in.
 */
import { generateKeyPairSync } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualClock } from "../../src/base/clock.ts";
import type { ActionId } from "../../src/base/ids.ts";
import { systemRandom } from "../../src/base/ids.ts";
import { signerOf } from "../../src/audit/keys.ts";
import type { AuditLog } from "../../src/audit/log.ts";
import { verifierKeyText } from "../../src/audit/note.ts";
import { openAuditLog } from "../../src/audit/open.ts";
import type { AuditLogOptions } from "../../src/audit/open.ts";
import { verifyLog } from "../../src/audit/verify.ts";
import type { VerifyReport } from "../../src/audit/verify.ts";

export interface SampleLog {
  readonly options: AuditLogOptions;
  readonly directory: string;
  readonly publicKey: string;
  open(more?: Partial<AuditLogOptions>): ReturnType<typeof openAuditLog>;
  verify(witness?: string): Promise<VerifyReport>;
  /** A second directory with the same files. */
  copy(): Promise<SampleLog>;
  remove(): Promise<void>;
}

export async function sampleLog(): Promise<SampleLog> {
  const signer = signerOf(generateKeyPairSync("ed25519").privateKey, "holdfast-sample");
  const directory = await mkdtemp(join(tmpdir(), "holdfast-audit-"));
  return over({
    directory,
    origin: "holdfast.example/sample",
    clock: manualClock(),
    random: systemRandom,
    signer,
    checkpointMs: 0,
    hashing: "here",
  });
}

function over(options: AuditLogOptions): SampleLog {
  const { directory, signer } = options;
  const publicKey = verifierKeyText(signer.keyName, signer.publicKey);
  return {
    options,
    directory,
    publicKey,
    open: (more = {}) => openAuditLog({ ...options, ...more }),
    verify: (witness) => verifyLog({ directory, publicKey, ...(witness === undefined ? {} : { witness }) }),
    async copy() {
      const second = await mkdtemp(join(tmpdir(), "holdfast-audit-"));
      await cp(directory, second, { recursive: true });
      return over({ ...options, directory: second });
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Appends one allowed act; with `settled` false its outcome is missing. */
export function act(log: AuditLog, name: string, settled = true): void {
  const action = `s_sample.${name}` as ActionId;
  log.append({ kind: "intent", action, judgement: "j_1", decision: "allow", code: "permitted" });
  if (settled) log.append({ kind: "outcome", action, outcome: { status: "succeeded", measured: { rowsChanged: 2, elapsedMs: 1.25 } } });
}
