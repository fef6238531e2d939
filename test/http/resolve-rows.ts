/**
 * One row a provider's thing: a request that would destroy or change it, what the provider answers when it is asked what it is, and what a
 * person must read then. The answers have the fields of the providers' published APIs, and nothing of anybody's account.
 */
export interface ResolveRow {
  readonly about: string;
  /** `METHOD https://host/path body`. */
  readonly request: string;
  /** JSON by method and path, of whichever host; `*` in place of a method is any. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** In a session of staging: refused as production, or held with these sentences. */
  readonly becomes: "refused" | "held";
  readonly told?: readonly RegExp[];
}

const when = "2026-11-20T04:00:00Z";

export const resolveRows: readonly ResolveRow[] = [
  {
    about: "heroku: an app whose pipeline stage is production",
    request: "DELETE https://api.heroku.com/apps/shop",
    answers: {
      "GET /apps/shop": { id: "a-1", name: "shop", team: { name: "acme" } },
      "GET /apps/shop/pipeline-couplings": { stage: "production" },
    },
    becomes: "refused",
  },
  {
    about: "heroku: a database of an app in staging",
    request: "PUT https://api.data.heroku.com/client/v11/databases/pg-1/reset",
    answers: {
      "GET /addons/pg-1": { id: "pg-1", name: "postgresql-1", app: { name: "shop-x" }, plan: { name: "standard-0" } },
      "GET /apps/shop-x/pipeline-couplings": { stage: "staging" },
      "GET /client/v11/apps/shop-x/transfers": [
        { num: 1, created_at: when },
        { num: 2, created_at: "2026-11-01T00:00:00Z" },
      ],
    },
    becomes: "held",
    told: [
      /addon `postgresql-1` of shop-x; its 2 backups, the newest of 2026-11-20 04:00 UTC, are kept apart from it and stay; plan: standard/,
    ],
  },
  {
    about: "github: a repository, which belongs to no environment",
    request: "DELETE https://api.github.com/repos/acme/widgets",
    answers: {
      "GET /repos/acme/widgets": {
        id: 7,
        full_name: "acme/widgets",
        visibility: "private",
        default_branch: "main",
        size: 2048,
        forks_count: 3,
      },
    },
    becomes: "held",
    told: [/repository `acme\/widgets`, 2 MB; .*visibility: private; default branch: main; forks: 3/],
  },
  {
    about: "kubernetes: a namespace whose label says production",
    request: "DELETE https://kubernetes.default.svc/api/v1/namespaces/web",
    answers: { "GET /api/v1/namespaces/web": { metadata: { name: "web", labels: { environment: "production" } } } },
    becomes: "refused",
  },
  {
    about: "kubernetes: a claim in staging, with its own trial",
    request: "DELETE https://kubernetes.default.svc/api/v1/namespaces/web-staging/persistentvolumeclaims/data",
    answers: {
      "GET /api/v1/namespaces/web-staging/persistentvolumeclaims/data": {
        metadata: { name: "data", namespace: "web-staging" },
        spec: { volumeName: "pv-1", resources: { requests: { storage: "48Gi" } } },
      },
      "GET /api/v1/namespaces/web-staging": { metadata: { name: "web-staging" } },
      "GET /api/v1/persistentvolumes/pv-1": { spec: { persistentVolumeReclaimPolicy: "Delete" } },
      "DELETE /api/v1/namespaces/web-staging/persistentvolumeclaims/data?dryRun=All": {
        kind: "PersistentVolumeClaim",
        metadata: { name: "data" },
      },
    },
    becomes: "held",
    told: [
      /claim `data` of web-staging; .*size: 48Gi; what becomes of the volume: Delete/,
      /the provider says \(dryRun=All\) that it would go through: .*PersistentVolumeClaim/,
    ],
  },
  {
    about: "digitalocean: a database in a project of production",
    request: "DELETE https://api.digitalocean.com/v2/databases/db-1",
    answers: {
      "GET /v2/databases/db-1": { database: { name: "orders", project_id: "p-1", storage_size_mib: 48_000, engine: "pg" } },
      "GET /v2/projects/p-1": { project: { name: "shop", environment: "Production" } },
    },
    becomes: "refused",
  },
  {
    about: "digitalocean: a droplet tagged staging, with what would go along",
    request: "DELETE https://api.digitalocean.com/v2/droplets/17",
    answers: {
      "GET /v2/droplets/17": { droplet: { name: "box", disk: 80, tags: ["env:staging"], volume_ids: ["v1", "v2"] } },
      "GET /v2/droplets/17/backups": { backups: [] },
      "GET /v2/droplets/17/destroy_with_associated_resources": { volumes: [{ id: "v1", name: "data" }], snapshots: [{ name: "monday" }] },
    },
    becomes: "held",
    told: [
      /droplet `box`, 80 GB; with it go 2 volumes; there is no backup of it/,
      /the provider says \(destroy_with_associated_resources\) that it would go through: volumes data, snapshots monday/,
    ],
  },
  {
    about: "neon: the default branch of a project",
    request: "DELETE https://console.neon.tech/api/v2/projects/p-1/branches/br-1",
    answers: {
      "GET /api/v2/projects/p-1/branches/br-1": { branch: { name: "trial", default: true, logical_size: 2_000_000_000 } },
      "GET /api/v2/projects/p-1": { project: { name: "shop" } },
    },
    becomes: "refused",
  },
  {
    about: "neon: a branch for a pull request",
    request: "DELETE https://console.neon.tech/api/v2/projects/p-1/branches/br-2",
    answers: {
      "GET /api/v2/projects/p-1/branches/br-2": { branch: { name: "pr-12", default: false, logical_size: 2_000_000_000 } },
      "GET /api/v2/projects/p-1": { project: { name: "shop" } },
    },
    becomes: "held",
    told: [/branch `pr-12` of shop, 2 GB; its backups are kept with it and go with it/, /it counts as development/],
  },
  {
    about: "supabase: a project, with its backups",
    request: "DELETE https://api.supabase.com/v1/projects/abc",
    answers: {
      "GET /v1/projects/abc": { id: "abc", name: "shop staging" },
      "GET /v1/projects/abc/database/backups": { pitr_enabled: true, backups: [{ inserted_at: when }] },
      "GET /v1/projects/abc/branches": [],
    },
    becomes: "held",
    told: [
      /project `shop staging`; its 1 backup, the newest of 2026-11-20 04:00 UTC, is with the project and goes with it; point-in-time recovery: true/,
    ],
  },
  {
    about: "fly: a volume of an app for production",
    request: "DELETE https://api.machines.dev/v1/apps/shop-prod/volumes/vol_1",
    answers: {
      "GET /v1/apps/shop-prod/volumes/vol_1": { id: "vol_1", name: "pgdata", size_gb: 48, attached_machine_id: "m1" },
      "GET /v1/apps/shop-prod": { name: "shop-prod", organization: { slug: "acme" } },
    },
    becomes: "refused",
  },
  {
    about: "render: a database in an environment that is protected",
    request: "DELETE https://api.render.com/v1/postgres/dpg-1",
    answers: {
      "GET /v1/postgres/dpg-1": { name: "orders", environmentId: "evm-1", diskSizeGB: 15 },
      "GET /v1/environments/evm-1": { name: "blue", protectedStatus: "protected", projectId: "prj-1" },
      "GET /v1/projects/prj-1": { name: "shop" },
    },
    becomes: "refused",
  },
  {
    about: "render: a deployment of a service in staging passes the session's rule",
    request: "DELETE https://api.render.com/v1/services/srv-1",
    answers: {
      "GET /v1/services/srv-1": { name: "web", type: "web_service", environmentId: "evm-2" },
      "GET /v1/environments/evm-2": { name: "Staging", protectedStatus: "unprotected", projectId: "prj-1" },
      "GET /v1/projects/prj-1": { name: "shop" },
    },
    becomes: "held",
    told: [/service `web` of shop\/Staging; .*type: web_service/],
  },
  {
    about: "vercel: a deployment of production",
    request: "DELETE https://api.vercel.com/v13/deployments/dpl-1",
    answers: { "GET /v13/deployments/dpl-1": { id: "dpl-1", name: "shop", target: "production", url: "shop.example.com" } },
    becomes: "refused",
  },
  {
    about: "vercel: a preview",
    request: "DELETE https://api.vercel.com/v13/deployments/dpl-2",
    answers: { "GET /v13/deployments/dpl-2": { id: "dpl-2", name: "shop", target: null, url: "shop-git-x.example.com" } },
    becomes: "held",
    told: [/deployment `shop`; .*address: shop-git-x.example.com/, /it counts as staging: as the provider marks it/],
  },
  {
    about: "stripe: a customer of live mode",
    request: "DELETE https://api.stripe.com/v1/customers/cus-1",
    answers: { "GET /v1/customers/cus-1": { id: "cus-1", livemode: true } },
    becomes: "refused",
  },
  {
    about: "planetscale: a deploy request in a database of development, with its diff",
    request: "POST https://api.planetscale.com/v1/organizations/acme/databases/shop/deploy-requests/7/deploy",
    answers: {
      "GET /v1/organizations/acme/databases/shop": { name: "shop-dev" },
      "GET /v1/organizations/acme/databases/shop/branches": { data: [{ name: "dev", production: false }] },
      "GET /v1/organizations/acme/databases/shop/deploy-requests/7/diff": { data: [{ name: "orders", raw: "ALTER TABLE orders ..." }] },
    },
    becomes: "held",
    told: [/database `shop-dev`/, /the provider says \(deploy request diff\) that it would go through: data orders/],
  },
  {
    about: "google cloud: an instance whose label says production",
    request: "DELETE https://sqladmin.googleapis.com/v1/projects/acme/instances/db",
    answers: {
      "GET /v1/projects/acme/instances/db": {
        name: "db",
        project: "acme",
        settings: { userLabels: { env: "prod" }, dataDiskSizeGb: "48" },
      },
    },
    becomes: "refused",
  },
  {
    about: "google cloud: an instance of staging, with its backups",
    request: "DELETE https://sqladmin.googleapis.com/sql/v1beta4/projects/acme/instances/db-2",
    answers: {
      "GET /v1/projects/acme/instances/db-2": { name: "db-2", project: "acme-staging", settings: { dataDiskSizeGb: "48" } },
      "GET /v1/projects/acme/instances/db-2/backupRuns": { items: [{ endTime: when }] },
    },
    becomes: "held",
    told: [/instance `db-2` of acme-staging, 48 GB; its 1 backup, .* is with the instance and goes with it/],
  },
  {
    about: "azure: a resource group whose tag says staging",
    request: "DELETE https://management.azure.com/subscriptions/s1/resourcegroups/shop?api-version=2021-04-01",
    answers: {
      "GET /subscriptions/s1/resourcegroups/shop?api-version=2021-04-01": { name: "shop", tags: { environment: "Staging" } },
      "GET /subscriptions/s1/resourcegroups/shop/resources?api-version=2021-04-01": { value: [{ id: "1" }, { id: "2" }] },
    },
    becomes: "held",
    told: [/group `shop`; with it go 2 resources/],
  },
  {
    about: "netlify: a site that publishes to production",
    request: "DELETE https://api.netlify.com/api/v1/sites/s-1",
    answers: { "GET /api/v1/sites/s-1": { id: "s-1", name: "shop", published_deploy: { context: "production" } } },
    becomes: "refused",
  },
  {
    about: "cloudflare: a database whose name says staging",
    request: "DELETE https://api.cloudflare.com/client/v4/accounts/a1/d1/database/d-1",
    answers: { "GET /client/v4/accounts/a1/d1/database/d-1": { result: { name: "shop-staging", file_size: 12_000_000 } } },
    becomes: "held",
    told: [/d1 `shop-staging`, 12 MB; its backups are kept with it and go with it/],
  },
];
