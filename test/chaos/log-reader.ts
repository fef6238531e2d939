/**
 * What the audit log says about the load's marks: which have an intent, how often each shared text has one, which outcomes a restart named.
 * It reads on from where it stopped; it does not verify.
 */
import { readEvents } from "../../src/audit/events.ts";

export class LogReader {
  /** Markers whose statement has an intent that let it through. */
  readonly intents = new Set<number>();
  /** Intents of the texts that many writes share: `p3` for a client's prepared statement, `copied` for COPY. */
  readonly shared = new Map<string, number>();
  /** Acts that restarts have named as of unknown outcome. */
  readonly unknown = new Set<string>();
  readonly #directory: string;
  readonly #texts = new Map<string, string>();
  #next = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get records(): number {
    return this.#next;
  }

  async readOn(): Promise<void> {
    for await (const { n, event } of readEvents({ directory: this.#directory, from: this.#next })) {
      this.#next = n + 1;
      if (event.kind === "recovered") for (const action of event.unknownOutcomes) this.unknown.add(action);
      if (event.kind === "judgement") this.#texts.set(event.judgement, nameIn(event.text));
      if (event.kind !== "intent" || event.decision !== "allow") continue;
      const name = this.#texts.get(event.judgement);
      if (name === undefined) throw new Error(`intent ${event.action} names a judgement that is not in the log before it`);
      if (/^m\d+$/.test(name)) this.intents.add(Number(name.slice(1)));
      else if (name !== "") this.shared.set(name, (this.shared.get(name) ?? 0) + 1);
    }
  }
}

function nameIn(text: string): string {
  return /^INSERT INTO marks AS (\w+)/.exec(text)?.[1] ?? (text.startsWith("COPY copied") ? "copied" : "");
}
