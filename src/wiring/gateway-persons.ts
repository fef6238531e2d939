/**
 * What a running gateway keeps of runs and approvals, opened on its store, and the authority that verifies persons.
 * Where one cannot be had, what was opened before it is closed again.
 */
import type { Config } from "../config/config.ts";
import { type AuthorityOptions, openAuthority } from "../control/authority.ts";
import type { Authority } from "../control/authority-port.ts";
import { stateDirectory } from "../control/state-directory.ts";
import { StoreUnavailable } from "../store/port.ts";
import { ApprovalDesk, type ApprovalDeskParts } from "./approval-desk.ts";
import { type OpenedStore, openStore, type OpenStoreParts } from "./open-store.ts";
import { RunControl, type RunControlParts } from "./run-control.ts";
import { WiringError } from "./target-options.ts";
import { registeredPersons, type Vault } from "./vault.ts";

/** With the store that it rests on: `runs.opened`. */
export async function openRuns(parts: Omit<RunControlParts, "opened">, own: OpenStoreParts): Promise<RunControl> {
  let opened: OpenedStore | undefined;
  try {
    opened = await openStore(parts.config, own);
    return await RunControl.open({ ...parts, opened });
  } catch (error) {
    await opened?.store.close();
    await parts.log.log.close().catch(() => undefined);
    throw error instanceof StoreUnavailable ? new WiringError(error.message) : error;
  }
}

export async function openApprovals(parts: Omit<ApprovalDeskParts, "store">): Promise<ApprovalDesk> {
  try {
    return await ApprovalDesk.open({ ...parts, store: parts.runs.opened.store });
  } catch (error) {
    await parts.runs.close();
    await parts.runs.closeStore();
    await parts.log.log.close().catch(() => undefined);
    throw error instanceof StoreUnavailable ? new WiringError(error.message) : error;
  }
}

/** Persons live in the vault: without one nobody can sign, and what takes a person is refused, and recorded. */
export function authorityOf(
  config: Config,
  vault: Vault | undefined,
  parts: Pick<AuthorityOptions, "clock" | "random" | "record">,
): Authority {
  const persons = () => (vault === undefined ? [] : registeredPersons(vault));
  return openAuthority({ ...parts, gateway: stateDirectory(config.state).controlSocket, persons });
}
