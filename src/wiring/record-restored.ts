/**
 * Puts a restore on record where no gateway holds the log. Where one does, it is asked, and a person signs for it.
 * Whether anything is restored is not its matter.
 */
import { openAuditLog } from "../audit/open.ts";
import { systemClock } from "../base/clock.ts";
import { systemRandom } from "../base/ids.ts";
import type { Config } from "../config/config.ts";
import type { AuditEvent } from "../model/event.ts";
import { signerFor } from "./signed-log.ts";
import type { Vault } from "./vault.ts";
import { logOrigin } from "./vault-and-log.ts";

type Recorded = Extract<AuditEvent, { kind: "restored" | "drill_done" }>;

/** `false` while a gateway has the log. Rejects where it cannot be written. */
export async function recordAlone(config: Config, vault: Vault | undefined, event: Recorded): Promise<boolean> {
  const signer = await signerFor(config, vault);
  const options = {
    directory: config.auditDirectory,
    origin: logOrigin,
    clock: systemClock,
    random: systemRandom,
    signer,
    hashing: "here" as const,
  };
  const opened = await openAuditLog(options).catch((error: unknown) => {
    if (error instanceof Error && error.message.includes("is in use by process")) return undefined;
    throw error;
  });
  if (opened === undefined) return false;
  try {
    opened.log.append(event);
    await opened.log.seal();
    return true;
  } finally {
    await opened.log.close();
  }
}
