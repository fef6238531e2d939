/**
 * Lines of one text that the other has not, in order, with a line of what they share before each group.
 * It finds a short difference, not always the shortest: after a gap it goes on at the nearest place where three lines agree.
 */

/** Empty when the texts are equal; otherwise `- ` is a line of `before`, `+ ` one of `after`, `@ ` shared context. */
export function differences(before: string, after: string): readonly string[] {
  const a = before.split("\n");
  const b = after.split("\n");
  const found: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i += 1;
      j += 1;
      continue;
    }
    const [nextI, nextJ] = meet(a, b, i, j);
    found.push(`@ ${i + 1}: ${a[i - 1] ?? ""}`);
    for (; i < nextI; i++) found.push(`- ${a[i]}`);
    for (; j < nextJ; j++) found.push(`+ ${b[j]}`);
  }
  return found;
}

const AGREE = 3;
const FAR = 4000;

/** The nearest pair of places from which both texts go on alike. */
function meet(a: readonly string[], b: readonly string[], i: number, j: number): readonly [number, number] {
  for (let sum = 1; sum < FAR; sum++) {
    for (let di = 0; di <= sum; di++) {
      const x = i + di;
      const y = j + sum - di;
      if (x > a.length || y > b.length) continue;
      let same = 0;
      while (same < AGREE && a[x + same] === b[y + same] && (x + same < a.length || y + same < b.length)) same += 1;
      if (same === AGREE || (x + same >= a.length && y + same >= b.length)) return [x, y];
    }
  }
  return [a.length, b.length];
}
