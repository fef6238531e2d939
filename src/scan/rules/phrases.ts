/**
 * Ways of saying a secret in a command line, a header or a statement, as they stand in shell histories, scripts and code.
 * A value that is a variable, a placeholder or an everyday word is no secret; `detect` sees to that for every rule.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables, as they stand in files
import type { Phrase } from "../credential.ts";
import { pattern } from "../pattern.ts";

const database = "change and delete what its role may in that database";

export const phrases: readonly Phrase[] = [
  {
    id: "mysql-password-option",
    kind: "MySQL password in a command",
    marks: /mysql|mariadb/,
    phrase: /\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;&]{0,200}?\s-p(?<secret>[^\s'"=-][^\s'"]{3,100})/,
    destroys: database,
    examples: {
      hits: ["mysql -h db -u root -p{strong:12} shop", "mysqldump -ushop -p{base62:10} shop > x.sql"],
      misses: ["mysql -u root -p shop", "mysql --port 3306 -p$PASS", "mysql -h db -P 3306"],
    },
  },
  {
    id: "curl-login",
    kind: "login in a command",
    marks: /curl|wget|http|--user|-u/,
    phrase: /\b(?:curl|http|wget)\b[^\n]{0,400}?\s(?:-u|--user)[ =]['"]?[\w.@%+-]{1,80}:(?<secret>[^\s'":]{4,200})/,
    examples: {
      hits: ["curl -s -u admin:{strong:14} https://ci.corp.test/api"],
      misses: ["curl -u $USER:$PASS https://x", "curl -u name https://x", "curl -u user:password https://x"],
    },
  },
  {
    id: "bearer-header",
    kind: "token in a header",
    marks: /bearer|token|basic|key/i,
    phrase: pattern(
      "i",
      String.raw`\b(?:authorization|proxy-authorization|x-[a-z-]{0,30}(?:key|token|secret)|api-key|private-token|`,
      String.raw`x-auth)['"]?\s*[:=,]\s*['"]?(?:(?:bearer|token|basic|apikey|`,
      String.raw`key)\s+)?(?<secret>[A-Za-z0-9_~+/.=-]{16,2000})`,
    ),
    accept: (secret) => /[0-9]/.test(secret) && /[A-Za-z]/.test(secret) && !/^(?:application|text)\//.test(secret),
    destroys: "do what the token allows at that address",
    examples: {
      hits: [
        "curl -H 'Authorization: Bearer {base62:40}' https://x",
        'headers: { "Authorization": "Bearer {hex:48}" }',
        "-H 'X-Api-Key: {base62:32}'",
        "Authorization: Bearer {uuid}",
      ],
      misses: [
        "Authorization: Bearer $TOKEN",
        "Authorization: Bearer <token>",
        '"Authorization": `Bearer ${token}`',
        "Authorization: Bearer YOUR_API_TOKEN_12345",
      ],
    },
  },
  {
    id: "password-option",
    kind: "password in a command",
    marks: /--?(?:password|passwd|pass|token|secret|api-?key|auth-?token|access-?token)|sshpass|redis-cli|docker login/i,
    phrase: pattern(
      "i",
      String.raw`(?:(?<![\w-])--?(?:password|passwd|pass|token|secret|(?:api|access|secret)-?key|(?:auth|access|`,
      String.raw`api)-?token|client-secret)(?:=|\s+)|\bsshpass\s+-p\s*|\bredis-cli\b[^\n|;]{0,100}\s-a\s+|`,
      String.raw`\bdocker\s+login\b[^\n|;]{0,100}\s-p\s+)['"]?(?<secret>[^\s'"\x60,;)\]}<>]{6,400})`,
    ),
    accept: (secret) => !/^[-/.]|^[a-z_-]+$|^[A-Z_]+$|^https?:|^@/.test(secret) && /[0-9]|[^\w]/.test(secret),
    examples: {
      hits: [
        "vercel deploy --token {base62:24}",
        "sshpass -p '{strong:12}' ssh root@host",
        "redis-cli -h cache -a {base62:20} flushall",
        "docker login -u shop -p {strong:16} registry.test",
      ],
      misses: ["--password-stdin", "--token $TOKEN", "--password <password>", "tool --token TOKEN --verbose", "--pass --fail"],
    },
  },
  {
    id: "client-password-variable",
    kind: "password of a database",
    marks: /PGPASSWORD|MYSQL_PWD|REDISCLI_AUTH/,
    // Before a command, or set for those that follow: whoever wrote it meant it, however it looks.
    phrase: /\b(?:PGPASSWORD|MYSQL_PWD|REDISCLI_AUTH)=['"]?(?<secret>[^\s'"`;&|<>$]{8,200})/,
    accept: (secret) => !/^[a-z_.-]+$|^[A-Z_.-]+$|[${}<>()]/.test(secret),
    destroys: database,
    examples: {
      hits: [
        "PGPASSWORD={base62:12} pg_dump -h db shop",
        "export MYSQL_PWD='{strong:12}'",
        "\tREDISCLI_AUTH={base62:16} redis-cli flushall",
      ],
      misses: ["PGPASSWORD=$PW psql", 'PGPASSWORD="$(pass show db)" psql', "PGPASSWORD=password psql", "PGPASSWORD=<password> psql"],
    },
  },
  {
    id: "sql-password",
    kind: "password in a statement",
    marks: /password|identified/i,
    phrase: pattern(
      "i",
      String.raw`\b(?:(?:create|alter)\s+(?:role|user)\b[^;\n]{0,200}?\bpassword\s+|`,
      String.raw`identified\s+(?:with\s+\w+\s+)?by\s+(?:password\s+)?|`,
      String.raw`set\s+password\b[^;\n]{0,80}?=\s*(?:password\()?)[eE]?'(?<secret>[^'\n]{4,200})'`,
    ),
    destroys: database,
    examples: {
      hits: ["ALTER ROLE app WITH LOGIN PASSWORD '{strong:14}';", "CREATE USER 'app'@'%' IDENTIFIED BY '{base62:16}';"],
      misses: [
        "ALTER ROLE app PASSWORD NULL",
        "CREATE ROLE app PASSWORD 'changeme'",
        "ALTER ROLE app PASSWORD 'SCRAM-SHA-256$4096:{b64:24}'",
        "CREATE ROLE app PASSWORD :'pw'",
      ],
    },
  },
  {
    id: "dsn-password",
    kind: "password in a connection string",
    marks: /(?:password|pwd)\s*=/i,
    phrase: pattern(
      "i",
      String.raw`(?:\b(?:host|hostaddr|server|data source|dbname|database|user|user id|uid|`,
      String.raw`addr)\s*=\s*[^\s;'"]+[ \t;]+)(?:[\w ]{1,24}=\s*[^;'"\n]{0,80}?[ \t;]+){0,8}?(?:password|`,
      String.raw`pwd)\s*=(?:\s*'(?<quoted>[^'\n]{3,100})'|(?<secret>[^\s;'"&]{3,100}))`,
    ),
    destroys: database,
    examples: {
      hits: [
        '"host=db user=app password={base62:14} dbname=shop"',
        "Server=db;Database=shop;User Id=sa;Password={strong:12};",
        "host=db dbname=shop user=app password={lower36:6}",
      ],
      misses: ["host=db user=app password=$PGPASSWORD", "Server=db;User Id=sa;Password={0};", "user=x password=<password>"],
    },
  },
  {
    id: "url-query-password",
    kind: "password in an address",
    marks: /[?&;](?:password|pwd|access_token|token|api_?key|key|secret|sig)=/i,
    phrase: pattern(
      "i",
      String.raw`\b[a-z][a-z0-9+.:-]{2,30}://[^\s'"<>\x60]{1,300}[?&;](?:password|pwd|access_token|token|api_?key|`,
      String.raw`apikey|client_secret|secret|sslpassword|authtoken|sig)=(?<secret>[^\s&'"<>\x60;#\\)]{6,400})`,
    ),
    destroys: "do what the login allows at that address",
    examples: {
      hits: ["jdbc:postgresql://db:5432/shop?user=app&password={base62:12}", "https://api.shop.test/v1?api_key={hex:32}"],
      misses: ["https://x.test/?token=$TOKEN", "https://x.test/reset?token={id}", "https://x.test/?password=changeme"],
    },
  },
];
