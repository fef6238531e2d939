/** GitHub: REST, GraphQL, and git over HTTP. Where a push does not show that it only adds, it counts as one that may not. */
import { githubLookups } from "./lookups/github.ts";
import { githubMutations } from "./github-mutations.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { githubRefusals } from "./refusals.ts";

const op = operationsAt("https://api.github.com");
const gql = (query: string): string => `POST /graphql ${JSON.stringify({ query })}`;
const R = "/repos/{o}/{r}";
const r = "/repos/acme/shop";

export const github: Pack = {
  provider: "github",
  hosts: ["api.github.com", "github.com"],
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
  ],
};
