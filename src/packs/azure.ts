/** Azure Resource Manager. Its paths are read letter case aside, as it reads them itself. */
import { azureLookups } from "./lookups/azure.ts";
import { everydayAt } from "./everyday.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { errorRefusals } from "./refusals.ts";

const op = operationsAt("https://management.azure.com");
const G = "/subscriptions/s1/resourceGroups/shop/providers";
const from = (provider: string): string => `/subscriptions/{s}/**/providers/${provider}`;

const everyday = everydayAt("https://management.azure.com", [
  {
    class: "read",
    thing: "question",
    doors: [
      "POST /providers/Microsoft.ResourceGraph/resources",
      "POST /**/providers/Microsoft.Resources/deployments/{d}/validate",
      "POST /**/providers/Microsoft.Resources/deployments/{d}/whatIf",
      "POST /**/checkNameAvailability",
      "POST /**/providers/Microsoft.CostManagement/query",
      "POST /**/providers/Microsoft.CostManagement/forecast",
      "POST /subscriptions/{s}/resourceGroups/{rg}/validateMoveResources",
    ],
    misses: ["PUT /subscriptions/s1/resourceGroups/shop/providers/Microsoft.Resources/deployments/d {}"],
  },
  {
    class: "write",
    thing: "group",
    doors: [
      "PUT /subscriptions/{s}/resourcegroups/{rg}",
      "POST /subscriptions/{s}/**/providers/Microsoft.Compute/virtualMachines/{name}/start",
    ],
    misses: ["DELETE /subscriptions/s1/resourcegroups/shop"],
  },
]);

export const azure: Pack = {
  provider: "azure",
  hosts: ["management.azure.com"],
  authSlots: ["authorization"],
  refusals: errorRefusals,
  lookups: azureLookups,
  operations: [
    op(
      ["rg", "destroy", "group"],
      ["DELETE /subscriptions/{s}/resourcegroups/{rg}"],
      {
        matches: ["DELETE /subscriptions/s1/resourcegroups/shop?api-version=2021-04-01", "DELETE /Subscriptions/s1/resourceGroups/shop"],
        misses: ["GET /subscriptions/s1/resourcegroups/shop"],
      },
      { many: true },
    ),
    op(["lock", "disarm", "lock"], ["DELETE+PUT /subscriptions/{s}/**/providers/Microsoft.Authorization/locks/{l}"], {
      matches: [`DELETE ${G}/Microsoft.Authorization/locks/l`, "DELETE /subscriptions/s1/providers/Microsoft.Authorization/locks/l"],
      misses: [`GET ${G}/Microsoft.Authorization/locks/l`],
    }),
    op(
      ["rights", "credential", "rights"],
      [
        "PUT+DELETE /**/providers/Microsoft.Authorization/roleAssignments/{r}",
        "PUT+DELETE /**/providers/Microsoft.Authorization/roleDefinitions/{r}",
        "POST /**/listKeys",
        "POST /**/listCredentials",
        "POST /**/listConnectionStrings",
        "POST /**/listClusterAdminCredential",
        "POST /**/listClusterUserCredential",
      ],
      {
        matches: [`PUT ${G}/Microsoft.Authorization/roleAssignments/r {}`, `POST ${G}/Microsoft.Storage/storageAccounts/a/listKeys`],
        misses: [`GET ${G}/Microsoft.Storage/storageAccounts/a`],
      },
    ),
    op(
      ["sql", "destroy", "database"],
      [
        `DELETE ${from("Microsoft.Sql")}/servers/{name}`,
        `DELETE ${from("Microsoft.Sql")}/servers/{srv}/databases/{name}`,
        `POST ${from("Microsoft.Sql")}/**/forceFailoverAllowDataLoss`,
      ],
      {
        matches: [
          `DELETE ${G}/Microsoft.Sql/servers/s`,
          `DELETE ${G}/Microsoft.Sql/servers/s/databases/d`,
          `POST ${G}/Microsoft.Sql/servers/s/databases/d/replicationLinks/r/forceFailoverAllowDataLoss`,
        ],
        misses: [`GET ${G}/Microsoft.Sql/servers/s`],
      },
      { undo: "a deleted database can be restored within its retention, while its server is there" },
    ),
    op(
      ["pg", "destroy", "database"],
      [
        `DELETE ${from("Microsoft.DBforPostgreSQL")}/flexibleServers/{name}`,
        `DELETE ${from("Microsoft.DBforPostgreSQL")}/flexibleServers/{srv}/databases/{name}`,
      ],
      {
        matches: [
          `DELETE ${G}/Microsoft.DBforPostgreSQL/flexibleServers/s`,
          `DELETE ${G}/microsoft.dbforpostgresql/flexibleservers/s/databases/d`,
        ],
        misses: [`GET ${G}/Microsoft.DBforPostgreSQL/flexibleServers/s`],
      },
    ),
    op(
      ["storage", "destroy", "storage"],
      [
        `DELETE ${from("Microsoft.Storage")}/storageAccounts/{a}`,
        `DELETE ${from("Microsoft.Storage")}/storageAccounts/{a}/blobServices/default/containers/{c}`,
      ],
      {
        matches: [
          `DELETE ${G}/Microsoft.Storage/storageAccounts/a`,
          `DELETE ${G}/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c`,
        ],
        misses: [`GET ${G}/Microsoft.Storage/storageAccounts/a`],
      },
      { undo: "soft delete, where it is on" },
    ),
    op(["keys", "credential", "key"], ["POST /**/regenerateKey"], {
      matches: [`POST ${G}/Microsoft.Storage/storageAccounts/a/regenerateKey {"keyName":"key1"}`],
      misses: [`POST ${G}/Microsoft.Storage/storageAccounts/a/failover`],
    }),
    op(
      ["cosmos", "destroy", "database"],
      [
        `DELETE ${from("Microsoft.DocumentDB")}/databaseAccounts/**`,
        `POST ${from("Microsoft.DocumentDB")}/databaseAccounts/{a}/failoverPriorityChange`,
      ],
      {
        matches: [
          `DELETE ${G}/Microsoft.DocumentDB/databaseAccounts/a`,
          `DELETE ${G}/Microsoft.DocumentDB/databaseAccounts/a/sqlDatabases/d`,
          `POST ${G}/Microsoft.DocumentDB/databaseAccounts/a/failoverPriorityChange {}`,
        ],
        misses: [`GET ${G}/Microsoft.DocumentDB/databaseAccounts/a`],
      },
    ),
    op(
      ["vm", "destroy", "machine"],
      ["disks", "snapshots", "virtualMachines", "images"].map((kind) => `DELETE ${from("Microsoft.Compute")}/${kind}/{name}`),
      {
        matches: [`DELETE ${G}/Microsoft.Compute/disks/d`, `DELETE ${G}/Microsoft.Compute/virtualMachines/v`],
        misses: [`POST ${G}/Microsoft.Compute/virtualMachines/v/powerOff`],
      },
    ),
    op(
      ["vm-off", "outage", "machine"],
      ["deallocate", "powerOff", "restart"].map((act) => `POST ${from("Microsoft.Compute")}/virtualMachines/{name}/${act}`),
      {
        matches: [`POST ${G}/Microsoft.Compute/virtualMachines/v/deallocate`, `POST ${G}/Microsoft.Compute/virtualMachines/v/powerOff`],
        misses: [`POST ${G}/Microsoft.Compute/virtualMachines/v/start`],
      },
    ),
    op(
      ["vm-run", "exec", "machine"],
      [
        `POST ${from("Microsoft.Compute")}/virtualMachines/{name}/runCommand`,
        `PUT ${from("Microsoft.Compute")}/virtualMachines/{name}/runCommands/{r}`,
      ],
      {
        matches: [`POST ${G}/Microsoft.Compute/virtualMachines/v/runCommand {"script":["ls"]}`],
        misses: [`GET ${G}/Microsoft.Compute/virtualMachines/v`],
      },
    ),
    op(
      ["kv", "destroy", "vault"],
      [
        `DELETE ${from("Microsoft.KeyVault")}/vaults/{v}`,
        "POST /subscriptions/{s}/providers/Microsoft.KeyVault/**/deletedVaults/{v}/purge",
      ],
      {
        matches: [
          `DELETE ${G}/Microsoft.KeyVault/vaults/v`,
          "POST /subscriptions/s1/providers/Microsoft.KeyVault/locations/l/deletedVaults/v/purge",
        ],
        misses: [`GET ${G}/Microsoft.KeyVault/vaults/v`],
      },
      { undo: "soft delete, until it is purged" },
    ),
    op(
      ["rsv", "destroy", "vault"],
      [`DELETE ${from("Microsoft.RecoveryServices")}/vaults/**`],
      { matches: [`DELETE ${G}/Microsoft.RecoveryServices/vaults/v`], misses: [`GET ${G}/Microsoft.RecoveryServices/vaults/v`] },
      { undo: "soft delete" },
    ),
    op(
      ["aks", "destroy", "cluster"],
      [`DELETE ${from("Microsoft.ContainerService")}/managedClusters/{c}`],
      {
        matches: [`DELETE ${G}/Microsoft.ContainerService/managedClusters/c`],
        misses: [`GET ${G}/Microsoft.ContainerService/managedClusters/c`],
      },
      { many: true },
    ),
    op(["move", "transfer", "resources"], ["POST /subscriptions/{s}/resourceGroups/{rg}/moveResources"], {
      matches: ['POST /subscriptions/s1/resourceGroups/shop/moveResources {"resources":[]}'],
      misses: ["POST /subscriptions/s1/resourceGroups/shop/validateMoveResources {}"],
    }),
    ...everyday,
  ],
};
