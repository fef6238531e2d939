/**
 * Files in which programs keep their logins, and the names under which a secret stands there.
 * Files with a grammar of their own (pgpass, netrc) are read in `../grammars.ts`.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables, as they stand in files
import type { TokenStore } from "../credential.ts";
import { pattern } from "../pattern.ts";

export const tokenStores: readonly TokenStore[] = [
  {
    id: "npm-login",
    kind: "npm login",
    path: /(?:^|\/)\.?npmrc$|(?:^|\/)\.yarnrc(?:\.yml)?$/,
    name: /(?:_authtoken|_auth|_password|npm_?auth_?token|npmauthident|auth_token)$/,
    destroys: "publish or unpublish packages",
    examples: {
      hits: [
        [".npmrc", "//npm.corp.test/:_authToken={uuid}"],
        [".yarnrc.yml", 'npmAuthToken: "{base62:30}"'],
      ],
      misses: [
        [".npmrc", "//registry.npmjs.org/:_authToken=${NPM_TOKEN}"],
        [".npmrc", "save-exact=true"],
      ],
    },
  },
  {
    id: "railway-login",
    kind: "Railway login",
    path: /(?:^|\/)\.railway\/config\.json$/,
    name: /(?:^|_)(?:token|access_?token|refresh_?token)$/,
    destroys: "delete Railway projects, databases and volumes with the backups in them",
    examples: {
      hits: [[".railway/config.json", '{"user": {"token": "{base62:43}"}}']],
      misses: [[".railway/config.json", '{"projects": {"a": {"project": "{uuid}"}}}']],
    },
  },
  {
    id: "vercel-login",
    kind: "Vercel login",
    path: /(?:^|\/)(?:com\.vercel\.cli|\.vercel|\.now)\/auth\.json$/,
    name: /(?:^|_)(?:token|refresh_?token)$/,
    destroys: "delete Vercel projects, deployments and stores",
    examples: {
      hits: [[".local/share/com.vercel.cli/auth.json", '{"token": "{base62:24}"}']],
      misses: [[".vercel/project.json", '{"projectId": "prj_{base62:28}"}']],
    },
  },
  {
    id: "supabase-login",
    kind: "Supabase login",
    path: /(?:^|\/)\.?supabase\/(?:access-token|profile)$/,
    name: /^whole_file$/,
    destroys: "delete Supabase projects with their databases and backups",
    examples: { hits: [[".supabase/access-token", "sbp_{hex:40}"]], misses: [["supabase/config.toml", 'project_id = "shop"']] },
  },
  {
    id: "platform-login",
    kind: "login of a hosting command",
    path: pattern(
      "",
      String.raw`(?:^|/)(?:\.fly/config\.yml|\.netlify/config\.json|netlify/config\.json|doctl/config\.yaml|`,
      String.raw`\.?neonctl/credentials\.json|\.?turso/(?:config|settings)\.json|\.wrangler/config/default\.toml|`,
      String.raw`\.render/cli\.yaml|\.config/planetscale/access-token|\.heroku/[\w.-]+|\.koyeb\.yaml|`,
      String.raw`\.?stackit/[\w.-]+|\.config/supabase/[\w.-]+)$`,
    ),
    name: /(?:^|_)(?:access_token|refresh_token|oauth_token|token|api_?key|key)$|^whole_file$/,
    destroys: "delete the applications, volumes and databases of its account",
    examples: {
      hits: [
        [".fly/config.yml", "access_token: fo1_{base62:43}"],
        [".config/.wrangler/config/default.toml", 'oauth_token = "{base62:60}"'],
        [".config/neonctl/credentials.json", '{"access_token":"{base62:60}"}'],
      ],
      misses: [[".fly/config.yml", "last_login: 2026-01-01T00:00:00Z"]],
    },
  },
  {
    id: "code-host-login",
    kind: "login of a code host's command",
    path: /(?:^|\/)(?:\.?config\/)?(?:gh\/hosts\.ya?ml|glab-cli\/config\.yml|hub|github-copilot\/(?:hosts|apps)\.json|tea\/config\.yml)$/,
    name: /(?:^|_)(?:oauth_token|token)$/,
    destroys: "delete repositories, releases and secrets",
    examples: {
      hits: [[".config/gh/hosts.yml", "    oauth_token: gho_{base62:36}"]],
      misses: [[".config/gh/hosts.yml", "    git_protocol: ssh"]],
    },
  },
  {
    id: "cloud-login",
    kind: "cloud login",
    path: pattern(
      "",
      String.raw`(?:^|/)(?:\.aws/(?:credentials|config|cli/cache/[\w.-]+|sso/cache/[\w.-]+)|`,
      String.raw`gcloud/(?:application_default_credentials\.json|legacy_credentials/[^/]+/[\w.-]+|credentials\.db|`,
      String.raw`access_tokens\.db)|\.azure/(?:accessTokens\.json|msal_token_cache\.json|`,
      String.raw`service_principal_entries\.json|azureProfile\.json)|\.oci/config|\.s3cfg|\.boto|rclone\.conf|`,
      String.raw`\.databrickscfg|connections\.toml|profiles\.yml)$`,
    ),
    name: pattern(
      "",
      "(?:^|_)(?:secret_access_key|secretaccesskey|aws_secret_access_key|session_token|refresh_token|",
      "access_token|client_secret|clientsecret|secret|token|pass|password|secret_key|",
      "private_key_passphrase|pass_phrase)$",
    ),
    destroys: "delete whatever its account may: storage, databases, machines, backups",
    examples: {
      hits: [
        [".aws/credentials", "aws_secret_access_key = {b64:40}"],
        [".config/gcloud/application_default_credentials.json", '{"refresh_token": "1//0{base62:90}"}'],
        [".azure/msal_token_cache.json", '{"secret": "{base62:200}"}'],
      ],
      misses: [
        [".aws/config", "region = eu-central-1"],
        [".config/gcloud/application_default_credentials.json", '{"type": "authorized_user"}'],
      ],
    },
  },
  {
    id: "kube-login",
    kind: "Kubernetes login",
    path: /(?:^|\/)(?:\.kube\/config|kubeconfig(?:\.ya?ml)?|[\w.-]+\.kubeconfig)$/,
    name: /(?:^|_)(?:token|password|client_key_data|id_token|refresh_token)$/,
    destroys: "delete what runs in the cluster, volumes included",
    examples: {
      hits: [
        [".kube/config", "    token: {base62:60}"],
        [".kube/config", "    client-key-data: {b64:400}"],
      ],
      misses: [
        [".kube/config", "    certificate-authority-data: {b64:400}"],
        [".kube/config", "    client-certificate-data: {b64:400}"],
      ],
    },
  },
  {
    id: "registry-login",
    kind: "registry login",
    path: pattern(
      "i",
      String.raw`(?:^|/)(?:\.docker/config\.json|\.dockercfg|\.?dockerconfig(?:json)?|containers/auth\.json|`,
      String.raw`\.cargo/credentials(?:\.toml)?|\.gem/credentials|\.?pypirc|\.?composer/auth\.json|auth\.json|`,
      String.raw`NuGet\.Config|settings\.xml|gradle\.properties|\.terraformrc|credentials\.tfrc\.json|`,
      String.raw`\.pulumi/credentials\.json|\.condarc)$`,
    ),
    name: pattern(
      "",
      "(?:^|_)(?:auth|identitytoken|registrytoken|token|password|access_token|accesstoken|",
      String.raw`cleartextpassword|rubygems_api_key|[\w]+_api_key)$`,
    ),
    destroys: "publish, replace or delete packages and images",
    examples: {
      hits: [
        [".docker/config.json", '{"auths": {"r.test": {"auth": "{basic}"}}}'],
        [".cargo/credentials.toml", 'token = "{base62:32}"'],
        [".pypirc", "password = {strong:14}"],
      ],
      misses: [
        [".docker/config.json", '{"credsStore": "desktop"}'],
        [".pypirc", "username = __token__"],
      ],
    },
  },
  {
    id: "agent-login",
    kind: "login of an agent or its tool server",
    path: pattern(
      "",
      String.raw`(?:^|/)(?:\.claude/\.credentials\.json|\.claude\.json|\.codex/auth\.json|\.?mcp\.json|`,
      String.raw`mcp_config\.json|mcp_settings\.json|claude_desktop_config\.json|\.gemini/oauth_creds\.json|`,
      String.raw`opencode/auth\.json)$`,
    ),
    name: /(?:^|_)(?:access_?token|refresh_?token|id_?token|[\w]*api_?key|[\w]*token|[\w]*secret|[\w]*password|key)$/,
    destroys: "do what the tool behind it may",
    examples: {
      hits: [
        [".mcp.json", '{"mcpServers": {"x": {"env": {"SHOP_API_KEY": "{base62:32}"}}}}'],
        [".claude/.credentials.json", '{"accessToken": "{base62:80}"}'],
      ],
      misses: [[".mcp.json", '{"env": {"SHOP_API_KEY": "${SHOP_API_KEY}"}}']],
    },
  },
  {
    id: "vault-login",
    kind: "Vault login",
    path: /(?:^|\/)\.vault-token$/,
    name: /^whole_file$/,
    destroys: "delete or read the secrets its policies cover",
    examples: {
      hits: [
        [".vault-token", "hvs.{base62:90}"],
        [".vault-token", "s.{base62:24}"],
      ],
      misses: [[".vault-token", ""]],
    },
  },
  {
    id: "framework-key-file",
    kind: "key of a web framework",
    path: /(?:^|\/)config\/(?:master|credentials\/[\w-]+)\.key$/,
    name: /^whole_file$/,
    examples: {
      hits: [
        ["config/master.key", "{hex:32}"],
        ["shop/config/credentials/production.key", "{hex:32}"],
      ],
      misses: [
        ["config/master.key", "<your master key>"],
        ["config/server.key", "-----BEGIN PUBLIC KEY-----"],
      ],
    },
  },
  {
    id: "database-client-login",
    kind: "login of a database client",
    path: pattern(
      "",
      String.raw`(?:^|/)(?:\.?my\.cnf|client\.cnf|\.?pg_service\.conf|\.?odbc\.ini|\.mongorc\.js|\.?redis\.conf|`,
      String.raw`\.?pgbouncer\.ini|userlist\.txt)$`,
    ),
    name: /(?:^|_)(?:password|pass|pwd|requirepass|masterauth)$/,
    destroys: "change and delete what its role may in that database",
    examples: {
      hits: [
        [".my.cnf", "[client]\npassword={strong:12}"],
        [".pg_service.conf", "[shop]\nhost=db\npassword=abc12"],
      ],
      misses: [[".my.cnf", "[client]\nuser=shop"]],
    },
  },
];
