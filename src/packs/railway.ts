/** Railway: one GraphQL endpoint. The names are those of its public schema; what is not here is new, and not known. */
import { everydayAt } from "./everyday.ts";
import type { Pack, PackOperation } from "./pack.ts";
import { railwayLookups } from "./lookups/railway.ts";
import { railwayChanges } from "./railway-changes.ts";
import { railwayMutations } from "./railway-mutations.ts";
import { graphqlRefusals } from "./refusals.ts";

const URL = "POST https://backboard.railway.com/graphql/v2";
const gql = (query: string): string => `${URL} ${JSON.stringify({ query })}`;

const destroying: readonly PackOperation[] = [
  {
    id: "volumeDelete",
    doors: ["GQL volumeDelete"],
    class: "destroy",
    thing: "volume",
    // The window was promised for the dashboard before it held for the API: nothing is rested on it.
    reversibility: "irreversible",
    undo: "48 hours by a link that is mailed; the backups are on the volume",
    examples: {
      matches: [gql('mutation { volumeDelete(volumeId: "v1") }'), gql("mutation M { x: volumeDelete(volumeId: $v) }")],
      misses: [gql("query { volume(id: 1) { id } }"), gql("mutation { volumeUpdate(volumeId: 1) { id } }")],
    },
  },
  {
    id: "volumeInstanceBackupDelete",
    doors: ["GQL volumeInstanceBackupDelete"],
    class: "destroy",
    thing: "backup",
    examples: {
      matches: [gql('mutation { volumeInstanceBackupDelete(volumeInstanceBackupId: "b", volumeInstanceId: "i") { workflowId } }')],
      misses: [gql('mutation { volumeInstanceBackupCreate(volumeInstanceId: "i") { workflowId } }')],
    },
  },
  {
    id: "volumeInstanceBackupRestore",
    doors: ["GQL volumeInstanceBackupRestore"],
    class: "restore",
    thing: "volume",
    look: [{ at: "argument wipeServiceIds.*", is: "present", class: "wipe", because: "it wipes the volumes of other services" }],
    examples: {
      matches: [gql('mutation { volumeInstanceBackupRestore(volumeInstanceBackupId: "b", volumeInstanceId: "i") { workflowId } }')],
      misses: [gql('query { volumeInstanceBackupList(volumeInstanceId: "i") { id } }')],
    },
  },
  {
    id: "projectDelete",
    doors: ["GQL projectDelete", "GQL projectScheduleDelete"],
    class: "destroy",
    thing: "project",
    many: true,
    undo: "48 hours where it is scheduled",
    examples: {
      matches: [gql('mutation { projectDelete(id: "p") }'), gql('mutation { projectScheduleDelete(id: "p") }')],
      misses: [gql('mutation { projectScheduleDeleteCancel(id: "p") }')],
    },
  },
  {
    id: "projectScheduleDeleteForce",
    doors: ["GQL projectScheduleDeleteForce"],
    class: "destroy",
    thing: "project",
    many: true,
    examples: {
      matches: [gql('mutation { projectScheduleDeleteForce(id: "p") }')],
      misses: [gql('query { project(id: "p") { id } }')],
    },
  },
  {
    id: "environmentDelete",
    doors: ["GQL environmentDelete"],
    class: "destroy",
    thing: "environment",
    many: true,
    examples: {
      matches: [gql('mutation { environmentDelete(id: "e") }')],
      misses: [gql('query { environment(id: "e") { name } }')],
    },
  },
  {
    id: "serviceDelete",
    doors: ["GQL serviceDelete"],
    class: "destroy",
    thing: "service",
    many: true,
    examples: {
      matches: [gql('mutation { serviceDelete(id: "s", environmentId: "e") }')],
      misses: [gql('mutation { serviceInstanceRedeploy(serviceId: "s", environmentId: "e") }')],
    },
  },
  {
    id: "workspaceDelete",
    doors: ["GQL workspaceDelete", "GQL userDelete"],
    class: "destroy",
    thing: "workspace",
    many: true,
    examples: {
      matches: [gql('mutation { workspaceDelete(id: "w") }'), gql("mutation { userDelete }")],
      misses: [gql("query { me { name } }")],
    },
  },
];

const everyday = everydayAt("https://backboard.railway.com", [
  {
    class: "write",
    thing: "upload",
    doors: ["POST /project/{p}/environment/{e}/up"],
    misses: ["DELETE /project/p/environment/e"],
  },
]);

export const railway: Pack = {
  provider: "railway",
  hosts: ["backboard.railway.com", "backboard.railway.app"],
  authSlots: ["authorization", "project-access-token", "cookie"],
  refusals: graphqlRefusals,
  tokenEndpoints: ["https://backboard.railway.com/oauth/token"],
  graphql: ["/graphql/v2", "/graphql/internal", "/graphql"],
  operations: [...destroying, ...railwayChanges, ...railwayMutations, ...everyday],
  lookups: railwayLookups,
};
