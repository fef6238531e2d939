/**
 * A staging session behind a real gateway whose vault holds a key pair, and the stand-in for AWS that the real pair opens; with the
 * variables that `holdfast run` gives a program. It tests nothing itself.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HttpEnvironment, openHttpEnvironment } from "../../src/cli/run/http-environment.ts";
import type { HeldSession } from "../../src/control/client.ts";
import { type ApprovalScene, openApprovalScene, quickly } from "../approvals/scene.ts";
import { newFolder } from "../provision/shop.ts";
import { testServer } from "../support/servers.ts";
import type { RealKey } from "./s3-judge.ts";
import { awsHosts, type StandInS3, startS3 } from "./stand-in-s3.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface SigningScene {
  readonly approvals: ApprovalScene;
  readonly s3: StandInS3;
  /** The real pair: in the vault, and at the stand-in. */
  readonly real: RealKey;
  readonly held: HeldSession;
  readonly environment: HttpEnvironment;
  /** With nothing in its environment but what the session gives. */
  readonly ran: (file: string, args: readonly string[], more?: Record<string, string>) => Promise<Ran>;
  readonly stop: () => Promise<void>;
}

/** Of the right shape, and nobody's. */
export function newKey(token?: string): RealKey {
  const letters = [...randomBytes(16)].map((byte) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[byte % 32]).join("");
  return {
    id: `AKIA${letters}`,
    secret: `${randomBytes(29).toString("base64").slice(0, 37)}/+x`,
    ...(token === undefined ? {} : { token }),
  };
}

/** Uploads are everyday work in this one; what destroys is held, as usual. */
const uploads = `policies:
  uploads:
    extends: guarded-writes
    without: [ask-api-change]
    rules:
      - id: uploads
        title: Objects are put
        why: A test uploads.
        answer: permit
        match: { resource_type: api_resource, detail: [outage, write] }
        examples:
          matches: ["PUT https://shop.s3.amazonaws.com/key text"]
          misses: ["DELETE https://shop.s3.amazonaws.com/key"]`;

/** `policy`: one of the presets in place of the one that lets uploads pass. */
export async function openSigningScene({ policy = "uploads" }: { readonly policy?: string } = {}): Promise<SigningScene> {
  const real = newKey();
  const s3 = await startS3(real);
  const ca = join(newFolder(), "aws-ca.pem");
  writeFileSync(ca, s3.ca);
  const routes = awsHosts.map((host) => `    - { host: "${host}", address: "127.0.0.1:${s3.port}", ca: ${ca} }`).join("\n");
  const http = `http:
  listen: 127.0.0.1:0
  credentials:
    aws: { secret: { vault: aws-key }, mode: sigv4 }
  routes:
${routes}
${quickly}
${uploads}`;
  const secret = {
    kind: "key-pair" as const,
    value: `${real.id} ${real.secret}`,
    hosts: ["*.amazonaws.com"],
    createdAtMs: 0,
    rotatedAtMs: null,
  };
  const approvals = await openApprovalScene(await testServer(18), {
    environment: "staging",
    approves: ["staging"],
    policy,
    more: http,
    secrets: { "aws-key": secret },
  });
  const held = await approvals.program();
  assert(held.opened.http !== undefined, "the session was told of no proxy");
  const environment = await openHttpEnvironment(held.opened, {}, undefined);
  return {
    approvals,
    s3,
    real,
    held,
    environment,
    ran: (file, args, more = {}) => {
      const folder = newFolder();
      const plain = { PATH: process.env["PATH"] ?? "", HOME: folder, LANG: "C.UTF-8", AWS_EC2_METADATA_DISABLED: "true" };
      const env = { ...plain, AWS_DEFAULT_REGION: "eu-central-1", AWS_MAX_ATTEMPTS: "1", ...environment.variables, ...more };
      return new Promise((resolve) => {
        execFile(file, [...args], { env, cwd: folder, timeout: 90_000, maxBuffer: 16 * 1024 * 1024 }, (error, out, err) => {
          resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, out, err });
        });
      });
    },
    stop: async () => {
      await environment.close();
      held.letGo();
      await approvals.stop();
      await s3.close();
    },
  };
}
