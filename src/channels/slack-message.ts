/**
 * News as a Slack message: what, where, how many, until when, and the two things that a click in chat may do.
 * All of it is plain text to Slack: a table's name is data there too. It sends nothing.
 */
import { figure } from "../base/counted.ts";
import { assertNever } from "../base/assert.ts";
import { alarmWords } from "./alarm-words.ts";
import {
  type ApprovalNews,
  type BreakGlassNews,
  type CountedTable,
  type FoundCredentialNews,
  type News,
  type RecoveryAlarmNews,
  stands,
} from "./news.ts";
import { shownText, slackEscaped } from "./shown-text.ts";

export const denyAction = "holdfast_deny";
export const agreeAction = "holdfast_agree";

export interface SlackMessage {
  /** For notifications. */
  readonly text: string;
  readonly blocks: readonly object[];
}

/** `agree`: the channel may offer the click that says that it looks right. `buttons`: clicks come back to us at all. */
export interface SlackOffers {
  readonly buttons: boolean;
  readonly agree: boolean;
}

export function slackMessage(news: News, offers: SlackOffers): SlackMessage {
  switch (news.kind) {
    case "approval":
      return approvalMessage(news, offers);
    case "break_glass":
      return breakGlassMessage(news);
    case "recovery_alarm":
      return alarmMessage(news);
    case "found_credential":
      return foundMessage(news);
    default:
      return assertNever(news, "slackMessage");
  }
}

function approvalMessage(news: ApprovalNews, offers: SlackOffers): SlackMessage {
  const title = `${stateTitle(news)}: ${shownText(news.target, 40)} (${news.environment})`;
  const blocks = [header(title), section(bodyLines(news)), ...elements(news, offers), context(closing(news, offers))];
  return { text: slackEscaped(`${title}, ${news.id}`), blocks };
}

/** Whether a click may say that it looks right: only what can be taken back, and never where rows or objects would be gone. */
export function agreeable(news: Pick<ApprovalNews, "destroys" | "reversibility" | "state">): boolean {
  return news.state === "pending" && !news.destroys && news.reversibility === "reversible";
}

function stateTitle({ state, count }: ApprovalNews): string {
  switch (state) {
    case "pending":
      return count > 1 ? `Approval wanted, presented ${count} times` : "Approval wanted";
    case "approved":
      return "Approved";
    case "denied":
      return "Denied";
    case "expired":
      return "Expired, so it is refused";
    case "abandoned":
      return "Nobody waits for it any more";
    case "stale":
      return "No longer what was asked about";
    case "running":
      return "Approved, being carried out";
    case "used":
      return "Approved and carried out";
    case "unknown":
      return "Approved; what came of it is not known";
    default:
      return assertNever(state, "stateTitle");
  }
}

function bodyLines(news: ApprovalNews): readonly string[] {
  const { tables, objects } = news;
  const asks = `${shownText(news.principal)}${news.actsFor === "" ? "" : `, acting for ${shownText(news.actsFor)}`}`;
  const figures =
    tables === null
      ? ["Nothing could be measured: see the plan."]
      : [...tables.map(tableLine), ...(news.tablesLeftOut > 0 ? [`and ${news.tablesLeftOut} more tables`] : [])];
  const gone = objects.map(({ type, name, change }) => `${shownText(type, 30)} ${shownText(name, 80)}: ${change}`);
  return [
    `${asks}, database ${shownText(news.database)}`,
    ...figures,
    ...gone,
    ...(news.objectsLeftOut > 0 ? [`and ${news.objectsLeftOut} more objects`] : []),
    ...(tables !== null && tables.length === 0 && objects.length === 0 ? ["No row would change."] : []),
    ...(news.unmeasured > 0 && tables !== null ? ["Not everything could be measured: see the plan."] : []),
    reversibilityLine[news.reversibility],
    ...news.answers.map(
      ({ person, answer, channel }) => `${shownText(person)} ${answer === "approve" ? "approved" : "denied"} it (${channel})`,
    ),
    ...news.agreedInChat.map((person) => `${shownText(person)} finds it right, in chat: that is no approval yet`),
  ];
}

function tableLine({ table, inserted, updated, deleted, following }: CountedTable): string {
  const parts = [
    ...(deleted > 0 ? [`${figure(deleted)} deleted`] : []),
    ...(updated > 0 ? [`${figure(updated)} updated`] : []),
    ...(inserted > 0 ? [`${figure(inserted)} inserted`] : []),
  ];
  const also = following > 0 ? `, ${figure(following)} of them by cascade or trigger` : "";
  return `${shownText(table, 80)}: ${parts.length === 0 ? "no rows" : parts.join(", ")}${also}`;
}

const reversibilityLine = {
  reversible: "It can be taken back.",
  restorable: "It can be taken back from a backup only.",
  irreversible: "IT CANNOT BE TAKEN BACK.",
  unknown: "Whether it can be taken back is not known.",
} as const;

/** The value of a button names what was shown: an answer fits that plan and no other. */
function elements(news: ApprovalNews, { buttons, agree }: SlackOffers): readonly object[] {
  if (news.state !== "pending") return [];
  const value = JSON.stringify({ approval: news.id, planDigest: news.planDigest });
  const found = [
    ...(buttons ? [{ type: "button", style: "danger", text: plain("Deny"), action_id: denyAction, value }] : []),
    ...(buttons && agree && agreeable(news) ? [{ type: "button", text: plain("Looks right"), action_id: agreeAction, value }] : []),
    ...(news.link === "" ? [] : [{ type: "button", text: plain("Open the plan"), url: news.link }]),
  ];
  return found.length === 0 ? [] : [{ type: "actions", elements: found }];
}

function closing(news: ApprovalNews, { buttons }: SlackOffers): string {
  const until = new Date(news.expiresAtMs).toISOString().slice(11, 16);
  if (news.state !== "pending") return news.id;
  const where = news.link === "" ? `holdfast approve ${news.id}` : "the console";
  const deny = buttons ? "A click here can deny it, and never approves it. " : "";
  return `${deny}To approve it takes a person's own proof: ${where}. Without an answer by ${until} UTC it is refused. ${news.id}`;
}

function breakGlassMessage(news: BreakGlassNews): SlackMessage {
  const words = { wanted: "BREAK-GLASS WANTED", open: "BREAK-GLASS OPEN", closed: "Break-glass closed" } as const;
  const title = `${words[news.state]}: ${shownText(news.target, 40)} (${news.environment})`;
  const by = news.persons.map((person) => shownText(person)).join(" and ");
  const lines = [
    `By ${by}, for the session of ${shownText(news.principal)}`,
    news.state === "closed"
      ? `${figure(news.uses)} acts passed that a person would have been asked about.`
      : `Until ${new Date(news.untilMs).toISOString()} nobody is asked before its acts. What is forbidden stays so.`,
  ];
  const end = stands(news) ? `To end it: holdfast break-glass close ${news.id}` : news.id;
  return { text: slackEscaped(`${title}, by ${by}`), blocks: [header(title), section(lines), context(end)] };
}

function alarmMessage(news: RecoveryAlarmNews): SlackMessage {
  const title = `${stands(news) ? "ALARM" : "Alarm over"}: backups of ${shownText(news.target, 40)} (${news.environment})`;
  const lines = [alarmWords[news.about], `Since ${new Date(news.sinceMs).toISOString()}.`];
  const end = stands(news) ? "See: holdfast backup status" : news.id;
  return { text: slackEscaped(`${title}: ${news.about}`), blocks: [header(title), section(lines), context(end)] };
}

function foundMessage(news: FoundCredentialNews): SlackMessage {
  const title = `FOUND CREDENTIAL: ${shownText(news.target, 40)} (${news.environment})`;
  const whose = news.provider === "none" ? "a place that no pack knows" : shownText(news.provider, 40);
  const times = news.count === 1 ? "once" : `${figure(news.count)} times`;
  const lines = [
    `${shownText(news.principal)} sent a credential to ${whose}, ${times}, that Holdfast did not give out. It was refused, and nothing was sent.`,
    "A real secret may lie where agents can read it: find it, make it void, and keep the new one in the vault.",
    `Since ${new Date(news.sinceMs).toISOString()}.`,
  ];
  const end = "See: holdfast status, holdfast scan";
  return { text: slackEscaped(`${title}, by ${shownText(news.principal)}`), blocks: [header(title), section(lines), context(end)] };
}

function plain(text: string) {
  return { type: "plain_text", text, emoji: false };
}

function header(text: string): object {
  return { type: "header", text: plain(shownText(text, 150)) };
}

/** Slack takes 3,000 characters. */
function section(lines: readonly string[]): object {
  const text = lines.join("\n");
  return { type: "section", text: plain(text.length <= 3_000 ? text : `${text.slice(0, 2_999)}…`) };
}

function context(text: string): object {
  return { type: "context", elements: [plain(text)] };
}
