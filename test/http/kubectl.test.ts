/**
 * kubectl itself, with the kubeconfig that a run is given, against a stand-in for a cluster that has an authority of its own: the token
 * never leaves the vault, what destroys is held, and a command in a pod runs over a WebSocket once a person has agreed.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type HttpEnvironment, openHttpEnvironment } from "../../src/cli/run/http-environment.ts";
import { newFolder } from "../provision/shop.ts";
import { tool } from "../support/tools.ts";
import { openProxyScene, type ProxyScene } from "./proxy-scene.ts";
import { type StandInCluster, startCluster } from "./stand-in-cluster.ts";

const HOST = "cluster.internal";
const token = `k8s-${randomBytes(24).toString("hex")}`;
const home = newFolder();

let kubectl: string;
let scene: ProxyScene;
let cluster: StandInCluster;
let environment: HttpEnvironment;
before(async () => {
  kubectl = await tool("kubectl");
  cluster = await startCluster(token, HOST);
  const ca = join(home, "cluster-ca.pem");
  writeFileSync(ca, cluster.ca);
  scene = await openProxyScene({
    credentials: `    shop-cluster: { secret: { vault: cluster-token }, hosts: ["${HOST}:6443"] }`,
    secrets: { "cluster-token": { kind: "token", value: token, hosts: [`${HOST}:6443`], createdAtMs: 0, rotatedAtMs: null } },
    http: `    - { host: "${HOST}:6443", address: "127.0.0.1:${cluster.port}", ca: ${ca} }
  clusters:
    shop: { server: "https://${HOST}:6443", credential: shop-cluster, namespace: shop }
  environments:
    - { provider: kubernetes, environment: staging }`,
  });
  environment = await openHttpEnvironment(scene.held.opened, {}, undefined);
});
after(async () => {
  await environment?.close();
  await scene?.stop();
  await cluster?.close();
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const env = { ...environment.variables, HOME: home, PATH: process.env["PATH"] };
    execFile(kubectl, [...words], { env, timeout: 60_000 }, (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : 1, out, err }),
    );
  });
}

describe("kubectl", () => {
  test("is led to the cluster by a kubeconfig of the run's own, which holds no token of it", () => {
    const path = environment.variables["KUBECONFIG"] ?? "";
    const text = readFileSync(path, "utf8");
    assert(!text.includes(token));
    assert(text.includes(`"server": "https://${HOST}:6443"`), text);
    assert(text.includes("hfp_"), text);
  });

  test("reads as anybody may, and the cluster sees its own token", async () => {
    const { code, out, err } = await run("get", "pods");
    assert.equal(code, 0, err);
    assert.match(out, /web/);
    assert.deepEqual([...cluster.tokens], [`Bearer ${token}`]);
  });

  test("a claim that would be deleted is held; after a yes it goes, once", async () => {
    const known = (await scene.approvals.approvals()).map(({ id }) => id);
    const held = await run("delete", "pvc", "data", "--wait=false");
    assert.notEqual(held.code, 0);
    assert(cluster.claims.has("data"), `${cluster.served.join()} ${held.err}`);
    const asked = await scene.approvals.asked(known);
    assert(held.err.includes(`held until a person has answered approval ${asked.id}`), held.err);
    assert(asked.plan.act.shown.includes("/persistentvolumeclaims/data"), asked.plan.act.shown);
    assert(!JSON.stringify(asked).includes(token));
    await scene.approvals.answer(asked.id, "ada");
    const { code, err } = await run("delete", "pvc", "data", "--wait=false");
    assert.equal(code, 0, err);
    assert.deepEqual([...cluster.claims], ["spare"]);
  });

  test("secrets of the cluster are not read", async () => {
    const { code, err } = await run("get", "secret", "database");
    assert.notEqual(code, 0, err);
    assert(!cluster.served.some((line) => line.includes("/secrets/")), cluster.served.join());
  });

  test("a command in a pod is held; after a yes it runs, over a WebSocket", async () => {
    const { out: version } = await run("version", "--client", "--output=json");
    const minor = Number(/"minor": "(\d+)/.exec(version)?.[1] ?? 0);
    const known = (await scene.approvals.approvals()).map(({ id }) => id);
    const held = await run("exec", "web", "--", "date", "-u");
    assert.notEqual(held.code, 0);
    assert.deepEqual(cluster.commands, []);
    // Older ones speak SPDY alone, which is refused by name.
    if (minor < 31) return assert.match(held.err, /SPDY|upgrade|501/i);
    const asked = await scene.approvals.asked(known).catch((error: Error) => assert.fail(`${error.message}: ${held.err}`));
    assert(asked.plan.act.shown.includes("command=date&command=-u"), asked.plan.act.shown);
    await scene.approvals.answer(asked.id, "ada");
    const { code, out, err } = await run("exec", "web", "--", "date", "-u");
    assert.equal(code, 0, err);
    assert.equal(out, "ran date -u\n");
    assert.deepEqual(cluster.commands, ["date -u"]);
  });

  test("the kubeconfig goes with the run", async () => {
    const path = environment.variables["KUBECONFIG"] ?? "";
    await environment.close();
    assert(!existsSync(path));
  });
});
