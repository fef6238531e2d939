/** GitHub: REST, GraphQL, and git over HTTP. Where a push does not show that it only adds, it counts as one that may not. */
import { githubLookups } from "./lookups/github.ts";
import { githubMutations } from "./github-mutations.ts";
import { everydayAt } from "./everyday.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { githubRefusals } from "./refusals.ts";

const op = operationsAt("https://api.github.com");
const gql = (query: string): string => `POST /graphql ${JSON.stringify({ query })}`;
const R = "/repos/{o}/{r}";
const r = "/repos/acme/shop";

const everyday = everydayAt("https://api.github.com", [
  {
    class: "write",
    thing: "work",
    doors: [
      "PATCH /repos/{o}/{r}/issues/{n}",
      "PATCH /repos/{o}/{r}/issues/comments/{id}",
      "PUT+DELETE /repos/{o}/{r}/issues/{n}/labels",
      "DELETE /repos/{o}/{r}/issues/{n}/labels/{l}",
      "DELETE /repos/{o}/{r}/issues/{n}/assignees",
      "PUT+DELETE /repos/{o}/{r}/issues/{n}/lock",
      "PATCH /repos/{o}/{r}/pulls/{n}",
      "PATCH /repos/{o}/{r}/pulls/comments/{id}",
      "DELETE /repos/{o}/{r}/pulls/{n}/requested_reviewers",
      "PUT /repos/{o}/{r}/pulls/{n}/update-branch",
      "POST /repos/{o}/{r}/statuses/{sha}",
      "POST /repos/{o}/{r}/check-runs",
      "POST /repos/{o}/{r}/code-scanning/sarifs",
      "POST /repos/{o}/{r}/dependency-graph/snapshots",
      "POST /repos/{o}/{r}/attestations",
      "PATCH /repos/{o}/{r}/check-runs/{id}",
      "POST /repos/{o}/{r}/check-suites",
      "POST /repos/{o}/{r}/commits/{sha}/comments",
      "POST /repos/{o}/{r}/git/blobs",
      "POST /repos/{o}/{r}/git/trees",
      "POST /repos/{o}/{r}/git/commits",
      "POST /repos/{o}/{r}/git/tags",
      "POST /repos/{o}/{r}/git/refs",
      "PUT /repos/{o}/{r}/contents/{path*}",
      "POST /repos/{o}/{r}/merges",
      "POST /repos/{o}/{r}/releases",
      "PATCH /repos/{o}/{r}/releases/{id}",
      "POST uploads.github.com/repos/{o}/{r}/releases/{id}/assets",
      "POST /repos/{o}/{r}/labels",
      "PATCH /repos/{o}/{r}/labels/{l}",
      "POST /repos/{o}/{r}/milestones",
      "PATCH /repos/{o}/{r}/milestones/{n}",
      "POST /repos/{o}/{r}/deployments",
      "POST /repos/{o}/{r}/deployments/{d}/statuses",
      "POST /repos/{o}/{r}/actions/runs/{id}/rerun",
      "POST /repos/{o}/{r}/actions/runs/{id}/rerun-failed-jobs",
      "POST /repos/{o}/{r}/actions/jobs/{id}/rerun",
      "POST /repos/{o}/{r}/actions/runs/{id}/cancel",
      "POST /repos/{o}/{r}/forks",
      "PUT /repos/{o}/{r}/topics",
      "PUT+DELETE /repos/{o}/{r}/subscription",
      "PUT+DELETE /user/starred/{o}/{r}",
      "PUT /notifications",
      "PATCH+DELETE /notifications/threads/{t}",
      "POST github.com/{o}/{r}/info/lfs/locks",
      "POST github.com/{o}/{r}/info/lfs/locks/{id}/unlock",
    ],
    misses: ["DELETE /repos/acme/shop/contents/a.txt", "POST /repos/acme/shop/keys {}", "PATCH /repos/acme/shop/git/refs/heads/main {}"],
  },
  {
    class: "read",
    thing: "question",
    doors: [
      "POST /repos/{o}/{r}/releases/generate-notes",
      "POST /markdown",
      "POST /markdown/raw",
      "POST github.com/{o}/{r}/info/lfs/locks/verify",
      "POST github.com/{o}/{r}/info/lfs/objects/batch",
    ],
    misses: ["POST /repos/acme/shop/releases {}"],
    look: [{ at: "body operation", is: ["upload"], class: "write", because: "it asks where to put files" }],
  },
]);

export const github: Pack = {
  provider: "github",
  hosts: ["api.github.com", "uploads.github.com", "github.com"],
  slashedNames: [
    "/repos/{o}/{r}/branches/{b%}",
    "/repos/{o}/{r}/branches/{b%}/protection/**",
    "/repos/{o}/{r}/contents/{p%}",
    "/repos/{o}/{r}/contents/**/{p%}",
    "/repos/{o}/{r}/compare/{c%}",
    "/repos/{o}/{r}/commits/{c%}",
    "/repos/{o}/{r}/commits/{c%}/**",
    "/repos/{o}/{r}/git/ref/heads/{b%}",
    "/repos/{o}/{r}/git/ref/tags/{b%}",
    "/repos/{o}/{r}/git/ref/{b%}",
    "/repos/{o}/{r}/git/refs/heads/{b%}",
    "/repos/{o}/{r}/git/refs/{b%}",
    "/repos/{o}/{r}/git/matching-refs/{b%}",
    "/repos/{o}/{r}/git/matching-refs/heads/{b%}",
    "/repos/{o}/{r}/releases/tags/{t%}",
    "/repos/{o}/{r}/labels/{l%}",
    "/repos/{o}/{r}/issues/{n}/labels/{l%}",
    "/repos/{o}/{r}/environments/{e%}",
    "/repos/{o}/{r}/rules/branches/{b%}",
  ],
  authSlots: ["authorization", "cookie"],
  refusals: githubRefusals,
  tokenEndpoints: ["https://github.com/login/oauth/access_token"],
  lookups: githubLookups,
  graphql: ["/graphql"],
  operations: [
    op(["repo", "destroy", "repository"], [`DELETE ${R}`], { matches: [`DELETE ${r}`], misses: [`GET ${r}`] }, { many: true }),
    op(
      ["ref", "destroy", "ref"],
      [`DELETE+PATCH ${R}/git/refs/{ref*}`, "GQL deleteRef", "GQL updateRef", "GQL updateRefs"],
      {
        matches: [
          `DELETE ${r}/git/refs/heads/main`,
          `PATCH ${r}/git/refs/heads/main {"sha":"s","force":true}`,
          gql("mutation { deleteRef(input: {refId: 1}) { clientMutationId } }"),
        ],
        misses: [`GET ${r}/git/refs/heads/main`],
      },
      { undo: "a clone's reflog" },
    ),
    op(
      ["push", "destroy", "ref"],
      ["POST github.com/{o}/{r}/git-receive-pack"],
      {
        matches: ["POST https://github.com/acme/shop.git/git-receive-pack"],
        misses: ["GET https://github.com/acme/shop.git/info/refs?service=git-receive-pack"],
      },
      { undo: "a clone's reflog", git: "receive-pack" },
    ),
    op(["fetch", "read", "repository"], ["POST github.com/{o}/{r}/git-upload-pack"], {
      matches: ["POST https://github.com/acme/shop.git/git-upload-pack"],
      misses: ["POST https://github.com/acme/shop.git/git-receive-pack"],
    }),
    op(
      ["protect", "disarm", "protection"],
      [
        `DELETE+PUT+PATCH+POST ${R}/branches/{b}/protection/**`,
        `DELETE+PUT ${R}/rulesets/{id}`,
        "DELETE+PUT /orgs/{org}/rulesets/{id}",
        "GQL deleteBranchProtectionRule",
        "GQL deleteRepositoryRuleset",
        "GQL updateBranchProtectionRule",
      ],
      {
        matches: [
          `DELETE ${r}/branches/main/protection`,
          `DELETE ${r}/branches/main/protection/enforce_admins`,
          `DELETE ${r}/rulesets/7`,
          gql("mutation { deleteBranchProtectionRule(input: {branchProtectionRuleId: 1}) { x } }"),
        ],
        misses: [`GET ${r}/branches/main/protection`],
      },
    ),
    op(["visibility", "publish", "repository"], [`PATCH ${R}`, "GQL archiveRepository", "GQL updateRepository"], {
      matches: [`PATCH ${r} {"private":false}`, gql("mutation { archiveRepository(input: {repositoryId: 1}) { x } }")],
      misses: [`GET ${r}`],
    }),
    op(["transfer", "transfer", "repository"], [`POST ${R}/transfer`], {
      matches: [`POST ${r}/transfer {"new_owner":"x"}`],
      misses: [`POST ${r}/issues {}`],
    }),
    op(
      ["release", "destroy", "artifact"],
      [
        `DELETE ${R}/releases/**`,
        "DELETE /*/{owner}/packages/**",
        "DELETE /user/packages/**",
        "GQL deletePackageVersion",
        `DELETE ${R}/actions/runs/**`,
        `DELETE ${R}/actions/caches/**`,
        `DELETE ${R}/actions/artifacts/{id}`,
      ],
      {
        matches: [
          `DELETE ${r}/releases/1`,
          "DELETE /orgs/acme/packages/npm/shop",
          `DELETE ${r}/actions/runs/1`,
          `DELETE ${r}/actions/caches?key=k`,
          `DELETE ${r}/actions/artifacts/1`,
        ],
        misses: [`GET ${r}/releases`],
      },
      { undo: "packages for 30 days" },
    ),
    op(
      ["secrets", "credential", "secret"],
      [
        `PUT+DELETE ${R}/actions/secrets/{n}`,
        "PUT+DELETE /orgs/{org}/actions/secrets/{n}",
        `POST+DELETE ${R}/keys/**`,
        `POST+PATCH+DELETE ${R}/hooks/**`,
        `PUT+DELETE ${R}/environments/**`,
        "POST /user/keys",
        `PUT+DELETE ${R}/collaborators/{who}`,
        "POST /app/installations/{id}/access_tokens",
      ],
      {
        matches: [`PUT ${r}/actions/secrets/K {}`, `DELETE ${r}/keys/1`, `POST ${r}/hooks {}`, `DELETE ${r}/environments/production`],
        misses: [`GET ${r}/actions/secrets`],
      },
    ),
    op(
      ["org", "destroy", "organization"],
      [
        "DELETE /orgs/{org}",
        "DELETE /orgs/{org}/members/{m}",
        "DELETE /orgs/{org}/memberships/{m}",
        "DELETE /orgs/{org}/teams/**",
        "DELETE /teams/**",
      ],
      { matches: ["DELETE /orgs/acme", "DELETE /orgs/acme/members/a", "DELETE /orgs/acme/teams/t"], misses: ["GET /orgs/acme"] },
      { many: true },
    ),
    op(
      ["merge", "write", "pull"],
      [`PUT ${R}/pulls/{n}/merge`, "GQL mergePullRequest", "GQL createCommitOnBranch"],
      {
        matches: [`PUT ${r}/pulls/7/merge {}`, gql("mutation { mergePullRequest(input: {pullRequestId: 1}) { x } }")],
        misses: [`GET ${r}/pulls/7`],
      },
      { undo: "revert" },
    ),
    op(
      ["talk", "write", "conversation"],
      [`POST ${R}/issues/**`, `POST ${R}/pulls/**`, "GQL addComment", "GQL createIssue", "GQL createPullRequest"],
      { matches: [`POST ${r}/issues {"title":"t"}`, `POST ${r}/pulls {}`], misses: [`POST ${r}/transfer {}`] },
    ),
    ...githubMutations,
    ...everyday,
  ],
};
