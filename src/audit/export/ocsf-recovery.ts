/**
 * Undo, the bin, backups and drills as OCSF events: Application Lifecycle (6002) with the person as actor where one did it.
 * Rows and images stand nowhere in them, and neither do they in the native records.
 */
import type { RecoveryEvent } from "../../model/recovery-event.ts";
import { recoveryWords } from "../recovery-words.ts";

type Json = { readonly [key: string]: unknown };

const severity = { bad: 5, warn: 3, good: 2, plain: 1 } as const;

export function recoveryBody(event: RecoveryEvent): Json {
  const { about, person, target, text, tone, word } = recoveryWords(event);
  return {
    class_uid: 6002,
    activity_id: 99,
    severity_id: severity[tone],
    status_id: tone === "bad" ? 2 : 1,
    app: { name: "Holdfast", vendor_name: "Holdfast" },
    ...(person === undefined ? {} : { actor: { user: { name: person } } }),
    ...(target === undefined ? {} : { resources: [{ name: target, type: "target" }] }),
    status_detail: about,
    message: `${word} ${about}: ${text}`,
  };
}
