/**
 * The operations of every AWS service, as botocore's models have them: read from the file beside this one at the first call.
 * `scripts/make-aws-operations.ts` writes that file; nothing is judged here.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

let text: string | undefined;

/** About 0.9 MB of text; see {@link ../models.ts} for its form. */
export function awsOperations(): string {
  text ??= gunzipSync(readFileSync(new URL("./aws-operations.txt.gz", import.meta.url))).toString("utf8");
  return text;
}
