/** Railway's mutations that change without deleting by name: patches of an environment, variables, deployments, credentials. */
import type { Look, PackOperation } from "./pack.ts";

const URL = "POST https://backboard.railway.com/graphql/v2";
const gql = (query: string, variables?: object): string => `${URL} ${JSON.stringify({ query, ...(variables && { variables }) })}`;

const insidePatch: readonly Look[] = [
  { at: "argument **.isDeleted", is: [true], class: "destroy", because: "the patch marks something as deleted" },
  { at: "argument **.variables.*", is: "null", class: "outage", because: "the patch removes variables" },
];
const patch = (id: string, field: string, argument: string): PackOperation => ({
  id,
  doors: [`GQL ${field}`],
  class: "outage",
  thing: "environment",
  look: insidePatch,
  examples: {
    matches: [
      gql(`mutation { ${field}(${argument}: {services: {s: {isDeleted: true}}}) }`),
      gql(`mutation ($p: EnvironmentConfig) { ${field}(${argument}: $p) }`, { p: { buckets: { b: { isDeleted: true } } } }),
    ],
    misses: [gql('query { environmentStagedChanges(environmentId: "e") { id } }')],
  },
});

/** Operations without anything to look into: name, fields, class, thing. */
const plain = (id: string, fields: readonly string[], ofClass: PackOperation["class"], thing: string): PackOperation => ({
  id,
  doors: fields.map((field) => `GQL ${field}`),
  class: ofClass,
  thing,
  examples: {
    matches: fields.map((field) => gql(`mutation { ${field}(id: "x") { id } }`)),
    misses: [gql(`query { ${fields[0]}(id: "x") { id } }`), gql(`mutation { not${fields[0]}(id: "x") { id } }`)],
  },
});

export const railwayChanges: readonly PackOperation[] = [
  patch("environmentPatch", "environmentPatchCommit", "patch"),
  patch("environmentPatch-stage", "environmentStageChanges", "input"),
  patch("environmentPatch-apply", "environmentApplyChangeSet", "input"),
  {
    // What was staged before is not in the request.
    ...plain("environmentPatch-commit-staged", ["environmentPatchCommitStaged"], "destroy", "environment"),
    many: true,
    reversibility: "unknown",
  },
  {
    id: "volumeInstanceBackupScheduleUpdate",
    doors: ["GQL volumeInstanceBackupScheduleUpdate"],
    class: "disarm",
    thing: "volume",
    examples: {
      matches: [gql('mutation { volumeInstanceBackupScheduleUpdate(kinds: [], volumeInstanceId: "i") }')],
      misses: [gql('query { volumeInstanceBackupScheduleList(volumeInstanceId: "i") { id } }')],
    },
  },
  {
    id: "variables",
    doors: ["GQL variableDelete", "GQL variableUpsert", "GQL variableCollectionUpsert"],
    class: "outage",
    thing: "variables",
    look: [{ at: "argument input.replace", is: [true], class: "wipe", because: "it removes every variable that is not in it" }],
    examples: {
      matches: [
        gql('mutation { variableUpsert(input: {environmentId: "e", name: "A", value: "b"}) }'),
        gql("mutation ($i: In!) { variableCollectionUpsert(input: $i) }", { i: { replace: true, variables: {} } }),
      ],
      misses: [gql('query { environment(id: "e") { name } }')],
    },
  },
  plain("deployment", ["deploymentRemove", "deploymentStop", "deploymentRollback"], "outage", "deployment"),
  plain(
    "creds",
    ["apiTokenCreate", "projectTokenCreate", "bucketCredentialsReset", "generateShellToken", "sshPublicKeyCreate"],
    "credential",
    "credential",
  ),
  plain("exec", ["sandboxExec", "deploymentInstanceExecutionCreate"], "exec", "instance"),
  plain("disarm2fa", ["twoFactorInfoDelete", "workspaceTwoFactorEnforcementUpdate", "workspacePolicyItemUpdate"], "disarm", "workspace"),
  plain("net", ["tcpProxyCreate", "tcpProxyDelete", "customDomainDelete", "serviceDomainDelete"], "outage", "network"),
  plain("transfer", ["projectTransfer", "projectTransferInitiate", "projectTransferConfirm"], "transfer", "project"),
  plain(
    "deploy",
    [
      "serviceInstanceDeploy",
      "serviceInstanceDeployV2",
      "serviceInstanceRedeploy",
      "deploymentRedeploy",
      "environmentTriggersDeploy",
      "volumeInstanceBackupCreate",
    ],
    "write",
    "deployment",
  ),
  {
    id: "readVariables",
    doors: ["GQL query variables", "GQL query variablesForServiceDeployment"],
    class: "credential",
    thing: "variables",
    examples: {
      matches: [gql('query { variables(projectId: "p", environmentId: "e") }')],
      misses: [gql('query { deployments(input: {projectId: "p"}) { edges { node { id } } } }')],
    },
  },
];
