/**
 * A credential that Holdfast did not give out: refused, recorded, and told aloud, wherever in a request or on a connection it stands.
 * It holds nothing of the credential.
 */
import type { Reason } from "../../model/decision.ts";
import type { HttpRequest } from "../../model/http-request.ts";
import { type OwnAnswer, refusalAnswer } from "./answers.ts";
import { capabilities } from "./capabilities.ts";
import { authorityOf } from "./codec/authority.ts";
import type { Lane } from "./exchange.ts";
import type { HttpOptions, PackedHost } from "./options.ts";

/** Refused and recorded whatever it would do, and told aloud. Nothing of the credential is in the record. */
export async function foundCredential(
  { session, place, scheme }: Pick<Lane, "session" | "place" | "scheme">,
  request: Omit<HttpRequest, "body">,
  { packed, slot }: { readonly packed: PackedHost | undefined; readonly slot: string },
  options: HttpOptions,
): Promise<OwnAnswer> {
  const host = authorityOf(place, scheme);
  const url = `${scheme}://${host}/`;
  const admission = await options.guard.admit(session.action({ ...request, url, body: "", credential: slot }), capabilities);
  options.alarm({ session: session.session.id, caller: session.caller, provider: packed?.provider ?? "none", host, slot });
  const reason: Reason = {
    code: admission.kind === "deny" ? admission.reason.code : "found_credential",
    message: `the request carries a credential that Holdfast did not give out, in ${slot}; nothing was sent`,
    next: "use the placeholder that the session has; a credential that turned up elsewhere is for a person to look at",
  };
  return refusalAnswer(reason, { close: true });
}
