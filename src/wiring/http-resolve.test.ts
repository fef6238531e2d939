import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Caller, Identifying, OwnAsked, OwnReply } from "../adapters/http/options.ts";
import { actKey } from "../approvals/plan-digest.ts";
import { manualClock } from "../base/clock.ts";
import type { SessionId } from "../base/ids.ts";
import type { Disarmed, ResolvedThing } from "../model/api-thing.ts";
import type { AuditEvent } from "../model/event.ts";
import type { HttpRequest } from "../model/http-request.ts";
import { HttpThings } from "./http-resolve.ts";

const context = { role: "a", sessionRole: "a", searchPath: [], temporary: [], catalogueVersion: 0, pendingDdl: [] };
const caller = (name = "claude"): Caller => ({
  principal: { kind: "ai_agent", name },
  target: { name: "shop", environment: "staging", database: "shop" },
  context,
  authority: undefined as never,
  barred: async () => undefined,
});

const asRequest = (method: string, url: string, body = ""): HttpRequest => ({ method, url, headers: [], body });
const branch = asRequest("DELETE", "https://console.neon.tech/api/v2/projects/p-1/branches/br-1");

interface Ground {
  readonly clock: ReturnType<typeof manualClock>;
  readonly asked: OwnAsked[];
  readonly events: AuditEvent[];
  readonly things: HttpThings;
  readonly identify: (request: HttpRequest, principal?: string) => Promise<readonly ResolvedThing[]>;
}

function ground(answer: (asked: OwnAsked) => OwnReply | string, disarmed?: Disarmed): Ground {
  const clock = manualClock();
  const asked: OwnAsked[] = [];
  const events: AuditEvent[] = [];
  const things = new HttpThings({ clock, append: (event) => void events.push(event), environments: [], disarmed: async () => disarmed });
  const ask: Identifying["ask"] = async (own) => {
    asked.push(own);
    return answer(own);
  };
  const identify = async (request: HttpRequest, principal?: string) => {
    const known = await things.identify({ caller: caller(principal), session: "s_1" as SessionId, request, ask });
    return known.resolved ?? [];
  };
  return { clock, asked, events, things, identify };
}

const json = (value: unknown): OwnReply => ({ status: 200, text: JSON.stringify(value) });
const named =
  (name: () => string) =>
  ({ target }: OwnAsked): OwnReply =>
    target.includes("/branches/") ? json({ branch: { name: name() } }) : json({ project: { name: "shop" } });

describe("what is asked, and how often", () => {
  test("once within half a minute for a session, and again afterwards: another answer is another act", async () => {
    let name = "pr-1";
    const { clock, asked, identify } = ground(named(() => name));
    const [first] = await identify(branch);
    await identify(branch);
    assert.equal(asked.length, 2, "the branch and its project");
    await identify(branch, "another");
    assert.equal(asked.length, 4, "another session has another secret");
    name = "production";
    clock.advance(29_000);
    assert.equal((await identify(branch))[0]?.binds, first?.binds);
    clock.advance(2_000);
    const [later] = await identify(branch);
    assert.equal(later?.thing.environment, "production");
    const key = (thing: ResolvedThing | undefined) =>
      actKey({
        principal: "claude",
        target: { name: "shop", environment: "staging", database: "shop" },
        digest: "d",
        policyDigest: "p",
        preconditions: [{ name: "thing", value: thing?.binds ?? "" }],
      });
    assert.notEqual(key(first), key(later));
  });

  test("what could not be asked is tried again after five seconds", async () => {
    let up = false;
    const { clock, identify } = ground((own) => (up ? named(() => "pr-1")(own) : "the provider did not answer in time"));
    const [down] = await identify(branch);
    assert.equal(down?.thing.environment, "unknown");
    assert.match(down?.told.join() ?? "", /could not be found out: the provider did not answer in time/);
    up = true;
    assert.equal((await identify(branch))[0]?.thing.environment, "unknown");
    clock.advance(5_001);
    assert.equal((await identify(branch))[0]?.thing.environment, "development");
  });

  test("a read asks nothing, and neither does a request that names nothing", async () => {
    const { asked, events, identify } = ground(() => "nobody asks");
    await identify(asRequest("GET", "https://console.neon.tech/api/v2/projects"));
    await identify(asRequest("GET", "https://console.neon.tech/api/v2/projects"));
    await identify(asRequest("GET", "https://nobody.example.com/"));
    assert.deepEqual([asked, events], [[], []]);
  });

  test("an id never leads a read elsewhere", async () => {
    const { asked, identify } = ground(() => "no");
    await identify(asRequest("DELETE", "https://console.neon.tech/api/v2/projects/p-1%3Fx=1/branches/a%23b"));
    for (const { target } of asked) assert.match(target, /^\/api\/v2\/projects\/[A-Za-z0-9%-]+(\/branches\/[A-Za-z0-9%-]+)?$/, target);
  });

  test("more things than are asked about count as not known", async () => {
    const volumes = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`v${n}`, { isDeleted: true }]));
    const query = "mutation ($p: EnvironmentConfig) { environmentPatchCommit(patch: $p) }";
    const body = JSON.stringify({ query, variables: { p: { volumes } } });
    const answer = json({
      data: {
        projects: {
          edges: [
            {
              node: {
                id: "p",
                name: "shop",
                volumes: {
                  edges: Object.keys(volumes).map((id) => ({
                    node: {
                      id,
                      name: id,
                      volumeInstances: { edges: [{ node: { id: `i-${id}`, environment: { id: "e", name: "dev" } } }] },
                    },
                  })),
                },
              },
            },
          ],
        },
        volumeInstanceBackupList: [],
      },
    });
    const { identify } = ground(() => answer);
    const [destroys] = await identify(asRequest("POST", "https://backboard.railway.com/graphql/v2", body));
    assert.equal(destroys?.thing.environment, "unknown");
    assert.match(destroys?.told.join() ?? "", /more than 8 are named in one request/);
  });

  test("what was taken away before is said, and travels with it", async () => {
    const { identify } = ground(
      named(() => "pr-1"),
      "thing",
    );
    const [thing] = await identify(branch);
    assert.equal(thing?.thing.disarmed, "thing");
    assert(thing.told.includes("somebody took a protection of this very thing away before"));
  });
});

describe("a provider's own preview", () => {
  const droplet = asRequest("DELETE", "https://api.digitalocean.com/v2/droplets/17");
  const previewed = (reply: OwnReply | string) => {
    const { things } = ground(() => reply);
    return things.preview({ caller: caller(), session: "s_1" as SessionId, request: droplet, ask: async () => reply });
  };

  test("is said to be the provider's word, bounded and printable", async () => {
    const volumes = Array.from({ length: 30 }, (_, n) => ({ name: `v${n}\n\u202e` }));
    const [sentence = ""] = await previewed(json({ volumes }));
    assert.match(
      sentence,
      /^the provider says \(destroy_with_associated_resources\) that it would go through: volumes v0\?\?, .* and 18 more$/,
    );
  });

  test("that fails, or is not there, says so", async () => {
    assert.match((await previewed("it hangs"))[0] ?? "", /could not be asked: it hangs/);
    assert.match((await previewed({ status: 422, text: "{}" }))[0] ?? "", /status 422: it would not go through/);
  });

  const claim = "https://kubernetes.default.svc/api/v1/namespaces/web/persistentvolumeclaims/data";
  const tried = async (request: HttpRequest): Promise<readonly OwnAsked[]> => {
    const { things } = ground(() => "");
    const asked: OwnAsked[] = [];
    const ask: Identifying["ask"] = async (own) => {
      asked.push(own);
      return { status: 200, text: "{}" };
    };
    await things.preview({ caller: caller(), session: "s_1" as SessionId, request, ask });
    return asked;
  };

  test("of a cluster: the trial stands in the query, and in the body of a deletion that has one", async () => {
    const [bare] = await tried(asRequest("DELETE", claim));
    assert.deepEqual([bare?.target.endsWith("?dryRun=All"), bare?.body], [true, undefined]);
    const [options] = await tried(asRequest("DELETE", claim, '{"propagationPolicy":"Background"}'));
    assert.deepEqual(JSON.parse(options?.body ?? ""), { propagationPolicy: "Background", dryRun: ["All"] });
  });

  test("of a cluster: nothing is tried that could be carried out", async () => {
    const risky: readonly HttpRequest[] = [
      asRequest("DELETE", `${claim}?dryRun=`),
      asRequest("DELETE", `${claim}?%64ryRun=`),
      asRequest("DELETE", claim, '{"dryRun":[]}'),
      asRequest("DELETE", claim, "k8s\u0000protobuf"),
      { ...asRequest("POST", claim), headers: [["x-http-method-override", "DELETE"]] },
    ];
    for (const request of risky) assert.deepEqual(await tried(request), [], JSON.stringify(request));
  });
});
