/**
 * Runs work on many inputs at once and gives the results in the order of the inputs.
 * It does not start more than it may, however fast the inputs come or slow the results are taken.
 */

/** At most `concurrency` pieces of work are under way or wait to be taken. A result is given as soon as those before it are. */
export async function* pipelined<I, O>(inputs: AsyncIterable<I>, concurrency: number, work: (input: I) => Promise<O>): AsyncGenerator<O> {
  const source = inputs[Symbol.asyncIterator]();
  const underWay: Promise<Came<I, O>>[] = [];
  let incoming: Promise<Came<I, O>> | undefined = came(source);
  try {
    for (;;) {
      const head = underWay[0];
      const waiting = [incoming !== undefined && underWay.length < concurrency ? [incoming] : [], head === undefined ? [] : [head]].flat();
      if (waiting.length === 0) return;
      const first = await Promise.race(waiting);
      if (first.kind === "result") {
        underWay.shift();
        yield first.output;
      } else if (first.kind === "end") {
        incoming = undefined;
      } else {
        underWay.push(started(work(first.input)));
        incoming = came(source);
      }
    }
  } finally {
    await source.return?.();
  }
}

type Came<I, O> =
  | { readonly kind: "input"; readonly input: I }
  | { readonly kind: "end" }
  | { readonly kind: "result"; readonly output: O };

function came<I, O>(source: AsyncIterator<I>): Promise<Came<I, O>> {
  return handled(source.next().then((next) => (next.done === true ? { kind: "end" } : { kind: "input", input: next.value })));
}

function started<I, O>(piece: Promise<O>): Promise<Came<I, O>> {
  return handled(piece.then((output) => ({ kind: "result", output })));
}

/** A failure is reported when its turn comes; until then it must not count as unhandled. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
