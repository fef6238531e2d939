/**
 * Where persons are told of approvals, as the file says it under `approvals.channels` and as the program uses it.
 * Addresses may be secrets themselves, and stay references like every other.
 */
import { z } from "zod";
import type { Environment } from "../model/principal.ts";
import type { SecretReference } from "./config.ts";
import { nameSchema } from "./policy-schema.ts";
import { parseDuration } from "./quantities.ts";

interface Shared {
  readonly name: string;
  /** `null` is every one. */
  readonly environments: readonly Environment[] | null;
  readonly messagesPerMinuteMax: number;
  readonly timeoutMs: number;
}

/** An address that stands in the file, or where to find it. */
export type AddressReference = { readonly kind: "text"; readonly text: string } | SecretReference;

export type ChannelConfig =
  | (Shared & { readonly kind: "webhook"; readonly url: AddressReference; readonly secret: SecretReference })
  | (Shared & {
      readonly kind: "slack";
      readonly way:
        | { readonly kind: "incoming_webhook"; readonly url: SecretReference }
        | { readonly kind: "token"; readonly token: SecretReference; readonly room: string; readonly api: string };
      /** Present where clicks come back. */
      readonly clicks?: {
        readonly signingSecret: SecretReference;
        /** Persons by their Slack member id. */
        readonly people: ReadonlyMap<string, string>;
        readonly agree: boolean;
      };
    });

const MESSAGES_PER_MINUTE = 10;
const TIMEOUT = "10s";
const SLACK_API = "https://slack.com/api";

const shared = {
  environments: z
    .array(z.enum(["production", "staging", "development"]))
    .min(1)
    .optional()
    .describe("Whose approvals it is told of; all when left out."),
  messages_per_minute: z
    .number()
    .int()
    .min(1)
    .max(600)
    .optional()
    .describe("Messages about one session in a minute; 10. More of them wait."),
  timeout: z
    .string()
    .refine((text) => inRange(parseDuration(text)), "must be a time from `1s` to `1min`")
    .optional()
    .describe("Time one delivery may take; 10s."),
};

function inRange(ms: number | undefined): boolean {
  return ms !== undefined && ms >= 1_000 && ms <= 60_000;
}

const safe = "must be an `https` URL without a password, or `http` on this machine";
const addressSchema = z.string().refine(isSafe, safe);

function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const own = hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
  return (protocol === "https:" || (protocol === "http:" && own)) && username === "" && password === "";
}

/** How a break-glass is opened. */
export interface BreakGlassRules {
  readonly personsNeeded: number;
  readonly timeMsMax: number;
}

const BREAK_GLASS_MS_MAX = 3_600_000;

const breakGlassSchema = z.strictObject({
  persons: z.number().int().min(1).max(5).optional().describe("Persons who must sign it; 1."),
  time_max: z
    .string()
    .refine((text) => (parseDuration(text) ?? 0) > 0 && (parseDuration(text) ?? 0) <= BREAK_GLASS_MS_MAX, "must be a time of at most `1h`")
    .optional()
    .describe("How long one lasts at most; 1h."),
});

export function resolveBreakGlass(entry: z.infer<typeof breakGlassSchema> = {}): BreakGlassRules {
  return { personsNeeded: entry.persons ?? 1, timeMsMax: parseDuration(entry.time_max ?? "1h") ?? BREAK_GLASS_MS_MAX };
}

/** What stands under `approvals` beside the rules: where persons are told, and what it takes to ask nobody. */
export function toldSchemaWith<S extends z.ZodType<SecretEntry>>(secret: S) {
  return {
    channels: channelsSchemaWith(secret).optional().describe("Where persons are told of approvals; see docs/channels.md."),
    break_glass: breakGlassSchema.optional().describe("What it takes to ask nobody for a while; see docs/channels.md."),
  };
}

/** With the schema of a secret by reference. */
function channelsSchemaWith<S extends z.ZodType<SecretEntry>>(secret: S) {
  const webhook = z.strictObject({
    kind: z.literal("webhook"),
    url: z.union([addressSchema, secret]).describe("Where each change is posted."),
    secret: secret.describe("Signs each delivery; `whsec_` and base64, or any text."),
    ...shared,
  });
  const slack = z
    .strictObject({
      kind: z.literal("slack"),
      url: secret.optional().describe("An incoming webhook's address, which is a secret. It cannot change a message that was sent."),
      token: secret.optional().describe("A bot's token with `chat:write`: a message is then changed when its approval is."),
      channel: z.string().min(1).max(80).optional().describe("The Slack channel's id, with `token`."),
      api: addressSchema.optional().describe(`Base of a compatible API; ${SLACK_API}.`),
      signing_secret: secret.optional().describe("Of the app: clicks come back, and can deny. They never approve."),
      people: z
        .record(z.string().regex(/^[A-Z0-9]{2,32}$/, "must be a Slack member id such as `U012AB3CD`"), z.string().min(1).max(63))
        .optional()
        .describe("Registered persons by their Slack member id."),
      agree: z.boolean().optional().describe("Offers `Looks right` on what destroys nothing: a word to the others, no approval; false."),
      ...shared,
    })
    .superRefine((entry, context) => {
      const issue = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
      if ((entry.url === undefined) === (entry.token === undefined)) issue("token", "give one of `url` and `token`");
      if ((entry.token === undefined) !== (entry.channel === undefined)) issue("channel", "`token` and `channel` belong together");
      if (entry.signing_secret === undefined && (entry.people !== undefined || entry.agree === true))
        issue("signing_secret", "without `signing_secret` no click can be told from a forged one");
    });
  return z.record(nameSchema, z.discriminatedUnion("kind", [webhook, slack]));
}

interface SecretEntry {
  readonly vault?: string | undefined;
  readonly env?: string | undefined;
  readonly file?: string | undefined;
}

type ChannelsEntry = z.infer<ReturnType<typeof channelsSchemaWith<z.ZodType<SecretEntry>>>>;

/** `reference` makes a file's path absolute. */
export function resolveChannels(entries: ChannelsEntry, reference: (entry: SecretEntry) => SecretReference): readonly ChannelConfig[] {
  return Object.entries(entries).map(([name, entry]): ChannelConfig => {
    const own = {
      name,
      environments: entry.environments ?? null,
      messagesPerMinuteMax: entry.messages_per_minute ?? MESSAGES_PER_MINUTE,
      timeoutMs: parseDuration(entry.timeout ?? TIMEOUT) ?? 10_000,
    };
    if (entry.kind === "webhook") {
      const url: AddressReference = typeof entry.url === "string" ? { kind: "text", text: entry.url } : reference(entry.url);
      return { ...own, kind: "webhook", url, secret: reference(entry.secret) };
    }
    const { signing_secret: signing, people = {}, agree = false, token, channel: room = "", url = {}, api = SLACK_API } = entry;
    const way =
      token === undefined
        ? { kind: "incoming_webhook" as const, url: reference(url) }
        : { kind: "token" as const, token: reference(token), room, api };
    const clicks =
      signing === undefined ? {} : { clicks: { signingSecret: reference(signing), people: new Map(Object.entries(people)), agree } };
    return { ...own, kind: "slack", way, ...clicks };
  });
}
