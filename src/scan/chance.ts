/**
 * Whether a text looks drawn by chance rather than written by a person: entropy, and how far its letters follow English.
 * It does not know what the text is for.
 */

/** Shannon entropy in bits a character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** The letter pairs that make up some three quarters of English words and of the names in programs, and a fifth of random letters. */
const usualPairs = new Set(
  (
    "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea ra ce li ch " +
    "ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po " +
    "we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke fr oo av ag " +
    "if ap gr od bo sp rd do uc bu ei ov by rm ep tt oc fa ef cu rn sc gi da yo cr cl du ga qu ue ff ba ey ls va um pp ua up lu go ht ru " +
    "ug ds lt pi rc rr eg au ck ew mu br bi pt ak pu ui rg ib tl ny ki rk ys ob mm fu ph og ms ye ud mb ip ub oi rl gu dr hr cc tw ft wn " +
    "nu af hu nn eo vo rv nf xp gn sm fl iz ok nl my gl aw ju oa eq sy sl ps jo lf nv je nk kn gs dy hy ze ks xt bs ik dd pt rp sk xi oe"
  ).split(" "),
);

/** Share of neighbouring letters that are usual in words, and how many there are. */
function wordiness(text: string): { readonly share: number; readonly pairs: number } {
  let pairs = 0;
  let usual = 0;
  for (const run of text.match(/[A-Z]?[a-z]+|[A-Z]+/g) ?? []) {
    const letters = run.toLowerCase();
    for (let index = 1; index < letters.length; index++) {
      pairs++;
      if (usualPairs.has(letters.slice(index - 1, index + 1))) usual++;
    }
  }
  return { share: pairs === 0 ? 0 : usual / pairs, pairs };
}

const hex = /^(?:0x)?[0-9a-f]+$|^(?:0x)?[0-9A-F]+$/;

/** At least `lengthMin` characters of an alphabet that generators use, spread as chance spreads them. */
export function looksRandom(text: string, lengthMin: number): boolean {
  if (text.length < lengthMin || /\s/.test(text) || hasLongRun(text)) return false;
  if (hex.test(text)) return text.length >= 16 && /[0-9]/.test(text) && entropy(text) >= (text.length >= 32 ? 3 : 2.6);
  const floor = text.length < 16 ? 2.9 : text.length < 24 ? 3.2 : 3.6;
  if (entropy(text) < floor) return false;
  const { share, pairs } = wordiness(text);
  if (pairs < 4) return /[0-9]/.test(text) && /[A-Za-z]/.test(text);
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/].filter((kind) => kind.test(text)).length;
  // Letters alone need to look far from any language; with digits strewn in, chance shows sooner.
  const digitRuns = text.match(/[0-9]+/g)?.length ?? 0;
  const limit = kinds === 3 && digitRuns >= 2 ? 0.72 : digitRuns >= 2 ? 0.62 : 0.5;
  return kinds >= 2 ? share < limit : share < 0.45;
}

/** `abcdefgh`, `12345678`, `zzzzzzzz`: what people type where a secret will stand. */
export function hasLongRun(text: string): boolean {
  const lower = text.toLowerCase();
  let same = 1;
  let rising = 1;
  for (let index = 1; index < lower.length; index++) {
    const step = lower.charCodeAt(index) - lower.charCodeAt(index - 1);
    same = step === 0 ? same + 1 : 1;
    // `9` is followed by `0`, and `9` by `a` in made-up hexadecimal digits.
    const pair = lower.slice(index - 1, index + 1);
    rising = step === 1 || pair === "90" || pair === "9a" ? rising + 1 : 1;
    if (same >= 6 || rising >= 7) return true;
  }
  return false;
}
