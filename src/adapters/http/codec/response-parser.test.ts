/** Answers of HTTP/1.1 as playbooks: each whole, cut at every byte, and cut short; and what could be read in two ways, and is not read. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { limits } from "../../../base/limits.ts";
import { AnswerBroken, ResponseParser } from "./response-parser.ts";

/** What was told, bodies joined. */
function told(method: string, chunks: readonly Buffer[], closes = false): readonly string[] {
  const events: string[] = [];
  let body = "";
  const parser = new ResponseParser({
    informed: (status, raw) => events.push(`informed ${status} ${raw.join("|")}`),
    head: (status, raw) => events.push(`head ${status} ${raw.join("|")}`),
    data: (chunk) => {
      body += chunk.toString("latin1");
    },
    end: (trailers, reusable) => events.push(`end ${JSON.stringify(body)} ${trailers.join("|")} ${reusable}`),
    upgraded: (raw, rest) => {
      body += rest.toString("latin1");
      events.push(`upgraded ${raw.join("|")}`);
    },
  });
  parser.begin(method);
  for (const chunk of chunks) parser.push(chunk);
  if (closes) parser.close();
  return events;
}

const crlf = (text: string): string => text.replaceAll("\n", "\r\n");
const cut = (bytes: Buffer, at: number): Buffer[] => [bytes.subarray(0, at), bytes.subarray(at)].filter(({ length }) => length > 0);
const singly = (bytes: Buffer): Buffer[] => [...bytes].map((byte) => Buffer.from([byte]));

interface Play {
  readonly name: string;
  readonly text: string;
  readonly events: readonly string[];
  readonly method?: string;
  readonly closes?: true;
}

const plays: readonly Play[] = [
  {
    name: "a body of known length",
    text: "HTTP/1.1 200 OK\nContent-Length: 5\nX-A:  b \n\nhello",
    events: ["head 200 content-length|5|x-a|b", 'end "hello"  true'],
  },
  {
    name: "chunks with extensions and trailers",
    text: "HTTP/1.1 200 OK\ntransfer-encoding: Chunked\n\n5;a=b\nhello\n00a \n, and more\n0\nX-Sum: 1\nx-b: 2\n\n",
    events: ["head 200 transfer-encoding|Chunked", 'end "hello, and more" x-sum|1|x-b|2 true'],
  },
  {
    name: "chunks without trailers",
    text: "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\nA\n0123456789\n0\n\n",
    events: ["head 200 transfer-encoding|chunked", 'end "0123456789"  true'],
  },
  { name: "nothing", text: "HTTP/1.1 204 No Content\n\n", events: ["head 204 ", 'end ""  true'] },
  { name: "a length of nothing", text: "HTTP/1.1 200\ncontent-length: 0\n\n", events: ["head 200 content-length|0", 'end ""  true'] },
  {
    name: "a head alone",
    method: "HEAD",
    text: "HTTP/1.1 200 OK\ncontent-length: 9\n\n",
    events: ["head 200 content-length|9", 'end ""  true'],
  },
  { name: "not modified", text: "HTTP/1.1 304 Not Modified\ncontent-length: 9\n\n", events: ["head 304 content-length|9", 'end ""  true'] },
  {
    name: "what comes before an answer",
    text: "HTTP/1.1 100 Continue\n\nHTTP/1.1 103 Early Hints\nlink: </a>\n\nHTTP/1.1 200 OK\ncontent-length: 1\n\nx",
    events: ["informed 100 ", "informed 103 link|</a>", "head 200 content-length|1", 'end "x"  true'],
  },
  { name: "until it is closed", closes: true, text: "HTTP/1.1 200 OK\n\nabc", events: ["head 200 ", 'end "abc"  false'] },
  { name: "HTTP/1.0", text: "HTTP/1.0 200 OK\ncontent-length: 1\n\nx", events: ["head 200 content-length|1", 'end "x"  false'] },
  {
    name: "the last on its connection",
    text: "HTTP/1.1 200 OK\nconnection: x, Close\ncontent-length: 1\n\nx",
    events: ["head 200 connection|x, Close|content-length|1", 'end "x"  false'],
  },
];

describe("an answer", () => {
  for (const { name, text, events, method = "GET", closes = false } of plays) {
    test(`${name}: whole, a byte at a time, and cut at every byte`, () => {
      const bytes = Buffer.from(crlf(text), "latin1");
      assert.deepEqual(told(method, [bytes], closes), events);
      assert.deepEqual(told(method, singly(bytes), closes), events);
      for (let at = 1; at < bytes.length; at++) assert.deepEqual(told(method, cut(bytes, at), closes), events);
    });

    test(`${name}: cut short it is never whole`, () => {
      const bytes = Buffer.from(crlf(text), "latin1");
      const head = bytes.indexOf("\r\n\r\n") + 4;
      const end = closes ? head : bytes.length;
      for (let at = 0; at < end; at++) assert.throws(() => told(method, [bytes.subarray(0, at)], true), AnswerBroken, `cut at ${at}`);
    });
  }

  test("a change of protocol hands over what came with it", () => {
    assert.deepEqual(told("GET", [Buffer.from(crlf("HTTP/1.1 101 Switching\nupgrade: x\n\nbytes"))]), ["upgraded upgrade|x"]);
  });

  test("one after the other on one connection, and bytes that belong to none", () => {
    const parser = new ResponseParser({
      informed: () => undefined,
      head: () => undefined,
      data: () => undefined,
      end: () => undefined,
      upgraded: () => undefined,
    });
    const answer = Buffer.from(crlf("HTTP/1.1 200 OK\ncontent-length: 1\n\nx"));
    for (let turn = 0; turn < 3; turn++) {
      parser.begin("GET");
      assert(parser.busy);
      parser.push(answer);
      assert(!parser.busy);
    }
    assert.throws(() => parser.push(answer), AnswerBroken);
    parser.begin("GET");
    assert.throws(() => parser.push(Buffer.concat([answer, Buffer.from("y")])), AnswerBroken);
  });
});

describe("is not read", () => {
  const broken: Readonly<Record<string, string>> = {
    "two lengths": "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx",
    "a length beside chunks": "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    "two encodings": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "an encoding inside chunks": "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunks of HTTP/1.0": "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a signed length": "HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\nx",
    "a list of lengths": "HTTP/1.1 200 OK\r\ncontent-length: 1, 1\r\n\r\nx",
    "a length beyond all": "HTTP/1.1 200 OK\r\ncontent-length: 9999999999999999\r\n\r\nx",
    "a folded header": "HTTP/1.1 200 OK\r\nx-a: 1\r\n b\r\n\r\n",
    "a space before the colon": "HTTP/1.1 200 OK\r\ncontent-length : 1\r\n\r\nx",
    "a bare line feed": "HTTP/1.1 200 OK\r\nx-a: 1\nx-b: 2\r\n\r\n",
    "a bare return": "HTTP/1.1 200 OK\r\nx-a: 1\rx-b: 2\r\n\r\n",
    "a NUL": "HTTP/1.1 200 OK\r\nx-a: \0\r\n\r\n",
    "a line without a name": "HTTP/1.1 200 OK\r\nnothing\r\n\r\n",
    "another protocol": "HTTP/2 200 OK\r\n\r\n",
    "a status of four digits": "HTTP/1.1 2000 OK\r\n\r\n",
    "a chunk with a sign": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\nx\r\n",
    "a chunk in 0x": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n",
    "a chunk that is longer than it says": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n",
    "a chunk's size of many digits": `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${"1".repeat(14)}\r\n`,
    "a chunk's size that never ends": `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${"a".repeat(5_000)}`,
    "a head that never ends": `HTTP/1.1 200 OK\r\nx: ${"a".repeat(limits.httpHeadBytesMax)}`,
    "trailers that never end": `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ${"a".repeat(limits.httpHeadBytesMax)}`,
    "more headers than any answer has": `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(2 * limits.httpHeadersMax)}\r\n`,
    "an announcement without end": "HTTP/1.1 102 Processing\r\n\r\n".repeat(101),
  };
  for (const [name, text] of Object.entries(broken))
    test(name, () => {
      const bytes = Buffer.from(text, "latin1");
      assert.throws(() => told("GET", [bytes]), AnswerBroken);
      if (bytes.length < 500) assert.throws(() => told("GET", singly(bytes)), AnswerBroken);
    });
});
