/**
 * Secrets of kinds that the first tree does not hold, and look-alikes beside them, written after the rules were: what rules and tree were
 * not fitted to each other by. `{...}` is made anew in each run (expand.ts).
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables, as they stand in files

/** Path, and the line that holds the secret. */
export const laterSecrets: readonly (readonly [path: string, line: string])[] = [
  [
    "apps/api/.env",
    "DATABASE_URL=postgresql://neondb_owner:npg_{base62:12}@ep-cool-term-a1b2c3d4-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require",
  ],
  ["apps/api/.env", "GITLAB_TOKEN=glpat-{base62:20}"],
  ["apps/api/.env", "GITHUB_PAT=github_pat_{base62:22}_{base62:59}"],
  ["apps/api/.env", "TWILIO_AUTH_TOKEN={hex:32}"],
  ["apps/api/.env", "ANTHROPIC_API_KEY=sk-ant-api03-{base62:93}AA"],
  ["apps/api/.env", "SENDGRID_API_KEY=SG.{base62:22}.{base62:43}"],
  ["home/.pypirc", "password = pypi-AgEIcHlwaS5vcmc{base62:150}"],
  ["home/.docker/config.json", '      "identitytoken": "{base62:60}"'],
  ["home/.ssh/id_ed25519", "{pem:OPENSSH PRIVATE KEY}"],
  ["home/.bash_history", "export AWS_SECRET_ACCESS_KEY={b64:40}"],
  ["home/.config/fish/config.fish", "set -gx FLY_API_TOKEN fm2_{b64:180}"],
  ["config/master.key", "{hex:32}"],
  ["shop/settings.py", 'SECRET_KEY = "django-insecure-{base62:50}"'],
  ["terraform.tfstate", '            "master_password": "{strong:16}",'],
  ["notebooks/report.ipynb", '    "engine = create_engine(\\"postgresql://analyst:{base62:18}@wh.shop.internal/dw\\")\\n",'],
  ["infra/k8s/db.yaml", "  password: {b64secret}"],
  ["docker-compose.override.yml", "      DATABASE_URL: postgres://shop:{base62:14}@db:5432/shop"],
  ["home/.yarnrc.yml", "npmAuthToken: npm_{summed}"],
  [".vscode/settings.json", '  "sqltools.connections": [{ "server": "db.shop.internal", "password": "{strong:13}", "username": "shop" }],'],
  ["src/api.ts", 'fetch("https://ci:{base62:24}@jenkins.shop.internal/job/deploy/build")'],
  ["Dockerfile", "ENV STRIPE_API_KEY=rk_live_{base62:48}"],
  ["scripts/release.ps1", '$env:AZURE_CLIENT_SECRET = "{base62:3}8Q~{base62:34}"'],
  ["Makefile", "\tPGPASSWORD={base62:12} pg_dump -h db.shop.internal -U migrator shop > dump.sql"],
  ["ansible/hosts.ini", "db1 ansible_host=10.0.0.4 ansible_user=root ansible_password={strong:12}"],
  ["home/.config/rclone/rclone.conf", "secret_access_key = {b64:40}"],
];

/** What stands before the lines of a file for it to be what it is. */
export const laterFrames: Readonly<Record<string, readonly string[]>> = {
  "infra/k8s/db.yaml": ["apiVersion: v1", "kind: Secret", "metadata:", "  name: db", "data:"],
};

/** A path, and lines of that file. */
export const laterLookAlikes: readonly (readonly [path: string, lines: readonly string[]])[] = [
  [
    "apps/api/.env",
    [
      "GITLAB_PROJECT_ID=48211937",
      "TWILIO_ACCOUNT_SID=AC{hex:32}",
      "GITHUB_APP_ID=312044",
      "VERCEL_GIT_COMMIT_SHA={hex:40}",
      "FLY_MACHINE_ID={hex:14}",
      "DATABASE_POOL_KEY_PREFIX=shop:pool:v2",
      "HEROKU_RELEASE_VERSION=v142",
      "SENDGRID_TEMPLATE_ID=d-{hex:32}",
      "ANTHROPIC_MODEL=claude-sonnet-4-20250514",
      "NEON_BRANCH_ID=br-cool-term-a1b2c3d4",
      "AUTH_SECRET_FILE=/run/secrets/auth_secret",
    ],
  ],
  [
    "apps/api/.env.sample",
    [
      "GITLAB_TOKEN=glpat-xxxxxxxxxxxxxxxxxxxx",
      "NPM_TOKEN=npm_your_token_here",
      "PGPASSWORD=changeit",
      "SECRET_KEY_BASE=run-bin-rails-secret",
    ],
  ],
  [
    "shop/settings.py",
    [
      'SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]',
      'PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]',
      'CSRF_COOKIE_NAME = "shop-csrftoken-2024"',
      'EMAIL_HOST_PASSWORD = config("EMAIL_HOST_PASSWORD", default="")',
      'AUTH_USER_MODEL = "accounts.ShopUser2"',
    ],
  ],
  [
    "terraform.tfstate",
    [
      '            "password": null,',
      '            "secret_arn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-{alpha:6}",',
      '  "lineage": "{uuid}",',
    ],
  ],
  ["notebooks/report.ipynb", ['    "image/png": "{b64:300}",', '    "token_counts = Counter(tokens)\\n",', '   "id": "{hex:8}",']],
  ["infra/k8s/config.yaml", ["kind: ConfigMap", "  PASSWORD_POLICY: strict-v2", "  token-issuer: https://auth.shop.test/realms/shop"]],
  [
    "docker-compose.override.yml",
    [
      "      POSTGRES_HOST_AUTH_METHOD: scram-sha-256",
      "      REDIS_PASSWORD: ${REDIS_PASSWORD-}",
      "      DATABASE_URL: postgres://shop@db:5432/shop",
    ],
  ],
  [
    "home/.bash_history",
    ["export PGPASSWORD=$(pass show shop/db)", "kubectl create token shop-deployer --duration 10m", "ssh-add ~/.ssh/id_ed25519"],
  ],
  ["Makefile", ["TOKEN ?= $(shell gh auth token)", "\tdocker login --username shop --password-stdin < token.txt"]],
  ["scripts/release.ps1", ['$env:AZURE_TENANT_ID = "{uuid}"', "$token = (az account get-access-token | ConvertFrom-Json).accessToken"]],
  ["ansible/hosts.ini", ["db2 ansible_host=10.0.0.5 ansible_password={{ vault_db2_password }}"]],
  [
    "src/api.ts",
    [
      'const TOKEN_PREFIXES = ["ghp_", "glpat-", "xoxb-"];',
      'const maskedKey = "sk_live_****************4242";',
      'fetch("https://user:pass@example.com/")',
    ],
  ],
];
