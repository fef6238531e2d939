/**
 * Joins channels to the running gateway: approvals' changes and break-glasses go out, a click that comes back denies or says a word.
 * Nothing waits for it, and no click ever approves: an answer that approves takes a proof that a chat cannot give.
 */
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { Channel } from "../channels/channel.ts";
import { type ApprovalNews, approvalNews, type News, stands } from "../channels/news.ts";
import { Outbox } from "../channels/outbox.ts";
import { slack } from "../channels/slack.ts";
import { type Click, type ClickSource, type HookAnswer, type HookRequest, SlackClicks } from "../channels/slack-click.ts";
import { agreeable } from "../channels/slack-message.ts";
import { sayTo } from "../channels/slack-reply.ts";
import { webhook } from "../channels/webhook.ts";
import type { AddressReference, ChannelConfig } from "../config/channels.ts";
import { readSecret, type SecretPlaces } from "../config/read-secret.ts";
import type { VerifiedPerson } from "../control/authority-port.ts";
import type { ApprovalView } from "../control/contract.ts";
import { type ApprovalControl, ControlRefusal } from "../control/parts.ts";
import type { BreakGlass } from "../model/break-glass.ts";
import type { StandingFound } from "../model/standing.ts";
import type { StandingAlarm } from "../recovery/backup/alarm-book.ts";

export interface ChannelsParts {
  readonly channels: readonly ChannelConfig[];
  readonly environment: SecretPlaces;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
  readonly approvals: ApprovalControl;
  /** Asked each time: the vault may change while the gateway runs. */
  readonly persons: () => readonly VerifiedPerson[];
}

type ToldAlarm = Pick<StandingAlarm, "target" | "about" | "sinceMs"> & Pick<News, "environment">;
type SlackConfig = Extract<ChannelConfig, { kind: "slack" }>;

const AGREED_MAX = 1_000;

export class Channels {
  readonly #parts: ChannelsParts;
  readonly #outboxes: readonly { readonly config: ChannelConfig; readonly outbox: Outbox }[];
  readonly #clicks: SlackClicks;
  readonly #ended = new AbortController();
  /** Who found an approval right, in chat. */
  readonly #agreed = new Map<string, readonly string[]>();
  #unfollow: () => void = () => undefined;

  constructor(parts: ChannelsParts) {
    this.#parts = parts;
    const { clock, channels } = parts;
    this.#outboxes = channels.map((config) => ({ config, outbox: new Outbox(channelOf(config, parts), parts) }));
    this.#clicks = new SlackClicks(
      channels.flatMap((config) => clickSource(config, parts)),
      clock,
      (click) => this.#clicked(click),
    );
  }

  /** What was open before the start is told again: nobody knows what the process before could still tell. */
  async follow(): Promise<void> {
    const { approvals, channels, warn } = this.#parts;
    if (this.#outboxes.length === 0) return;
    // Somebody is there to read it now, and not when the first question comes.
    for (const config of channels) for (const problem of unreadable(config, this.#parts)) warn(`channel \`${config.name}\`: ${problem}`);
    this.#unfollow = approvals.onChange((view) => this.#tell(view));
    for (const view of await approvals.list()) if (view.state === "pending") this.#tell(view);
  }

  /** Where clicks come in; absent where none are wanted. */
  get hook(): ((request: HookRequest) => HookAnswer) | undefined {
    const wanted = this.#parts.channels.some((config) => config.kind === "slack" && config.clicks !== undefined);
    return wanted ? (request) => this.#clicks.answer(request) : undefined;
  }

  breakGlass(glass: BreakGlass): void {
    const { id, revision, state, principal, run, target, environment, persons, untilMs, uses } = glass;
    const news = { kind: "break_glass" as const, id, revision, state, principal, run, target, environment, persons, untilMs, uses };
    for (const { outbox } of this.#outboxes) outbox.tell(news);
  }

  /** What the cause is stays in the house: it may name a path or a host. */
  recoveryAlarm({ target, environment, about, sinceMs }: ToldAlarm, over: boolean): void {
    const id = `l_${target}.${about}.${sinceMs}`;
    const state = over ? ("over" as const) : ("standing" as const);
    const whose = { principal: "", run: "", target, environment };
    for (const { outbox } of this.#outboxes)
      outbox.tell({ kind: "recovery_alarm", id, revision: over ? 2 : 1, state, ...whose, about, sinceMs });
  }

  foundCredential({ id, principal, target, environment, provider, count, sinceMs }: StandingFound, revision: number): void {
    const news = { kind: "found_credential" as const, id, revision, state: "standing" as const, run: "" };
    for (const { outbox } of this.#outboxes) outbox.tell({ ...news, principal, target, environment, provider, count, sinceMs });
  }

  async close(): Promise<void> {
    this.#unfollow();
    this.#ended.abort();
    await Promise.all(this.#outboxes.map(({ outbox }) => outbox.close()));
  }

  #tell(view: ApprovalView): void {
    const news = approvalNews(view, this.#agreed.get(view.id));
    for (const { outbox } of this.#outboxes) outbox.tell(news);
    if (!stands(news)) this.#agreed.delete(view.id);
  }

  async #clicked(click: Click): Promise<void> {
    const config = this.#parts.channels.find(({ name }) => name === click.source);
    if (config?.kind !== "slack") return;
    const said = await this.#do(click, config).catch((error: unknown) =>
      error instanceof ControlRefusal ? error.message : "a defect of Holdfast; nothing was done",
    );
    if (said === undefined) return;
    const api = config.way.kind === "token" ? config.way.api : "";
    const told = { timeoutMs: config.timeoutMs, signal: this.#ended.signal };
    await sayTo(click.answerTo, said, api, told).catch(() => this.#parts.warn(`channel \`${config.name}\`: a click could not be answered`));
  }

  /** A word to whoever clicked; `undefined` where the message itself changes. */
  async #do({ person: name, wants, approval, planDigest }: Click, config: SlackConfig): Promise<string | undefined> {
    const person = this.#parts.persons().find((each) => each.name === name);
    if (person === undefined) return "This Slack account stands for no registered person, so nothing was done.";
    if (wants === "agree") return this.#agree(person, { approval, planDigest }, config);
    const body = { approval, planDigest, answer: "deny" as const, reason: "denied in chat", confirm: "" };
    await this.#parts.approvals.answer(body, { person, evidence: { kind: "login" }, channel: "chat" });
    return undefined;
  }

  /** No answer: it changes what the message says, and nothing else. */
  async #agree(person: VerifiedPerson, shown: { approval: string; planDigest: string }, config: SlackConfig): Promise<string | undefined> {
    const view = await this.#parts.approvals.one(shown.approval);
    const news: ApprovalNews = approvalNews(view);
    const proof = `It takes your own proof: ${news.link === "" ? `holdfast approve ${news.id}` : news.link}`;
    if (config.clicks?.agree !== true || !agreeable(news)) return `This is not answered in chat. ${proof}`;
    if (view.plan.digest !== shown.planDigest) return "That is not what is asked about any more.";
    if (!person.approves.includes(news.environment)) return `You do not decide about ${news.environment}.`;
    if (person.name === news.principal || person.name === news.actsFor) return "Whoever asks does not answer.";
    const known = this.#agreed.get(view.id) ?? [];
    if (!known.includes(person.name)) this.#agreed.set(view.id, [...known, person.name]);
    const [oldest] = this.#agreed.keys();
    if (this.#agreed.size > AGREED_MAX && oldest !== undefined) this.#agreed.delete(oldest);
    const changed = approvalNews(view, this.#agreed.get(view.id));
    // A webhook's receiver knows each state by its revision, and this is no new one.
    for (const { config: each, outbox } of this.#outboxes) if (each.kind === "slack") outbox.tell(changed);
    return `Noted, and shown to the others. It is no approval yet. ${proof}`;
  }
}

function channelOf(config: ChannelConfig, { environment, clock }: ChannelsParts): Channel {
  const { name, environments, messagesPerMinuteMax, timeoutMs } = config;
  const shared = { name, environments, messagesPerMinuteMax, timeoutMs };
  const secret = (reference: AddressReference) => (): string | undefined => {
    if (reference.kind === "text") return reference.text;
    const found = readSecret(reference, environment);
    return found.ok ? found.value : undefined;
  };
  if (config.kind === "webhook") return webhook({ ...shared, clock, url: secret(config.url), secret: secret(config.secret) });
  const { way, clicks } = config;
  const offers = { buttons: clicks !== undefined, agree: clicks?.agree === true };
  if (way.kind === "incoming_webhook") return slack({ ...shared, offers, way: { kind: "incoming_webhook", url: secret(way.url) } });
  return slack({ ...shared, offers, way: { kind: "token", token: secret(way.token), room: way.room, api: way.api } });
}

function unreadable(config: ChannelConfig, { environment }: ChannelsParts): readonly string[] {
  const { way, clicks } = config.kind === "slack" ? config : { way: undefined, clicks: undefined };
  const wayOf = way === undefined ? [] : [way.kind === "token" ? way.token : way.url];
  const own = config.kind === "webhook" ? [config.url, config.secret] : [...wayOf, ...(clicks === undefined ? [] : [clicks.signingSecret])];
  return own.flatMap((reference) => {
    const found = reference.kind === "text" ? undefined : readSecret(reference, environment);
    return found?.ok === false ? [found.message] : [];
  });
}

function clickSource(config: ChannelConfig, { environment }: ChannelsParts): readonly ClickSource[] {
  if (config.kind !== "slack" || config.clicks === undefined) return [];
  const { signingSecret, people } = config.clicks;
  const read = (): string | undefined => {
    const found = readSecret(signingSecret, environment);
    return found.ok ? found.value : undefined;
  };
  return [{ name: config.name, signingSecret: read, people }];
}
