/**
 * Which characters of others' text must be spelt out before a person reads it. It spells nothing itself: a terminal, a message and a page
 * each have their own way. The console keeps the same list (`console/words/visible.ts`): it imports nothing of ours.
 */

/**
 * Control and format characters, unpaired surrogates, private use, line separators, whatever fonts show as nothing (fillers, variation
 * selectors, joiners), spaces that are none (`\u00a0`, `\u2800`), and a combining mark behind three others: a pile covers other lines.
 */
export const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{DI}\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]|(?<=\p{M}{3})\p{M}/gu;
