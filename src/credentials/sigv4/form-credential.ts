/**
 * Signatures in the fields of a form: S3's uploads by a browser's form, and the query API's requests of Signature Version 2.
 * None of them is ever the session's own: it says where one stands, and never what it is.
 */
import type { BodyRead, FoundIn } from "../../model/brokered.ts";

const FIELD = /(?:^|&|name="?)(x-amz-(?:signature|credential|security-token)|awsaccesskeyid)(?:=|%3d|"|[;\r\n])/i;

/** What was read of the body is enough: S3 takes no field after the file. */
export function formCredential({ first }: BodyRead, contentType: string | undefined): FoundIn | undefined {
  if (!/^(multipart\/form-data|application\/x-www-form-urlencoded)\b/i.test((contentType ?? "").trim())) return undefined;
  const field = FIELD.exec(first.toString("latin1"))?.[1];
  return field === undefined ? undefined : { kind: "found", slot: `the field ${field.toLowerCase()} of its form` };
}
