/**
 * The names of what provisioning makes: group roles of a target, the schema, and the marks by which they are known as ours.
 * It looks nothing up.
 */
import { sha256Hex } from "../base/canonical.ts";

/** Holds the record of what was changed; agents have no right in it. */
export const ownSchema = "holdfast";
/** Begins the comment of everything of ours; what has our name and not this comment is not touched. */
export const markPrefix = "holdfast: ";
/** PostgreSQL cuts names after 63 bytes without saying so. */
const NAME_BYTES_MAX = 63;

export interface GroupNames {
  readonly reader: string;
  readonly ownerExecutor: string;
  readonly writer: (list: string) => string;
}

export function groupNames(target: string): GroupNames {
  return {
    reader: roleName(target, "reader"),
    ownerExecutor: roleName(target, "owner_executor"),
    writer: (list) => roleName(target, `writer_${list}`),
  };
}

function roleName(target: string, part: string): string {
  const whole = `holdfast_${target}_${part}`;
  if (Buffer.byteLength(whole) <= NAME_BYTES_MAX) return whole;
  // A digest of both keeps two long names apart that begin alike.
  return `holdfast_${target.slice(0, 20)}_${part.slice(0, 16)}_${sha256Hex(whole).slice(0, 12)}`;
}
