import assert from "node:assert/strict";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fromDescriptor, typed, typedTwice } from "./passphrase.ts";
import type { Terminal } from "./terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-passphrase-"));
after(() => rmSync(folder, { recursive: true }));

/** A stand-in for a person's terminal: keys are pressed with `press`, and what it was told stays in `shown` and `raw`. */
function standInTerminal(isTTY = true) {
  const shown: string[] = [];
  const raw: boolean[] = [];
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: (on: boolean) => void raw.push(on) });
  const terminal = { input, err: (text: string) => void shown.push(text) } as unknown as Terminal;
  return { terminal, shown, raw, press: (keys: string | Buffer) => void input.write(keys) };
}

describe("what a person types", () => {
  test("is never shown, and the terminal is as it was afterwards", async () => {
    const { terminal, shown, raw, press } = standInTerminal();
    const asked = typed("The vault's passphrase: ", terminal);
    press("a secret nobody sees");
    press("\r");
    assert.equal((await asked).toString(), "a secret nobody sees");
    assert.deepEqual(
      [shown, raw],
      [
        ["The vault's passphrase: ", "\n"],
        [true, false],
      ],
    );
  });

  test("can be corrected, and is the same bytes however the keyboard made them", async () => {
    const { terminal, press } = standInTerminal();
    const asked = typed("", terminal);
    press("abx\u007fc\u0008\u0008\u0008\u0008u\u0308ber\u001b\n");
    assert.equal((await asked).toString(), "\u00fcber");
  });

  test("is whole although its bytes come in pieces", async () => {
    const { terminal, press } = standInTerminal();
    const asked = typed("", terminal);
    const bytes = Buffer.from("\u00fcber\n");
    press(bytes.subarray(0, 1));
    setImmediate(() => press(bytes.subarray(1)));
    assert.equal((await asked).toString(), "\u00fcber");
  });

  for (const [what, keys] of [
    ["Ctrl-C", "half\u0003"],
    ["Ctrl-D", "\u0004"],
  ] as const)
    test(`is given up with ${what}`, async () => {
      const { terminal, raw, press } = standInTerminal();
      const asked = typed("", terminal);
      press(keys);
      await assert.rejects(asked, /nothing was typed/);
      assert.deepEqual(raw, [true, false]);
    });

  test("is asked of nobody where the input is no terminal", async () => {
    await assert.rejects(typed("", standInTerminal(false).terminal), /the input is no terminal/);
  });

  test("twice must be the same, and hard enough to guess", async () => {
    for (const [first, second, said] of [
      ["long enough words", "long enough wordz", /are not the same/],
      ["short", "", /12 characters or more/],
    ] as const) {
      const { terminal, press } = standInTerminal();
      const asked = typedTwice("of ada", terminal);
      press(`${first}\r`);
      setImmediate(() => press(`${second}\r`));
      await assert.rejects(asked, said);
    }
  });
});

describe("what comes over a descriptor", () => {
  const given = (text: string): string => {
    writeFileSync(join(folder, "given"), text);
    return String(openSync(join(folder, "given"), "r"));
  };

  test("is all of it but one line end, and the descriptor is closed", () => {
    for (const [text, expected] of [
      ["secret", "secret"],
      ["secret\n", "secret"],
      ["secret\r\n", "secret"],
      ["two\nlines\n\n", "two\nlines\n"],
    ] as const) {
      const descriptor = given(text);
      assert.equal(fromDescriptor(descriptor, "--from-fd").toString(), expected);
      assert.throws(() => fromDescriptor(descriptor, "--from-fd"), /cannot be read: EBADF/);
    }
  });

  test("that is empty, too long, or no number is refused", () => {
    assert.throws(() => fromDescriptor(given("\n"), "--from-fd"), /nothing was given/);
    assert.throws(() => fromDescriptor(given("x".repeat(16 * 1024 + 1)), "--from-fd"), /more than 16384 bytes/);
    for (const word of ["-1", "x", "", "99999"]) assert.throws(() => fromDescriptor(word, "--from-fd"), /takes the number/);
  });
});
