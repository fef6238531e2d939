import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fit, paragraph, table, visible, width, wrap } from "./output.ts";

describe("visible", () => {
  for (const [name, input, expected] of [
    ["escape sequences", "a\u001b[2Jb", "a\\u{1b}[2Jb"],
    ["C1 controls", "\u009b31m", "\\u{9b}31m"],
    ["line ends and tabs become spaces", "a\n\tb", "a  b"],
    ["carriage return", "safe\rDROP", "safe\\u{d}DROP"],
    ["text direction", "a\u202eb\u2066", "a\\u{202e}b\\u{2066}"],
    ["line separators and zero width", "a\u2028b\u200b", "a\\u{2028}b\\u{200b}"],
    ["fillers that fonts leave empty", "a\u3164\u2800\u115fb", "a\\u{3164}\\u{2800}\\u{115f}b"],
    ["spaces that are none", "a\u00a0\u2003b", "a\\u{a0}\\u{2003}b"],
    ["selectors, joiners, private use", "a\ufe0f\u034f\ue000b", "a\\u{fe0f}\\u{34f}\\u{e000}b"],
    ["a pile of marks", "e\u0301\u0302\u0303\u0304\u0305", "e\u0301\u0302\u0303\\u{304}\\u{305}"],
    ["ordinary text", "naïve €5 😀 表", "naïve €5 😀 表"],
  ] as const) {
    test(name, () => assert.equal(visible(input), expected));
  }
});

describe("layout", () => {
  test("width counts cells, not code units", () => {
    assert.equal(width("abc"), 3);
    assert.equal(width("表"), 2);
    assert.equal(width("e\u0301"), 1);
    assert.equal(width("\u001b[31mred\u001b[39m"), 3);
  });

  test("fit cuts with an ellipsis and never passes its cells", () => {
    assert.equal(fit("abcdef", 6), "abcdef");
    assert.equal(fit("abcdefg", 6), "abcde…");
    assert.ok(width(fit("表表表表", 6)) <= 6);
  });

  test("wrap breaks at spaces and keeps a long word whole", () => {
    assert.deepEqual(wrap("aa bb cc", 5), ["aa bb", "cc"]);
    assert.deepEqual(wrap("a longlonglong b", 5), ["a", "longlonglong", "b"]);
    assert.equal(paragraph("aa bb cc", 7, 2), "  aa bb\n  cc\n");
  });

  test("a table aligns, and its shrinking column gives way", () => {
    const heads = [
      { title: "NAME", shrink: true },
      { title: "N", align: "right" },
    ] as const;
    assert.equal(
      table(
        heads,
        [
          ["orders", "7"],
          ["x", "12345"],
        ],
        100,
      ),
      "NAME        N\norders      7\nx       12345\n",
    );
    for (const line of table(heads, [["o".repeat(200), "12345"]], 40)
      .trimEnd()
      .split("\n"))
      assert.ok(width(line) <= 40, line);
  });
});
