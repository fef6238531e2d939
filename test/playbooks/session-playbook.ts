/**
 * Playbooks of the wire session as text: `>` the client says, `<` the server says, `=>` and `=<` are what reached either side since.
 * They are played whole, and with every message cut anywhere.
 */
import { clientMessage, serverMessages, words } from "./wire-messages.ts";
import { sessionTable, settled, type Table } from "./wire-session.ts";

interface Step {
  readonly mark: string;
  readonly text: string;
}

function stepsOf(playbook: string): Step[] {
  return playbook
    .trim()
    .split("\n")
    .map((line) => {
      const [mark = "", ...rest] = line.trim().split(" ");
      return { mark, text: rest.join(" ") };
    });
}

export type Cut = (bytes: Buffer, step: number) => readonly Buffer[];
const whole: Cut = (bytes) => [bytes];

/** Plays the steps and returns what each arrow saw. Stops after step `last`. */
export async function playSteps(
  { steps }: Playbook,
  cut: Cut = whole,
  { last = steps.length, table = sessionTable() }: { readonly last?: number; readonly table?: Table } = {},
): Promise<{ readonly table: Table; readonly seen: string[] }> {
  const got: Record<"=>" | "=<", Buffer[]> = { "=>": [], "=<": [] };
  const collect = (): void => {
    const { client, server } = table.taken();
    got["=<"].push(client);
    got["=>"].push(server);
  };
  const seen: string[] = [];
  for (const [index, { mark, text }] of steps.slice(0, last).entries()) {
    if (mark === "=>" || mark === "=<") {
      seen.push(
        `${mark} ${words(Buffer.concat(got[mark]))
          .said.map((word) => (mark === "=>" ? word.slice(0, 1) : word))
          .join(" ")}`.trim(),
      );
      got[mark] = [];
      continue;
    }
    const bytes = mark === ">" ? Buffer.concat(text.split(" ; ").map(clientMessage)) : serverMessages(text);
    for (const chunk of cut(bytes, index)) {
      const copy = Buffer.from(chunk);
      if (mark === ">") table.session.fromClient(copy);
      else table.session.fromServer(copy);
      collect();
    }
    await settled();
    collect();
  }
  return { table, seen };
}

function expectedOf(steps: readonly Step[]): string[] {
  return steps.filter(({ mark }) => mark.startsWith("=")).map(({ mark, text }) => `${mark} ${text.replace(/S:\S+=\S+/g, "S")}`.trim());
}

export interface Playbook {
  readonly steps: readonly Step[];
  /** What each arrow is to see. */
  readonly want: readonly string[];
  /** The bytes of each step; `undefined` for an arrow. */
  readonly said: readonly { readonly index: number; readonly bytes: Buffer | undefined }[];
}

export function playbookOf(text: string): Playbook {
  const steps = stepsOf(text);
  const said = steps.map(({ mark, text: line }, index) => ({
    index,
    bytes: mark === ">" ? Buffer.concat(line.split(" ; ").map(clientMessage)) : mark === "<" ? serverMessages(line) : undefined,
  }));
  return { steps, want: expectedOf(steps), said };
}
