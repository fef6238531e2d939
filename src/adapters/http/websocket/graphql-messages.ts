/**
 * Messages of GraphQL over a WebSocket, of `graphql-transport-ws` and of the older `graphql-ws`: which of a client's are acts, and which
 * of a server's end one. Pure. What it reads of a message is what is sent of it: the rest is left away.
 * It does not read documents.
 */
import type { Reason } from "../../../model/decision.ts";
import { membersOf } from "./json-members.ts";

export const graphqlProtocols = ["graphql-transport-ws", "graphql-ws"] as const;
export type GraphqlProtocol = (typeof graphqlProtocols)[number];

export type ClientMessage =
  | { readonly kind: "init"; readonly payload: string | undefined }
  /** An act: `payload` is the GraphQL request, as it stands in the message. */
  | { readonly kind: "ask"; readonly id: string; readonly payload: string }
  | { readonly kind: "stop"; readonly id: string }
  /** Neither asks nor ends anything: sent as `text`. */
  | { readonly kind: "pass"; readonly text: string }
  | { readonly kind: "broken"; readonly code: number; readonly because: string };

export type ServerMessage = { readonly kind: "result" | "failed" | "over"; readonly id: string } | { readonly kind: "other" };

interface Words {
  readonly ask: string;
  readonly stop: string;
  readonly result: string;
  /** That carry nothing but a payload, from the client. */
  readonly plain: readonly string[];
  /** With which a message is refused that the protocol does not know. */
  readonly badMessage: number;
}

const words: Readonly<Record<GraphqlProtocol, Words>> = {
  "graphql-transport-ws": { ask: "subscribe", stop: "complete", result: "next", plain: ["ping", "pong"], badMessage: 4400 },
  "graphql-ws": { ask: "start", stop: "stop", result: "data", plain: ["connection_terminate"], badMessage: 1002 },
};

export function isGraphqlProtocol(protocol: string | undefined): protocol is GraphqlProtocol {
  return graphqlProtocols.some((each) => each === protocol);
}

export function readClientMessage(protocol: GraphqlProtocol, text: string): ClientMessage {
  const { ask, stop, plain, badMessage } = words[protocol];
  const broken = (because: string): ClientMessage => ({ kind: "broken", code: badMessage, because });
  const members = membersOf(text);
  if ("refused" in members) return broken(`the message is not let through: ${members.refused}`);
  const [type, id, payload] = [textOf(members.get("type")), textOf(members.get("id")), members.get("payload")];
  if (type === "connection_init") return { kind: "init", payload };
  if (type !== undefined && plain.includes(type)) return { kind: "pass", text: messageText({ type, payload }) };
  if (type !== ask && type !== stop) return broken("the message is not let through: its type is none that a client sends");
  if (id === undefined || id === "" || id.length > 256) return broken("the message is not let through: its id is no short text");
  if (type === stop) return { kind: "stop", id };
  if (payload === undefined) return broken("the message is not let through: it asks for nothing");
  return { kind: "ask", id, payload };
}

/** What cannot be read is nothing that ends an act. */
export function readServerMessage(protocol: GraphqlProtocol, text: string): ServerMessage {
  const members = membersOf(text);
  if ("refused" in members) return { kind: "other" };
  const [type, id] = [textOf(members.get("type")), textOf(members.get("id"))];
  if (id === undefined) return { kind: "other" };
  switch (type) {
    case words[protocol].result:
      return { kind: "result", id };
    case "error":
      return { kind: "failed", id };
    case "complete":
      return { kind: "over", id };
    default:
      return { kind: "other" };
  }
}

/** `payload` stands in it as it is given: JSON. */
export function messageText({
  id,
  type,
  payload,
}: {
  readonly id?: string;
  readonly type: string;
  readonly payload: string | undefined;
}): string {
  const members = [id === undefined ? undefined : `"id":${JSON.stringify(id)}`, `"type":${JSON.stringify(type)}`];
  return `{${[...members, payload === undefined ? undefined : `"payload":${payload}`].filter((each) => each !== undefined).join(",")}}`;
}

export function askText(protocol: GraphqlProtocol, id: string, payload: string): string {
  return messageText({ id, type: words[protocol].ask, payload });
}

export function stopText(protocol: GraphqlProtocol, id: string): string {
  return messageText({ id, type: words[protocol].stop, payload: undefined });
}

/** As the server would say that the operation failed; the others of the connection go on. */
export function refusalText(
  protocol: GraphqlProtocol,
  id: string,
  { code, message, next }: Reason,
  { decision, approval }: { readonly decision: string; readonly approval?: string | undefined },
): string {
  const holdfast = { decision, code, ...(next === undefined ? {} : { next }), ...(approval === undefined ? {} : { approval }) };
  const error = { message, extensions: { code, holdfast } };
  return messageText({ id, type: "error", payload: JSON.stringify(protocol === "graphql-ws" ? error : [error]) });
}

function textOf(member: string | undefined): string | undefined {
  if (member === undefined || !member.startsWith('"')) return undefined;
  return JSON.parse(member) as string;
}
