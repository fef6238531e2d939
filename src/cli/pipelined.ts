/**
 * Runs work on many inputs at once and gives the results in the order of the inputs.
 * It does not start more than it may, however fast the inputs come or slow the results are taken.
 */

/** At most `concurrency` pieces of work are under way or wait to be taken. */
export async function* pipelined<I, O>(inputs: AsyncIterable<I>, concurrency: number, work: (input: I) => Promise<O>): AsyncGenerator<O> {
  const underWay: Promise<O>[] = [];
  for await (const input of inputs) {
    const piece = work(input);
    // A failure is reported when its turn comes; until then it must not count as unhandled.
    piece.catch(() => {});
    underWay.push(piece);
    if (underWay.length >= concurrency) yield await (underWay.shift() as Promise<O>);
  }
  for (const piece of underWay) yield await piece;
}
