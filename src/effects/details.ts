/** Every word that `Effect.detail` may hold, whatever the payload. A policy that names another is refused. */
import { httpDetailWords } from "./http/details.ts";
import { type DetailWord, detailWords as sqlDetailWords } from "./sql/details.ts";

export const detailWords: readonly DetailWord[] = [...sqlDetailWords, ...httpDetailWords];
