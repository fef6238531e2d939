/**
 * What a path says about a file: whether it holds configuration, code, examples or generated text, and what is passed over by rule.
 * It does not open anything.
 */
import { pattern } from "./pattern.ts";

/**
 * `config`: values may stand bare, weak names matter. `code`: values stand in quotes. `history`: commands as typed.
 * `example`: documents and samples. `generated`: lock files, bundles, data: only what has a shape of its own counts there.
 */
export type FileKind = "config" | "code" | "history" | "example" | "generated";

const generatedNames = pattern(
  "i",
  String.raw`(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.ya?ml|bun\.lockb?|`,
  String.raw`deno\.lock|[^/]*\.lock|go\.sum|composer\.lock|gradle\.lockfile|packages\.lock\.json|flake\.lock|`,
  String.raw`Cargo\.lock|project\.assets\.json|verification-metadata\.xml|MANIFEST|SHA\d+SUMS?[^/]*|`,
  String.raw`checksums?\.\w+)$`,
);
const generatedEnds = pattern(
  "i",
  String.raw`\.(?:min\.(?:js|css|mjs)|bundle\.js|chunk\.js|map|svg|snap|ipynb|csv|tsv|po|pot|strings|wasm|sum|`,
  "geojson|ics|vcf|tsbuildinfo|xliff?|resx)$",
);
const generatedFolders = /(?:^|\/)(?:locales?|i18n|translations?|lang|\.next|\.nuxt|__snapshots__|coverage|storybook-static)\//i;

const exampleNames = pattern(
  "i",
  String.raw`(?:[._-](?:example|examples|sample|template|tmpl|tpl|dist|default|defaults|skel|stub)(?:\.[\w]+)?|`,
  "(?:^|/)(?:example|sample|template)[._-][^/]*)$",
);
const documents = pattern(
  "i",
  String.raw`\.(?:md|mdx|markdown|rst|adoc|asciidoc|tex|html?|pod|rdoc|1|3|5|8)$|(?:^|/)(?:README|CHANGELOG|`,
  "CHANGES|HISTORY|NEWS|LICENSE|SECURITY|CONTRIBUTING)[^/]*$",
);
const documentFolders = /(?:^|\/)(?:docs?|documentation|examples?|samples?|templates?)\//i;

const histories = pattern(
  "i",
  String.raw`(?:^|/)(?:\.?(?:bash|zsh|sh|ksh|ash|fish|psql|mysql|sqlite|python|node_repl|irb|pry|rediscli|mongo|`,
  String.raw`mongosh_repl|lesshst|duckdb|dbshell|viminfo)_?history|fish_history|\.histfile|\.zhistory|\.dbshell|`,
  String.raw`ConsoleHost_history\.txt)$`,
);

const codeEnds = pattern(
  "i",
  String.raw`\.(?:[cm]?[jt]sx?|py|pyi|rb|erb|go|rs|java|kt|kts|scala|groovy|gradle|php|cs|fs|vb|swift|m|mm|c|h|`,
  "cc|cpp|hpp|ex|exs|erl|hs|clj|cljs|lua|pl|pm|r|jl|dart|vue|svelte|astro|sql|psql|ps1|psm1|bat|cmd|",
  "nix|graphql|proto|sol|zig|nim)$",
);

/** The kind of a path with `/` between its parts. */
export function fileKind(path: string): FileKind {
  if (generatedNames.test(path) || generatedEnds.test(path) || generatedFolders.test(path)) return "generated";
  if (histories.test(path)) return "history";
  if (exampleNames.test(path) || documents.test(path)) return "example";
  if (documentFolders.test(path) && !/(?:^|\/)\.env[^/]*$/.test(path)) return "example";
  return codeEnds.test(path) ? "code" : "config";
}

/** Written to be run by tests: what stands there is made up, unless it looks drawn by chance. */
export function isTestFile(path: string): boolean {
  return (
    /(?:^|\/)(?:tests?|__tests__|specs?|e2e|fixtures?|__fixtures__|testdata|test-data|mocks?|__mocks__|stubs?|cypress|factories)\//i.test(
      path,
    ) || /(?:[._-](?:test|tests|spec|mock|mocks|fixture|fixtures)\.[\w]+|(?:^|\/)(?:test_|conftest)[^/]*\.py)$/i.test(path)
  );
}

/** Folders that hold other people's code, caches, or a version control system's own objects. A secret of yours there is a copy. */
const passedFolders = new Set([
  "node_modules",
  "bower_components",
  "site-packages",
  "__pycache__",
  ".pnpm-store",
  ".hg",
  ".svn",
  ".mypy_cache",
  ".pytest_cache",
  ".ruff_cache",
  ".gradle",
  ".turbo",
  ".parcel-cache",
  ".cargo-cache",
]);
const passedPaths = pattern(
  "",
  String.raw`(?:^|/)(?:\.git/(?!config$|credentials$).*|\.yarn/(?:cache|releases|unplugged)|`,
  String.raw`\.terraform/(?:providers|modules)|\.next/cache|Library/Caches)$`,
);

/** Whether the walk leaves out the file or folder at this relative path. */
export function isPassedOver(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return passedFolders.has(name) || passedPaths.test(path);
}

const binaries = pattern(
  "i",
  String.raw`\.(?:png|jpe?g|gif|webp|avif|bmp|ico|icns|tiff?|psd|pdf|zip|gz|tgz|bz2|xz|zst|7z|rar|tar|jar|war|`,
  "class|pyc|pyo|so|dylib|dll|exe|bin|o|a|lib|obj|wasm|woff2?|ttf|otf|eot|mp[34]|m4a|mov|avi|mkv|webm|",
  "wav|flac|ogg|node|lockb|parquet|arrow|iso|dmg|deb|rpm|apk|ipa)$",
);

/** By its name no text. */
export function isBinaryName(path: string): boolean {
  return binaries.test(path);
}

/** Binary files in which a program keeps tokens as plain text: read byte by byte. */
export function isReadableBinary(path: string): boolean {
  return /(?:^|\/)gcloud\/(?:credentials|access_tokens)\.db$/.test(path);
}

/** Where programs keep their logins, relative to a home directory. */
export const homePlaces: readonly string[] = [
  ".npmrc",
  ".yarnrc.yml",
  ".netrc",
  "_netrc",
  ".pgpass",
  ".pg_service.conf",
  ".my.cnf",
  ".pypirc",
  ".gem/credentials",
  ".cargo/credentials.toml",
  ".cargo/credentials",
  ".git-credentials",
  ".gitconfig",
  ".config/git/credentials",
  ".aws",
  ".azure",
  ".config/gcloud",
  ".kube/config",
  ".docker/config.json",
  ".config/gh",
  ".config/glab-cli",
  ".config/hub",
  ".fly/config.yml",
  ".railway/config.json",
  ".heroku",
  ".supabase/access-token",
  ".config/supabase",
  ".local/share/com.vercel.cli",
  ".vercel/auth.json",
  "Library/Application Support/com.vercel.cli/auth.json",
  ".netlify/config.json",
  ".config/netlify/config.json",
  ".config/.wrangler",
  ".wrangler/config",
  ".config/doctl/config.yaml",
  ".config/neonctl/credentials.json",
  ".config/planetscale",
  ".turso/config.json",
  ".config/turso/settings.json",
  ".render/cli.yaml",
  ".terraform.d/credentials.tfrc.json",
  ".terraformrc",
  ".pulumi/credentials.json",
  ".vault-token",
  ".config/rclone/rclone.conf",
  ".s3cfg",
  ".boto",
  ".databrickscfg",
  ".snowflake/connections.toml",
  ".dbt/profiles.yml",
  ".ssh",
  ".composer/auth.json",
  ".config/composer/auth.json",
  ".m2/settings.xml",
  ".gradle/gradle.properties",
  ".nuget/NuGet/NuGet.Config",
  ".claude.json",
  ".claude/.credentials.json",
  ".codex/auth.json",
  ".cursor/mcp.json",
  ".config/github-copilot",
  ".bashrc",
  ".bash_profile",
  ".profile",
  ".zshrc",
  ".zshenv",
  ".zprofile",
  ".config/fish/config.fish",
  ".bash_history",
  ".zsh_history",
  ".local/share/fish/fish_history",
  ".psql_history",
  ".mysql_history",
  ".python_history",
  ".node_repl_history",
  ".rediscli_history",
  ".env",
];
