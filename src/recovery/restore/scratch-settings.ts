/**
 * The configuration of a scratch server, written from nothing: of the original's settings none is taken over, so it reaches out to nobody
 * (no archiving, no replication, no subscriptions, no libraries of others) and nobody but its account reaches it.
 */
import type { ControlData } from "./control-file.ts";
import { untilText, type ReplayUntil } from "./source.ts";

export interface SettingsParts {
  readonly socket: string;
  readonly hba: string;
  /** Absent of a cluster of our own making. */
  readonly control?: ControlData;
  /** Absent where nothing is recovered. */
  readonly recovery?: { readonly command: string; readonly until: ReplayUntil; readonly atEnd: "pause" | "promote" };
}

/** In no address space that could be taken: it listens on a socket in its own folder alone. */
export const scratchPort = 5432;

export function scratchSettings({ socket, hba, control, recovery }: SettingsParts): string {
  const settings: Record<string, string | number | boolean> = {
    listen_addresses: "",
    port: scratchPort,
    unix_socket_directories: socket,
    unix_socket_permissions: "0700",
    hba_file: hba,
    // Room for what the server had when the backup was made, and for what it may have been given since.
    max_connections: Math.max(100, 2 * (control?.connections ?? 0)),
    max_worker_processes: Math.max(16, 2 * (control?.workers ?? 0)),
    max_wal_senders: Math.max(10, 2 * (control?.senders ?? 0)),
    max_prepared_transactions: Math.max(20, 2 * (control?.preparedTransactions ?? 0)),
    max_locks_per_transaction: Math.max(64, 2 * (control?.locks ?? 0)),
    archive_mode: false,
    primary_conninfo: "",
    primary_slot_name: "",
    shared_preload_libraries: "",
    session_preload_libraries: "",
    max_logical_replication_workers: 0,
    autovacuum: false,
    hot_standby: true,
    shared_buffers: "64MB",
    max_wal_size: "4GB",
    // It is removed afterwards, and does not outlive a power cut.
    fsync: false,
    huge_pages: false,
    jit: false,
    ssl: false,
    lc_messages: "C",
    timezone: "UTC",
    log_timezone: "UTC",
    log_min_messages: "info",
    log_statement: "none",
    log_min_error_statement: "panic",
    logging_collector: false,
    log_destination: "stderr",
    ...(recovery === undefined ? {} : recoverySettings(recovery)),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${quoted(value)}\n`)
    .join("");
}

function recoverySettings({ command, until, atEnd }: NonNullable<SettingsParts["recovery"]>): Record<string, string | boolean> {
  const always = { restore_command: command, recovery_target_timeline: "latest", recovery_target_action: atEnd };
  switch (until.kind) {
    case "end":
      return always;
    case "lsn":
      return { ...always, recovery_target_lsn: until.lsn, recovery_target_inclusive: false };
    case "before_transaction":
      return { ...always, recovery_target_xid: lower(until.transaction), recovery_target_inclusive: false };
    case "name":
      return { ...always, recovery_target_name: until.name };
    default:
      return { ...always, recovery_target_time: untilText(until), recovery_target_inclusive: false };
  }
}

/** The server compares with the 32 bits that stand in the WAL. */
function lower(transaction: string): string {
  return (BigInt(transaction) & 0xffff_ffffn).toString();
}

function quoted(value: string | number | boolean): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "number") return String(value);
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** Who reaches the socket is the account itself, or root: the folder is nobody else's. */
export const scratchHba = "local all all trust\n";
