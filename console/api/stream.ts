/**
 * Reads the server's events from a response's body. It is used in place of EventSource, which hides the status code and the heartbeats,
 * and so cannot tell a quiet hour from a dead line.
 */

export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/** One event may be a plan with its samples; what is longer is a defect, and the stream is dropped. */
const EVENT_CHARACTERS_MAX = 8_000_000;

/** Calls `alive` for each chunk, heartbeats included, and `given` for each event. Resolves at the stream's end. */
export async function readEvents(body: ReadableStream<Uint8Array>, alive: () => void, given: (event: ServerEvent) => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    alive();
    const parsed = eventsIn(rest + value);
    parsed.events.forEach(given);
    rest = parsed.rest;
    if (rest.length > EVENT_CHARACTERS_MAX) throw new Error("an event without an end");
  }
}

/** The whole events of a text, and what is left of it. Comments carry nothing. */
export function eventsIn(text: string): { readonly events: readonly ServerEvent[]; readonly rest: string } {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = blocks.pop() ?? "";
  return { events: blocks.flatMap(eventOf), rest };
}

function eventOf(block: string): readonly ServerEvent[] {
  let name = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    if (field === "data") data.push(value);
  }
  return data.length === 0 ? [] : [{ name, data: data.join("\n") }];
}
