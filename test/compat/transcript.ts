/**
 * What a server said on one connection as lines that can be compared: one a message, fields of errors spelled out.
 * It leaves out only what must differ between two connections: keys, salts, process ids, temporary schema numbers.
 */
import type { Recorded } from "./tap.ts";

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;

/** The messages of the server from the end of authentication on; the settings it reports at login come sorted. */
export function transcript(recorded: Recorded): readonly string[] {
  const client = Buffer.concat(recorded.client);
  const server = Buffer.concat(recorded.server);
  const lines: string[] = [];
  const settings: string[] = [];
  let loggedIn = false;
  let at = encryptionRequests(client);
  for (let k = 0; k < at; k++) lines.push(`encryption: ${String.fromCharCode(server[k] ?? 63)}`);
  while (at < server.length) {
    const type = String.fromCharCode(server[at] as number);
    const end = at + 5 > server.length ? server.length + 1 : at + 1 + server.readInt32BE(at + 1);
    if (end > server.length) {
      lines.push(`incomplete: ${server.length - at} bytes beginning with ${type}`);
      break;
    }
    const body = server.subarray(at + 5, end);
    at = end;
    if (!loggedIn && type === "R") continue;
    if (!loggedIn && type === "S") settings.push(`S ${text(body)}`);
    else lines.push(line(type, body));
    if (!loggedIn && type === "Z") {
      loggedIn = true;
      lines.unshift(...settings.sort());
    }
  }
  return lines;
}

/** How many one-byte answers stand before the first message: one for each request for encryption. */
function encryptionRequests(client: Buffer): number {
  let count = 0;
  while (client.length >= 8 * (count + 1) && [SSL_REQUEST, GSS_REQUEST].includes(client.readInt32BE(8 * count + 4))) count += 1;
  return count;
}

function line(type: string, body: Buffer): string {
  switch (type) {
    case "K":
      return "K (key)";
    case "A":
      return `A (process) ${text(body.subarray(4))}`;
    case "E":
    case "N":
      return `${type} ${fields(body)}`;
    case "Z":
      return `Z ${body.toString("latin1")}`;
    default:
      return `${type} ${text(body)}`;
  }
}

/** Fields of an error or notice in order: `S=ERROR C=42P01 ...`. */
function fields(body: Buffer): string {
  const found: string[] = [];
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const end = body.indexOf(0, at);
    found.push(`${String.fromCharCode(body[at] as number)}=${normal(body.toString("utf8", at + 1, end))}`);
    at = end + 1;
  }
  return found.join(" ");
}

/** Every byte shows: what is not printable ASCII as an escape. */
function text(body: Buffer): string {
  return normal(body.toString("latin1").replaceAll(/[^\x20-\x7e]/g, (c) => `\\${c.charCodeAt(0).toString(16).padStart(2, "0")}`));
}

/** Temporary schemas are numbered by the server's slots; deadlock and lock messages name processes. */
function normal(value: string): string {
  return value.replaceAll(/pg_(toast_)?temp_\d+/g, "pg_$1temp_N").replaceAll(/\b([Pp]rocess|PID) \d+/g, "$1 N");
}
