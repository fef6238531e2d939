/** Command lines and tools of Google Cloud and Azure. AWS's command line is its operations' own names, and needs no list. */
import { type ProviderDoors, ways } from "./door.ts";

const gcp: ProviderDoors = {
  provider: "gcp",
  programs: ["gcloud", "gsutil", "bq", "cbt", "alloydb"],
  reads: [
    "projects|services list|describe; sql instances|databases|backups|users list|describe; compute {kind} list|describe; container clusters list|describe",
    "run services|jobs|revisions list|describe; functions list|describe; pubsub topics|subscriptions list|describe",
    "storage ls|cat|du; ls|du|stat|cat|head|show; logging read; info|version|help; config list|get-value; auth list",
  ],
  operations: {
    project: ways("projects delete", "delete project"),
    sql: ways("sql instances delete", "delete instance; delete sql instance; cloud sql delete instance"),
    "sql-change": ways(
      "sql instances patch|restart|export; sql instances patch --no-deletion-protection",
      "update instance; patch instance; update sql instance",
    ),
    sqldb: ways("sql databases|backups|users delete", "delete sql database; delete backup run; delete sql user; delete database"),
    sqlrestore: ways(
      "sql backups restore; sql instances restore-backup|clone|promote-replica|failover|switchover|reset-ssl-config; sql import; sql instances demote-master|demote",
      "restore backup; promote replica; failover instance; restore instance",
    ),
    "sqlexec-cloud-sql": ways("sql connect; sql instances execute-sql; beta sql connect", "execute sql; execute cloud sql"),
    sqlexec: ways(
      "query; mk; load; spanner databases execute-sql; spanner databases ddl update; databases execute-sql",
      "execute bigquery; execute query; bigquery execute sql; spanner execute sql",
    ),
    disk: ways(
      "compute disks|instances|snapshots|images|instance-groups|instance-templates delete; compute instances delete --delete-disks",
      "delete disk; delete vm; delete compute instance; delete snapshot; delete image",
    ),
    gcs: ways(
      "storage rm; storage buckets|objects delete; rm; rb; storage rsync --delete-unmatched-destination-objects; rsync -d",
      "delete bucket; delete object",
    ),
    "gcs-change": ways(
      "storage buckets update; lifecycle|versioning|retention|defacl|iam|acl set|ch|clear",
      "update bucket; set lifecycle",
    ),
    bq: ways(
      "rm; rm -r -f {dataset}; bq datasets|tables delete; alpha bq datasets|tables delete; cp --force",
      "delete dataset; delete table; delete bigquery table",
    ),
    gke: ways("container clusters|node-pools delete; container fleet memberships delete|unregister", "delete cluster; delete node pool"),
    kms: ways(
      "kms keys versions destroy|disable; secrets versions destroy|disable; secrets delete",
      "delete key version; delete secret version; delete secret",
    ),
    secret: ways(
      "secrets versions access; auth print-access-token|print-identity-token|application-default; iam service-accounts keys create|delete|upload",
      "access secret; access secret version; create service account key",
    ),
    firestore: ways(
      "firestore databases delete; firestore bulk-delete; spanner databases|instances delete; bigtable instances|tables|clusters delete; alloydb clusters|instances delete; deleteallrows|deletetable|deletefamily",
      "delete document; bulk delete document; drop row range; delete spanner database; delete alloydb cluster; delete firestore database",
    ),
    iam: ways(
      "projects|organizations add-iam-policy-binding|remove-iam-policy-binding|set-iam-policy; iam service-accounts|roles create|delete|undelete|add-iam-policy-binding; storage buckets add-iam-policy-binding|set-iam-policy|remove-iam-policy-binding; resource-manager folders set-iam-policy",
      "set iam policy; add iam binding; add iam policy binding; create role",
    ),
    disable: ways(
      "services disable; logging sinks|buckets|metrics delete|update; monitoring policies delete",
      "disable service; delete sink; delete log bucket",
    ),
  },
  naming: {
    switches: "-q --quiet --no-deletion-protection --async -r -R --recursive -f -m",
    valued: "--project --zone --region --account --configuration --format --instance -i --location --keyring --key",
    behind: {
      project: 1,
      sql: 1,
      "sql-change": 1,
      sqldb: 1,
      disk: "each",
      "gcs storage rm": "each",
      "gcs storage buckets|objects": "each",
      "gcs rm": "each",
      "gcs rb": "each",
      "bq rm": "each",
      gke: "each",
      "kms kms": 1,
      "kms secrets delete": 1,
      "disable services": "each",
    },
  },
  examples: {
    commands: {
      "gcloud sql instances delete shop --quiet": "sql",
      "gcloud --project p sql instances patch shop --no-deletion-protection": "sql-change",
      "gcloud storage rm -r gs://shop": "gcs",
      "gsutil -m rm -r gs://shop/**": "gcs",
      "bq query --use_legacy_sql=false DROP": "sqlexec",
      "gcloud projects list": "read",
      "gcloud run deploy shop": "unknown",
    },
    tools: { 'delete_instance {"instance":"shop"}': "sql", 'execute_sql {"sql":"x"}': "sqlexec-cloud-sql", "list_instances {}": "unknown" },
  },
};

const azure: ProviderDoors = {
  provider: "azure",
  programs: ["az", "azd"],
  reads: [
    "group|vm|disk|snapshot|aks|account|resource|lock list|show|exists; sql|postgres|cosmosdb|storage|keyvault {kind} list|show; postgres flexible-server db list|show",
    "version|help|find; monitor {kind} list|show; account show; webapp|functionapp|acr list|show; webapp log tail",
  ],
  operations: {
    rg: ways(
      "group delete; resource delete; down; deployment group|sub create --mode=Complete; stack group|sub delete",
      "delete resource group; group delete; delete group; delete resource",
    ),
    lock: ways("lock delete; group|resource|account lock delete", "delete lock"),
    rights: ways(
      "role assignment|definition create|delete|update; ad sp|app|user|group create|delete|update; ad sp|app credential reset|delete; policy assignment delete",
      "create role assignment; delete role assignment",
    ),
    sql: ways(
      "sql server|db|mi|dw|midb delete; sql failover-group set-primary --allow-data-loss; sql db restore",
      "delete sql server; delete sql database; sql db delete",
    ),
    pg: ways(
      "postgres|mysql flexible-server|server delete; postgres|mysql flexible-server db delete; postgres db delete; postgres flexible-server restore|geo-restore",
      "delete postgre server; delete postgre database; postgre delete; delete flexible server",
    ),
    storage: ways(
      "storage account|container|blob|share|table|queue|fs delete|delete-batch; storage account blob-service-properties update; storage remove|rm",
      "delete storage account; delete container; delete blob; blob delete",
    ),
    keys: ways(
      "storage account keys renew|list; cosmosdb keys regenerate|list; redis regenerate-keys|list-keys; aks get-credentials; keyvault secret|key set|delete|show|download|purge; acr credential renew|show; storage container generate-sas; storage account generate-sas",
      "regenerate key; list key; get credential; keyvault secret get; delete secret; generate sa",
    ),
    cosmos: ways(
      "cosmosdb delete; cosmosdb sql|mongodb|table|gremlin|cassandra database|container|collection|table|graph|keyspace delete; cosmosdb failover-priority-change",
      "delete cosmos; delete cosmosdb; cosmos delete; failover cosmos",
    ),
    vm: ways(
      "vm|disk|snapshot|image|vmss delete; sig image-version delete",
      "delete vm; delete virtual machine; delete disk; delete snapshot",
    ),
    "vm-off": ways(
      "vm|vmss deallocate|stop|restart|redeploy|reimage; webapp|functionapp stop|restart",
      "deallocate vm; power off vm; stop vm; restart vm",
    ),
    "vm-run": ways(
      "vm|vmss run-command invoke|create; vm extension set; ssh vm|config; aks command invoke; container exec; webapp ssh; serial-console connect",
      "run command vm; run command; invoke command",
    ),
    kv: ways("keyvault delete|purge; keyvault delete-hsm|purge-hsm", "delete key vault; purge key vault; delete vault; purge vault"),
    rsv: ways(
      "backup vault delete; backup protection disable; backup container unregister; backup policy delete; backup item delete; dataprotection backup-vault|backup-instance delete",
      "delete recovery vault; delete backup vault; disable backup protection; delete recovery service vault",
    ),
    aks: ways("aks delete; aks nodepool delete; aks stop", "delete aks; delete managed cluster; delete cluster; delete node pool"),
    move: ways("resource move; group move", "move resource"),
  },
  naming: {
    switches: "-y --yes --no-wait --verbose --debug --only-show-errors",
    valued: "-n --name -g --resource-group --subscription -o --output --query",
    letters: { n: "name" },
    behind: {},
  },
  examples: {
    commands: {
      "az group delete -n shop --yes --no-wait": "rg",
      "az --subscription s postgres flexible-server db delete -d shop": "pg",
      "az lock delete --name keep": "lock",
      "az vm run-command invoke -g g -n v --scripts x": "vm-run",
      "az group list": "read",
      "az webapp up": "unknown",
    },
    tools: {
      'azmcp_group_delete {"resource-group":"shop"}': "rg",
      'delete_virtual_machine {"name":"v"}': "vm",
      "group_list {}": "unknown",
    },
  },
};

export const cloudDoors: readonly ProviderDoors[] = [gcp, azure];
