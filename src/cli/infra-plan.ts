/**
 * `holdfast plan` for what Terraform, OpenTofu or Pulumi show of a plan: judged by the policy, with what would be lost said first.
 * It runs no tool and asks nobody: the digests it prints and writes are what an apply is held to.
 */
import { figure } from "../base/counted.ts";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { sha256Hex } from "../base/canonical.ts";
import { environments } from "../model/principal.ts";
import { causeText, exitCodes, failed, wrongUse } from "./errors.ts";
import { setExit } from "./exit.ts";
import { paragraph, visible } from "./output.ts";
import { writePlan } from "./plan-files.ts";
import { policyNamed } from "./policies.ts";
import type { Terminal } from "./terminal.ts";

export interface InfraOptions {
  readonly environment?: string;
  readonly policy?: string;
  readonly of?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** As `pipeline/explain.ts` writes it. */
interface Judged {
  readonly decision: "allow" | "hold" | "deny";
  readonly observed?: string;
  readonly effects: readonly { readonly detail: string; readonly resource: string; readonly because: string }[];
  readonly reason: { readonly code: string; readonly message: string; readonly next?: string };
  readonly plan?: { readonly tool: string; readonly version: string; readonly changes: number };
}

const exits = { allow: exitCodes.done, hold: exitCodes.held, deny: exitCodes.failed } as const;
const colours = { allow: "green", hold: "yellow", deny: "red" } as const;
/** Details in which nothing is lost are counted, and not listed one by one. */
const counted: ReadonlySet<string> = new Set(["write"]);

export async function planInfra(text: string, options: InfraOptions, terminal: Terminal): Promise<void> {
  const wanted = options.environment ?? "production";
  const environment = environments.find((name) => name === wanted);
  if (environment === undefined) throw wrongUse(`\`${visible(wanted)}\` is no environment`, `give one of ${environments.join(", ")}`);
  const policy = await policyNamed(options.policy, environment);
  const { openExplainer } = await import("../wiring.ts");
  const explainer = await openExplainer({ environment, policy, schema: [] });
  try {
    const judged = JSON.parse(explainer.explainInfra(text)) as Judged;
    if (judged.plan === undefined) throw failed(`the plan cannot be read: ${judged.reason.message}`);
    const of = options.of === undefined ? undefined : { file: options.of, sha256: await digestOfFile(options.of) };
    const bound = { ...judged, environment, policyDigest: policy.digest, sha256: sha256Hex(text), ...(of === undefined ? {} : { of }) };
    setExit(terminal, exits[judged.decision]);
    const json = `${JSON.stringify(bound)}\n`;
    const words = rendered(judged, 100, (_, plain) => plain);
    const written = options.out === undefined ? [] : await writePlan(options.out, json, words);
    if (options.json === true) return await terminal.out(json);
    await terminal.out(rendered(judged, terminal.columns, (style, plain) => terminal.style(style, plain)));
    const digests = [
      `The JSON's SHA-256 is ${bound.sha256}.`,
      ...(of === undefined ? [] : [`That of ${visible(of.file)} is ${of.sha256}.`]),
    ];
    await terminal.out(`\n${digests.map((each) => paragraph(each, terminal.columns)).join("")}`);
    if (written.length > 0) await terminal.out(paragraph(`Written: ${written.map(visible).join(", ")}.`, terminal.columns));
  } finally {
    await explainer.close();
  }
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    throw failed(`\`${visible(path)}\` cannot be read: ${causeText(error)}`);
  }
  return hash.digest("hex");
}

type Style = (style: "bold" | "dim" | "green" | "yellow" | "red", text: string) => string;

function rendered({ decision, observed, effects, reason, plan }: Judged, columns: number, style: Style): string {
  const version = plan?.version === "" ? "" : ` ${visible(plan?.version ?? "")}`;
  const listed = effects.filter(({ detail }) => !counted.has(detail));
  const rest = effects.length - listed.length;
  const gone = listed.filter(({ detail }) => detail === "destroy").length;
  const head = `${plan?.tool ?? ""}${version}: ${things(plan?.changes ?? 0, "change")}, ${gone} destroyed or replaced with what is in them`;
  const lines = listed.map(
    ({ detail, resource, because }) =>
      `  ${detail.padEnd(10)} ${visible(resource.slice("api_resource:".length))}\n${paragraph(because, columns, 13)}`,
  );
  const harmless = rest === 0 ? "" : paragraph(`and ${things(rest, "thing")} made or changed in place`, columns, 2);
  const answer = `${style(colours[decision], decision)}  ${style("dim", reason.code)}\n${paragraph(visible(reason.message), columns, 2)}`;
  const next = reason.next === undefined ? "" : paragraph(visible(reason.next), columns, 2);
  const seen = observed === undefined ? "" : paragraph(`The policy only observes; it would answer ${observed}.`, columns, 2);
  return `${paragraph(head, columns)}\n${lines.join("")}${harmless}\n${answer}${seen}${next}`;
}

function things(count: number, noun: string): string {
  return `${figure(count)} ${noun}${count === 1 ? "" : "s"}`;
}
