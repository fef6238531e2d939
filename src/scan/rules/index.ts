/**
 * The ordered lists of rules. Where two find the same characters, the earlier one names them.
 * A rule is data with examples; `rules.test.ts` runs every example of every rule.
 */
import type { NamedValue, Phrase, TokenShape, TokenStore } from "../credential.ts";
import { applicationShapes } from "./applications.ts";
import { cloudShapes } from "./clouds.ts";
import { codeHostShapes } from "./code-hosts.ts";
import { hostingShapes } from "./hosting.ts";
import { keyShapes } from "./keys.ts";
import { namedValues as values } from "./named-values.ts";
import { phrases as said } from "./phrases.ts";
import { tokenStores as stores } from "./stores.ts";

export const tokenShapes: readonly TokenShape[] = [...hostingShapes, ...cloudShapes, ...codeHostShapes, ...applicationShapes, ...keyShapes];
export const namedValues: readonly NamedValue[] = values;
export const phrases: readonly Phrase[] = said;
export const tokenStores: readonly TokenStore[] = stores;
