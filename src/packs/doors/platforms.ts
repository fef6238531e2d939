/** Command lines and tools of the platforms that run applications: Railway, Fly, Heroku, Render, Vercel and Netlify. */
import { type ProviderDoors, ways } from "./door.ts";

const railway: ProviderDoors = {
  provider: "railway",
  programs: ["railway"],
  reads: [
    "list|status|logs|whoami|open|docs|link|unlink|login|logout|completion|help",
    "environment|service|volume|bucket|domain list|ls|info|status",
  ],
  operations: {
    volumeDelete: ways("volume delete|remove|rm; volume --volume delete", "delete volume"),
    volumeInstanceBackupDelete: ways("volume backup delete|remove|rm", "delete backup"),
    volumeInstanceBackupRestore: ways("volume backup restore; volume restore", "restore backup; restore volume"),
    volumeInstanceBackupScheduleUpdate: ways("volume backup schedule", "schedule backup; update backup"),
    environmentPatch: ways(
      "environment edit; config apply|deploy; bucket delete|remove|rm",
      "patch environment; delete bucket; update volume",
    ),
    "environmentPatch-commit-staged": ways("environment commit; apply", "commit environment; commit staged; accept deploy"),
    projectDelete: ways("delete; project delete|remove|rm", "delete project"),
    projectScheduleDeleteForce: ways("delete --force; project delete --force", "force delete project"),
    environmentDelete: ways("environment|env delete|remove|rm", "delete environment"),
    serviceDelete: ways("service delete|remove|rm", "delete service"),
    workspaceDelete: ways("workspace delete|remove|rm", "delete workspace; delete account; delete user"),
    variables: ways(
      "variable|variables|vars|var set|delete|rm|remove; variables --set",
      "set variable; delete variable; bulk variable; add reference variable",
    ),
    deployment: ways("down; deployment remove|stop|rollback|delete", "delete deployment; stop deployment; rollback deployment"),
    creds: ways("bucket credentials|creds; ssh keys add|github|import; token create", "create token; reset credential; create ssh key"),
    exec: ways("ssh; shell; connect; run", "exec; execute command; sandbox exec"),
    disarm2fa: ways("", "disable two factor; delete two factor"),
    net: ways("domain; domain delete|rm|remove", "delete domain; create tcp proxy; delete tcp proxy"),
    transfer: ways("project transfer", "transfer project"),
    "everyday-write-upload": ways("up", ""),
  },
  naming: {
    switches: "-y --yes --json",
    valued: "-s --service -e --environment -p --project --volume --2fa-code",
    behind: { environmentDelete: 1 },
  },
  examples: {
    commands: {
      "railway volume delete --volume data -y": "volumeDelete",
      "railway --service web volume rm": "volumeDelete",
      "railway environment delete staging --yes": "environmentDelete",
      "railway volume list": "read",
      "railway logs --service delete": "read",
      "railway up": "everyday-write-upload",
      "railway up --service volume delete": "everyday-write-upload",
      "railway add": "unknown",
    },
    tools: {
      'remove_volume {"volume_id":"v"}': "volumeDelete",
      'volume-delete {"volumeId":"v"}': "volumeDelete",
      'railway_deleteVolumes {"id":"v"}': "volumeDelete",
      'remove_bucket {"bucket":"b"}': "environmentPatch",
      "list_volumes {}": "unknown",
    },
  },
};

const fly: ProviderDoors = {
  provider: "fly",
  programs: ["fly", "flyctl"],
  reads: [
    "status|logs|info|version|doctor|help; regions $; regions list; releases $; scale show; config show|validate",
    "apps|app|volumes|volume|vol|machine|machines|m|secrets|orgs list|show|status",
  ],
  operations: {
    volume: ways("volumes|volume|vol destroy|delete|rm", "delete volume"),
    app: ways("apps|app destroy|delete; destroy", "delete app"),
    machine: ways("machine|machines|m destroy|remove|rm; machine|machines|m stop|kill --force", "delete machine"),
    exec: ways(
      "ssh console|sftp|issue; machine|machines|m exec|run; console; proxy; postgres|pg connect; mpg connect|proxy",
      "exec machine; exec",
    ),
    org: ways(
      "orgs|org delete; redis destroy|delete; mpg destroy|delete; postgres detach; ext|extensions {x} destroy|delete",
      "delete org; delete organization; delete redis; delete postgres; delete addon",
    ),
    secrets: ways("secrets set|unset|import|deploy; config env", "set secret; unset secret; delete secret"),
    creds: ways("tokens create|revoke|attenuate; auth token; redis reset", "create token; revoke token"),
    update: ways("volumes|volume|vol update; machine|machines|m update|clone", "update volume; update machine"),
    scale: ways(
      "scale count|vm|memory; machine|machines|m stop|kill|suspend|restart; apps restart|suspend",
      "scale app; scale; stop machine; kill machine; restart machine",
    ),
  },
  naming: {
    switches: "-y --yes -j --json --verbose --debug",
    valued: "-a --app -c --config -o --org -t --access-token -r --region",
    letters: { a: "app" },
    behind: { "volume volumes|volume|vol": "each", app: "each", machine: "each", "org orgs|org": 1 },
  },
  examples: {
    commands: {
      "fly volumes destroy vol_1 -y": "volume",
      "flyctl -a shop apps destroy shop --yes": "app",
      "fly volumes list": "read",
      "fly secrets unset KEY": "secrets",
      "fly deploy": "unknown",
    },
    tools: { 'fly-volumes-destroy {"id":"vol_1"}': "volume", 'fly-machine-exec {"command":"ls"}': "exec", "fly-status {}": "unknown" },
  },
};

const heroku: ProviderDoors = {
  provider: "heroku",
  programs: ["heroku"],
  reads: [
    "apps|addons|ps|releases|domains|logs|status|version|help|whoami",
    "apps:info|addons:info|pg:info|pg:ps|pg:backups|pg:locks|releases:info|regions|auth:whoami",
  ],
  operations: {
    app: ways("apps:destroy|apps:delete|destroy|apps:destroy", "delete app"),
    addon: ways("addons:destroy|addons:delete|addons:remove", "delete addon; delete add on"),
    pgreset: ways("pg:reset", "pg reset; reset database; reset postgre"),
    pgbackupdel: ways("pg:backups:delete", "delete backup; pg backup delete"),
    pgrestore: ways("pg:backups:restore; pg:copy; pg:push; pg:promote", "restore backup; pg copy; pg restore; pg promote"),
    pgunschedule: ways("pg:backups:unschedule", "unschedule backup"),
    pgcred: ways(
      "pg:credentials:destroy|pg:credentials:rotate|pg:credentials:create|pg:credentials:url",
      "pg credential; rotate credential; delete credential; create credential",
    ),
    config: ways("config:set|config:unset|config:edit|config:remove", "set config; update config var; delete config var; unset config"),
    rollback: ways("rollback|releases:rollback", "rollback release; rollback"),
    space: ways("spaces:destroy; teams:destroy", "delete space; delete team; delete account"),
    transfer: ways("apps:transfer|sharing:transfer; spaces:transfer", "transfer app; transfer space"),
    "NOT-destroy": ways(
      "ps:restart|ps:stop|ps:kill|restart|dyno:restart|dyno:kill|dyno:stop; ps:scale|ps:resize",
      "restart dyno; stop dyno; ps restart; ps scale; scale dyno",
    ),
  },
  naming: {
    switches: "-f --force",
    valued: "-a --app -r --remote -c --confirm",
    letters: { a: "app" },
    behind: { app: 1, addon: "each", pgreset: 1, pgbackupdel: 1, pgunschedule: 1 },
  },
  examples: {
    commands: {
      "heroku apps:destroy --app shop --confirm shop": "app",
      "heroku pg:reset DATABASE_URL -a shop": "pgreset",
      "heroku ps:restart web.1 -a shop": "NOT-destroy",
      "heroku pg:info": "read",
      "heroku buildpacks:clear": "unknown",
    },
    tools: { 'pg_reset {"app":"shop"}': "pgreset", 'ps_restart {"app":"shop"}': "NOT-destroy", "list_apps {}": "unknown" },
  },
};

const render: ProviderDoors = {
  provider: "render",
  programs: ["render"],
  reads: ["services|projects|environments|deploys $; logs|whoami|workspaces", "services|deploys|projects|environments|disks list"],
  operations: {
    postgres: ways("postgres|pg|databases delete", "delete postgre; delete database"),
    keyvalue: ways("keyvalue|kv|key-value|redis delete", "delete key value; delete redis; delete keyvalue"),
    disk: ways("disks|disk delete", "delete disk"),
    diskrestore: ways("disks|disk restore", "restore disk; restore snapshot"),
    service: ways("services|service delete", "delete service"),
    suspend: ways(
      "services|service|postgres suspend; services|service restart",
      "suspend service; suspend postgre; suspend key value; restart service",
    ),
    envgroup: ways(
      "env-groups delete; services env set|update",
      "update environment variable; delete env group; delete environment variable",
    ),
    project: ways("projects|project|environments|environment delete", "delete project; delete environment"),
    pguser: ways("", "delete postgre user; delete credential"),
    connstr: ways("psql; pgcli; kv-cli; ssh", "connection info; connection string"),
  },
  naming: {
    switches: "--confirm",
    valued: "-o --output",
    behind: { postgres: 1, keyvalue: 1, disk: 1, service: 1, suspend: 1, project: 1 },
  },
  examples: {
    commands: {
      "render services delete srv-1 --confirm": "service",
      "render services list -o json": "read",
      "render services -o json": "read",
      "render services create --name x": "unknown",
      "render psql dpg-1": "connstr",
      "render blueprint launch": "unknown",
    },
    tools: {
      'delete_postgres {"postgresId":"dpg-1"}': "postgres",
      'update_environment_variables {"serviceId":"s"}': "envgroup",
      "list_services {}": "unknown",
    },
  },
};

const vercel: ProviderDoors = {
  provider: "vercel",
  programs: ["vercel", "vc", "now"],
  reads: [
    "list|ls|inspect|logs|whoami|help|switch|dev|build; teams $; teams ls|list",
    "project|projects|domains|dns|certs|env|alias|blob ls|list|inspect",
  ],
  operations: {
    project: ways("project|projects rm|remove; remove|rm {project}", "delete project"),
    deployment: ways("remove|rm {deployment}; alias rm|remove", "delete deployment"),
    deploy: ways("deploy", ""),
    env: ways(
      "env rm|remove|update|add",
      "delete env; delete environment variable; create environment variable; edit environment variable",
    ),
    blob: ways("blob store remove|rm|delete|remove; blob del|delete|empty-store; storage rm|remove|delete", "delete blob; delete store"),
    edgeconfig: ways("edge-config rm|remove|delete; global-config rm|remove|delete", "delete edge config; delete global config"),
    domain: ways("domains rm|remove|move|transfer-in; dns rm|remove|add|import", "delete domain; delete dns record"),
    integration: ways(
      "integration remove|rm|delete; integration-resource|ir remove|rm|delete|disconnect",
      "delete integration; delete resource",
    ),
    team: ways("teams|team rm|remove|delete", "delete team; delete user; delete account"),
    traffic: ways(
      "promote; rollback; redeploy; rolling-release|rr; project pause",
      "promote deployment; rollback deployment; pause project; request promote",
    ),
    transfer: ways("project transfer", "transfer project; transfer request"),
    tokens: ways("tokens|token create|add|rm|remove|delete", "create token; delete token; create auth token"),
  },
  naming: {
    switches: "-y --yes -s --safe -d --debug",
    valued: "-t --token -S --scope --cwd -T --team -A --local-config -Q --global-config",
    behind: { project: "each", deployment: "each", "domain domains": 1, team: 1 },
  },
  examples: {
    commands: {
      "vercel project rm shop": "project",
      "vercel --token x env rm KEY production -y": "env",
      "vercel remove shop --yes": "project",
      "vercel ls": "read",
      "vercel deploy --prod": "deploy",
      "vercel alias set a b": "unknown",
    },
    tools: {
      'deleteProject {"idOrName":"shop"}': "project",
      'delete-environment-variable {"id":"e"}': "env",
      "list_deployments {}": "unknown",
    },
  },
};

const netlify: ProviderDoors = {
  provider: "netlify",
  programs: ["netlify", "ntl"],
  reads: ["status|logs|watch|help|open|dev", "sites:list|env:list|functions:list|blobs:list|addons:list"],
  operations: {
    site: ways("sites:delete", "delete site; delete project; services update delete project"),
    db: ways(
      "db delete|reset|destroy|drop; database delete|reset|branch|snapshot; api deleteSiteDatabase",
      "delete database; delete branch; delete snapshot",
    ),
    dbrestore: ways("database restore; db restore", "restore snapshot; restore database"),
    dns: ways("api deleteDnsZone|deleteDnsRecord|transferDnsZone|createDnsRecord", "delete dns zone; delete dns record; transfer dns zone"),
    env: ways("env:set|env:unset|env:import|env:clone", "update env var; delete env var; unset env; set env"),
    readEnv: ways("env:get; env:list --plain", "get env var"),
    build: ways("deploy", ""),
    deploy: ways(
      "api deleteDeploy|rollbackSiteDeploy|restoreSiteDeploy|disableSite|cancelSiteDeploy|unlockDeploy",
      "delete deploy; rollback site; disable site; restore deploy",
    ),
    account: ways("api cancelAccount", "cancel account; delete account"),
  },
  naming: {
    switches: "-f --force",
    valued: "--auth --filter",
    behind: { site: 1 },
  },
  examples: {
    commands: {
      "netlify sites:delete 123 --force": "site",
      "ntl env:unset KEY": "env",
      "netlify api cancelAccount --data {}": "account",
      "netlify sites:list": "read",
      "netlify deploy": "build",
      "netlify api createSite": "unknown",
    },
    tools: { 'delete-site {"siteId":"s"}': "site", "get-project {}": "unknown" },
  },
};

export const platformDoors: readonly ProviderDoors[] = [railway, fly, heroku, render, vercel, netlify];
