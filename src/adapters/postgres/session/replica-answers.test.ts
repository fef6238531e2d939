/** What becomes of a replica's bytes, in every way they can be cut: passed on whole, or not at all while the primary can still answer. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { message, serverMessages, words } from "../../../../test/playbooks/wire-messages.ts";
import { ReplicaAnswers } from "./replica-answers.ts";

interface Played {
  readonly passed: string;
  readonly events: readonly string[];
  readonly idle: boolean;
}

interface Conversation {
  readonly settings?: number;
  readonly answers?: number;
  readonly cancelled?: boolean;
  readonly says: Buffer;
  readonly closes?: boolean;
}

function play({ settings = 0, answers = 0, cancelled = false, says, closes = false }: Conversation, chunkBytes: number): Played {
  const events: string[] = [];
  const passed: Buffer[] = [];
  const machine = new ReplicaAnswers({
    pass: (bytes) => void passed.push(bytes),
    fallBack: () => void events.push("fall back"),
    broken: () => void events.push("broken"),
    unusable: (forGood) => void events.push(forGood ? "unusable for good" : "unusable"),
  });
  machine.begin(settings, answers);
  machine.cancelled = cancelled;
  for (let at = 0; at < says.length; at += chunkBytes) machine.load(Buffer.from(says.subarray(at, at + chunkBytes)));
  if (closes) machine.closed();
  const { said, rest } = words(Buffer.concat(passed));
  assert.ok(rest.length === 0 || events.includes("broken"), "messages are passed on whole");
  return { passed: said.join(" "), events, idle: machine.idle };
}

const fatal = message("E", "SFATAL", "VFATAL", "C57P01", "Mbye", [0]);
const long = message("D", [0, 1], Buffer.from([0, 0x20, 0, 0]), Buffer.alloc(0x20_0000));

const cases: readonly (Conversation & { readonly title: string; readonly expected: Partial<Played> })[] = [
  { title: "a simple answer", says: serverMessages("T D D C:SELECT_2 Z:I"), expected: { passed: "T D D C:SELECT_2 Z:I", events: [] } },
  {
    title: "an extended answer",
    says: serverMessages("1 2 T D C:SELECT_1 Z:I"),
    expected: { passed: "1 2 T D C:SELECT_1 Z:I", events: [] },
  },
  { title: "no rows", says: serverMessages("T C:SELECT_0 Z:I"), expected: { passed: "T C:SELECT_0 Z:I", events: [] } },
  {
    title: "what answers messages of ours is not shown",
    settings: 2,
    answers: 4,
    says: serverMessages("C:SET S:TimeZone=UTC Z:I C:SET Z:I 3 1 3 1 2 D C:SELECT_1 Z:I"),
    expected: { passed: "2 D C:SELECT_1 Z:I", events: [] },
  },
  {
    title: "an error before the first row",
    says: serverMessages("1 2 T E:40001 Z:I"),
    expected: { passed: "", events: ["fall back"], idle: true },
  },
  {
    title: "an error in place of a statement of ours",
    answers: 2,
    says: serverMessages("3 E:42P01 Z:I"),
    expected: { passed: "", events: ["fall back"] },
  },
  {
    title: "an error behind a row is the client's",
    says: serverMessages("T D E:40001 Z:I"),
    expected: { passed: "T D E:40001 Z:I", events: [], idle: true },
  },
  { title: "a cancel is not run again", says: serverMessages("T E:57014 Z:I"), expected: { passed: "T E:57014 Z:I", events: [] } },
  {
    title: "an error after a cancel was asked for is the answer",
    cancelled: true,
    says: serverMessages("1 2 E:40001 Z:I"),
    expected: { passed: "1 2 E:40001 Z:I", events: [] },
  },
  {
    title: "a setting that it does not take",
    settings: 1,
    says: serverMessages("E:42704 Z:I"),
    expected: { passed: "", events: ["unusable for good"] },
  },
  {
    title: "closed before the first row",
    says: serverMessages("1 2 T"),
    closes: true,
    expected: { passed: "", events: ["fall back"], idle: true },
  },
  { title: "closed before anything", says: Buffer.alloc(0), closes: true, expected: { passed: "", events: ["fall back"] } },
  {
    title: "closed behind a row, with words of its own",
    says: Buffer.concat([serverMessages("T D"), fatal]),
    closes: true,
    expected: { passed: "T D E:40001 Z:I", events: [], idle: true },
  },
  {
    title: "closed inside a row that can wait",
    says: Buffer.concat([serverMessages("T D"), serverMessages("D").subarray(0, 3)]),
    closes: true,
    expected: { passed: "T D E:40001 Z:I", events: [] },
  },
  {
    title: "its own words before the first row",
    says: Buffer.concat([serverMessages("T"), fatal]),
    closes: true,
    expected: { passed: "", events: ["fall back"] },
  },
  {
    title: "closed when nothing runs",
    says: serverMessages("T C:SELECT_0 Z:I"),
    closes: true,
    expected: { passed: "T C:SELECT_0 Z:I", events: [] },
  },
  {
    title: "a message that does not belong",
    answers: 2,
    says: serverMessages("T"),
    expected: { passed: "", events: ["unusable for good"] },
  },
  { title: "no protocol at all", says: Buffer.from("\xff\x00\x00\x00\x05", "latin1"), expected: { passed: "", events: ["unusable"] } },
];

describe("a replica's answers", () => {
  for (const { title, expected, ...conversation } of cases) {
    test(title, () => {
      for (const chunkBytes of [1, 2, 3, 7, 4096]) {
        const played = play(conversation, chunkBytes);
        assert.deepEqual({ ...played, ...expected }, played, `in pieces of ${chunkBytes}`);
      }
    });
  }

  test("a very long row is passed on in pieces, and cannot be taken back when it breaks off", () => {
    const says = Buffer.concat([serverMessages("T"), long]);
    assert.deepEqual(play({ says: Buffer.concat([says, serverMessages("C:SELECT_1 Z:I")]) }, 65_536).passed, "T D C:SELECT_1 Z:I");
    assert.deepEqual(play({ says: says.subarray(0, 0x18_0000), closes: true }, 65_536).events, ["broken"]);
  });

  test("what stands before the rows is not kept without bound", () => {
    const notices = Buffer.concat(Array.from({ length: 2_000 }, () => message("N", "SWARNING", "C01000", `M${"x".repeat(60)}`, [0])));
    const played = play({ says: Buffer.concat([notices, serverMessages("E:40001 Z:I")]) }, 4096);
    assert.match(played.passed, /E:40001 Z:I$/);
    assert.deepEqual(played.events, []);
  });
});
