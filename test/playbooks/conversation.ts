/**
 * Plays a protocol conversation against a pure state machine, and plays it again in every way a network or a liar can change it:
 * each message in two chunks at every byte, byte by byte, cut off at every byte, and with each message's length field made to lie.
 */
import assert from "node:assert/strict";

export interface Machine<Command> {
  receive(chunk: Uint8Array): readonly Command[];
}

/** Bytes of the peer, given what the machine has said so far; or something else that happens to the machine. */
export type Turn<M, Command> = (said: readonly Command[], machine: M) => Buffer | readonly Command[];

export interface Conversation<M extends Machine<Command>, Command> {
  readonly machine: () => M;
  readonly turns: readonly Turn<M, Command>[];
}

type Delivery = (turn: number, bytes: Buffer) => readonly Buffer[];

/** Everything the machine said. */
export function play<M extends Machine<Command>, Command>(
  { machine: make, turns }: Conversation<M, Command>,
  deliver: Delivery = (_turn, bytes) => [bytes],
  last = turns.length - 1,
): readonly Command[] {
  const machine = make();
  const said: Command[] = [];
  for (const [index, turn] of turns.slice(0, last + 1).entries()) {
    const happened = turn(said, machine);
    if (Buffer.isBuffer(happened)) for (const chunk of deliver(index, happened)) said.push(...machine.receive(Buffer.from(chunk)));
    else said.push(...(happened as readonly Command[]));
  }
  return said;
}

const LIES = [-0x8000_0000, -1, 0, 1, 3, 0x7fff_ffff, 0x0fff_ffff, 65_537];

/**
 * The same conversation under every disturbance. `succeeded` tells the command that must be the last of an undisturbed play
 * and must not come of a disturbed one.
 */
export function disturb<M extends Machine<Command>, Command>(
  conversation: Conversation<M, Command>,
  succeeded: (command: Command) => boolean,
): void {
  const plain = play(conversation);
  assert.equal(plain.filter(succeeded).length, 1, "the undisturbed conversation succeeds once");
  const expected = spoken(plain);
  assert.equal(spoken(play(conversation, (_turn, bytes) => Array.from(bytes, (byte) => Buffer.from([byte])))), expected, "byte by byte");
  for (const [index, bytes] of byteTurns(conversation)) {
    const only =
      (change: (bytes: Buffer) => readonly Buffer[]): Delivery =>
      (turn, given) =>
        turn === index ? change(given) : [given];
    for (let at = 1; at < bytes.length; at += 1) {
      const split = play(
        conversation,
        only((given) => [given.subarray(0, at), given.subarray(at)]),
      );
      assert.equal(spoken(split), expected, `turn ${index} split at ${at}`);
    }
    for (let at = 0; at < bytes.length; at += 1) {
      const cut = play(conversation, (turn, given) => (turn === index ? [given.subarray(0, at)] : [given]), index);
      assert.ok(!cut.some(succeeded), `turn ${index} cut off at ${at}`);
    }
  }
}

/** The length field of each frame of each turn replaced by every lie; what the machine says must never be success. */
export function lie<M extends Machine<Command>, Command>(
  conversation: Conversation<M, Command>,
  frames: (turn: number, bytes: Buffer) => readonly number[],
  succeeded: (command: Command) => boolean,
): void {
  let told = 0;
  for (const [index, bytes] of byteTurns(conversation)) {
    for (const at of frames(index, bytes)) {
      const truth = bytes.readInt32BE(at);
      for (const length of [...LIES, truth - 1, truth + 1]) {
        const said = play(
          conversation,
          (turn, given) => {
            if (turn !== index) return [given];
            const lying = Buffer.from(given);
            lying.writeInt32BE(length, at);
            return [lying];
          },
          index,
        );
        assert.ok(!said.some(succeeded), `turn ${index}, length at ${at} says ${length} instead of ${truth}`);
        told += 1;
      }
    }
  }
  assert.ok(told > 0, "some length was made to lie");
}

/** Where the length fields of typed frames stand that follow each other. */
export function typedLengths(bytes: Buffer): readonly number[] {
  const found: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readInt32BE(at + 1)) found.push(at + 1);
  return found;
}

function byteTurns<M extends Machine<Command>, Command>(conversation: Conversation<M, Command>): readonly (readonly [number, Buffer])[] {
  const found: [number, Buffer][] = [];
  play(conversation, (turn, bytes) => {
    found.push([turn, bytes]);
    return [bytes];
  });
  return found;
}

/** What was said, as text that can be compared. */
function spoken(commands: readonly unknown[]): string {
  return commands.map((command) => JSON.stringify(command, plainValue)).join("\n");
}

function plainValue(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Array.from(value);
  if (value instanceof Set) return Array.from(value);
  return value;
}
