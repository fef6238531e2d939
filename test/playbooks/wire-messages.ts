/**
 * Messages of the PostgreSQL protocol from words and back: `Q select 1`, `P name|text`; `T D C:SELECT_1 Z:I`, `E:42501`.
 * Built by hand, not by the code under test.
 */

export function message(type: string, ...parts: (string | number[] | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(`${part}\0`) : Buffer.from(part))));
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), size, body]);
}

/**
 * One message from its text: `Q select 1`, `P name|text`, `B portal|statement`, `E portal`, `E portal|3`, `DS name`, `DP
 * portal`, `CS name`, `H`, `S`, `d bytes`, `c`, `f why`, `F oid`.
 */
export function clientMessage(line: string): Buffer {
  const [word = "", ...rest] = line.split(" ");
  const text = rest.join(" ");
  const [first = "", second = ""] = text.split("|");
  switch (word) {
    case "Q":
    case "f":
      return message(word, text);
    case "P":
      return message("P", first, text.slice(first.length + 1), [0, 0]);
    case "B":
      return message("B", first, second, [0, 0, 0, 0, 0, 0]);
    case "E":
      return message("E", first, [0, 0, 0, Number(second || 0)]);
    case "DS":
      return message("D", Buffer.from("S"), first);
    case "DP":
      return message("D", Buffer.from("P"), first);
    case "CS":
      return message("C", Buffer.from("S"), first);
    case "CP":
      return message("C", Buffer.from("P"), first);
    case "d":
      return message("d", Buffer.from(text));
    case "F": {
      const oid = Buffer.alloc(4);
      oid.writeUInt32BE(Number(first));
      return message("F", oid, [0, 0, 0, 0, 0, 0]);
    }
    default:
      return message(word);
  }
}

/** Whole frames at the start of `bytes`, as words, and what is left. */
export function words(bytes: Buffer): { readonly said: string[]; readonly rest: Buffer } {
  const said: string[] = [];
  let at = 0;
  while (bytes.length - at >= 5) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    if (end > bytes.length) break;
    said.push(word(String.fromCharCode(bytes[at] ?? 0), bytes.subarray(at + 5, end)));
    at = end;
  }
  return { said, rest: bytes.subarray(at) };
}

function word(type: string, body: Buffer): string {
  if (type === "C") return `C:${body.toString("utf8", 0, body.length - 1).replaceAll(" ", "_")}`;
  if (type === "Z") return `Z:${body.toString()}`;
  if (type === "E") return `E:${/\0C(\w{5})\0/.exec(body.toString())?.[1] ?? "?"}`;
  return type;
}

/** Messages of a server from words: `T`, `D`, `C:SELECT_1`, `Z:I`, `E:42501`, `S:search_path=x`, and types without a body. */
export function serverMessages(line: string): Buffer {
  return Buffer.concat(
    line
      .split(" ")
      .filter((one) => one !== "")
      .map(serverMessage),
  );
}

function serverMessage(one: string): Buffer {
  const [type = "", text = ""] = [one[0], one.slice(2)];
  switch (type) {
    case "C":
      return message("C", text.replaceAll("_", " "));
    case "Z":
      return message("Z", Buffer.from(text));
    case "E":
      return message("E", "SERROR", "VERROR", `C${text}`, "Mof the server", [0]);
    case "N":
      return message("N", "SNOTICE", "VNOTICE", "C00000", "Mof the server", [0]);
    case "S":
      return message("S", text.split("=")[0] ?? "", text.slice(text.indexOf("=") + 1));
    case "A":
      return message("A", [0, 0, 0, 1], "channel", "payload");
    case "T":
      return message("T", [0, 1], "a", [0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 4, 255, 255, 255, 255, 0, 0]);
    case "D":
      return text === "" ? message("D", [0, 1, 0, 0, 0, 1, 0x31]) : row(text.split(","));
    case "t":
      return message("t", [0, 0]);
    case "G":
    case "H":
      return message(type, [0, 0, 0]);
    case "d":
      return message("d", Buffer.from("1\n"));
    case "V":
      return message("V", [0, 0, 0, 1, 0x31]);
    default:
      return message(type);
  }
}

function row(values: readonly string[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeInt16BE(values.length);
  const fields = values.flatMap((value) => {
    const size = Buffer.alloc(4);
    size.writeInt32BE(value === "null" ? -1 : Buffer.byteLength(value));
    return value === "null" ? [size] : [size, Buffer.from(value)];
  });
  return message("D", count, ...fields);
}
