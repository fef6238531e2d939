/**
 * What an agent reads when a request of an HTTP API is refused or held: what stands in the way, and what it may do instead.
 * It never holds a rule's wording, and nothing of the request but what the effect names.
 */
import type { Effect } from "../model/effect.ts";

const ask = "ask a person to do it";

/** By the effect's detail: why, and the next step. */
const sentences: Readonly<Record<string, readonly [why: string, next: string]>> = {
  destroy: ["what it removes may not come back, and backups often go with it", `read what depends on it first, and ${ask}`],
  wipe: ["everything that is in it goes", `change only the parts you mean, or ${ask}`],
  restore: ["an older state takes the place of what is there now", `restore into a new one beside it, or ${ask}`],
  disarm: ["it takes away a protection against loss", `leave the protection in place, or ${ask}`],
  exec: ["what the code it carries does is not known", `send what only reads, or ${ask}`],
  credential: ["secrets and rights are not given to this session", "use the access that the session has, and say which right is missing"],
  transfer: ["it gives the thing to another owner", ask],
  publish: ["others could see what is private now, or lose what they use", ask],
  money: ["it moves money", ask],
  outage: ["those who use it are cut off or get something else", `prepare the change without carrying it out, or ${ask}`],
  write: ["this session may read and not change", `read what you need, and ${ask}`],
};

export function apiSentence({ detail, resource, because, thing }: Effect): { readonly why: string; readonly next: string } {
  if (thing?.disarmed !== undefined && (detail === "destroy" || detail === "wipe"))
    return { why: "a safeguard was taken away shortly before", next: "leave both as they are, and tell a person what it is for" };
  if (resource.type === "api_host") {
    return { why: "what requests to this host do is not known", next: "ask the operator to permit the host by its name" };
  }
  const [why, next] = sentences[detail] ?? [
    `what it would do is not known: ${because ?? "the pack does not have it"}`,
    `use a request that is known, or ${ask}`,
  ];
  return { why, next };
}
