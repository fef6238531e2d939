/**
 * The ordered list of commands: what `holdfast --help` shows, and where each command's code is loaded from when it is called.
 * It loads none of them by itself, so that a command costs only its own start-up.
 */
import type { Define } from "../define.ts";

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly define: Define }>;
}

export const commands: readonly Entry[] = [
  { name: "demo", summary: "play an agent's bad day against a real PostgreSQL behind Holdfast", load: () => import("./demo.ts") },
  { name: "init", summary: "write a commented holdfast.yaml for your server", load: () => import("./init.ts") },
  {
    name: "provision",
    summary: "set up least privilege at a server, and take it back",
    load: () => import("./provision.ts"),
  },
  { name: "up", summary: "start the gateway", load: () => import("./up.ts") },
  { name: "run", summary: "run a program, an agent, with a session of its own at Holdfast", load: () => import("./run.ts") },
  { name: "sessions", summary: "show sessions; suspend, resume or end one, as a person", load: () => import("./sessions.ts") },
  { name: "approvals", summary: "show what persons are asked about", load: () => import("./approvals.ts") },
  { name: "approve", summary: "agree to one plan, as a person", load: () => import("./approve.ts") },
  { name: "deny", summary: "say no to one plan, as a person", load: () => import("./deny.ts") },
  { name: "ask", summary: "ask a person for rights on named tables, as an agent", load: () => import("./ask.ts") },
  { name: "grant", summary: "give a session rights on named tables for a while, as a person", load: () => import("./grant.ts") },
  { name: "grants", summary: "show grants and asks; take a grant back, as a person", load: () => import("./grants.ts") },
  { name: "plan", summary: "try SQL without keeping it, and have a person approve it", load: () => import("./plan.ts") },
  { name: "apply", summary: "carry out an approved plan, once", load: () => import("./apply.ts") },
  { name: "undo", summary: "take back what agents changed, as a person; show what can be", load: () => import("./undo.ts") },
  {
    name: "break-glass",
    summary: "ask nobody before a session's acts for a short time, as a person; loudly",
    load: () => import("./break-glass.ts"),
  },
  {
    name: "restore",
    summary: "go back to just before an act: look, compare, bring rows back",
    load: () => import("./restore.ts"),
  },
  { name: "bin", summary: "show what was dropped and rests; bring it back or empty it, as a person", load: () => import("./bin.ts") },
  { name: "backup", summary: "make backups, show and verify them; remove one, as a person", load: () => import("./backup.ts") },
  { name: "vault", summary: "keep secrets sealed, by name", load: () => import("./vault.ts") },
  { name: "person", summary: "say who may approve and grant", load: () => import("./person.ts") },
  { name: "status", summary: "show what a running gateway is doing", load: () => import("./status.ts") },
  { name: "explain", summary: "judge statements without running anything", load: () => import("./explain.ts") },
  { name: "policy", summary: "look at a policy and test it", load: () => import("./policy.ts") },
  { name: "audit", summary: "read, verify and export the audit log", load: () => import("./audit.ts") },
  { name: "scan", summary: "find the credentials an agent would find, and what they open", load: () => import("./scan.ts") },
  { name: "doctor", summary: "find what leaves the guard itself unprotected", load: () => import("./doctor.ts") },
  { name: "version", summary: "print the version", load: () => import("./version.ts") },
];
