/**
 * The arrows between the parts, as ARCHITECTURE.md draws them: dependency goes downwards only.
 * A new arrow changes this table in the commit that needs it, and the commit says why. `test/arrows.test.ts` plants breaches.
 */
const layers = {
  base: [],
  model: ["base"],
  catalogue: ["model", "base"],
  // What the operations of providers mean, as data.
  packs: ["model", "base"],
  effects: ["packs", "catalogue", "model", "base"],
  policy: ["model", "base"],
  config: ["policy", "model", "base"],
  audit: ["model", "base"],
  pipeline: ["effects", "policy", "audit", "catalogue", "model", "base"],
  // The executor says through the guard's port what it could not measure.
  adapters: ["pipeline/guard.ts", "pipeline/approvals-port.ts", "pipeline/shown-act.ts", "catalogue", "model", "base"],
  scan: ["model", "base"],
  // What the control plane keeps over a restart.
  store: ["model", "base"],
  // Runs with what they use up, and the grants that persons open for them: state of one process, written through to the store.
  // The guard asks runs through a port of its own, which `sessions` fulfils.
  sessions: ["pipeline/session-gate.ts", "store", "model", "base"],
  // Plans and the questions about them: fulfils the port by which the guard's side presents what is held.
  approvals: ["pipeline/approvals-port.ts", "store", "model", "base"],
  // Where persons are told of it: messages out, and clicks in. It knows approvals as the model has them, and decides nothing.
  channels: ["model", "base"],
  // Figures about questions and proposals of rules: folds over the log's records that are handed in, decided again by the policy.
  attention: ["policy", "model", "base"],
  control: ["sessions", "attention", "recovery/told.ts", "audit", "model", "base"],
  // Pure plans of rights, and appliers that are handed a connected client: neither opens a connection.
  provision: ["model", "base"],
  // Undo, the bin, recovery points, backups and drills: handed connected clients and folders, it opens no connection of its own.
  recovery: ["provision/sql.ts", "store", "model", "base"],
  // Session roles are made under the groups that provisioning made. The vault is replaced and locked as the log's small files are.
  credentials: ["provision", "audit/files.ts", "audit/lock.ts", "model", "base"],
  cli: [
    "wiring.ts",
    "wiring",
    "control/client.ts",
    "control/sign-request.ts",
    "control/signed-call.ts",
    "control/person-key.ts",
    "control/contract.ts",
    // What is told of backups, apart because one file would be too long.
    "control/backups-contract.ts",
    "control/state-directory.ts",
    // What persons signed is verified offline by the functions that verify it when it comes.
    "control/persons-reader.ts",
    // A plan's file is held against itself before it is shown or sent.
    "approvals/plan-file.ts",
    // Who signs a plan works out for itself what its digest is, and what has to be typed.
    "approvals/plan-digest.ts",
    "approvals/desk-rules.ts",
    // And what would follow from it.
    "approvals/also-next.ts",
    "config",
    "audit",
    "effects",
    "policy",
    "provision",
    "scan",
    "attention",
    "model",
    "base",
  ],
};

/** Where each npm package may be imported at run time: one home each, so that replacing it touches one folder. */
const homes = {
  "libpg-query": "effects|wiring",
  // The demo's stand-in for a provider answers GraphQL as a server does.
  graphql: "effects|cli/demo",
  pg: "adapters/postgres|store|wiring|cli",
  yaml: "config",
  zod: "config",
  "@marcbachmann/cel-js": "config",
  commander: "cli",
  "@simplewebauthn/server": "control",
};

/** Pure parts reach no file, socket, process or thread, but for the files named here, each with its reason. */
const pure = "^src/(base|model|catalogue|packs|effects|policy|scan|attention)/|^src/adapters/[^/]+/(codec|session)(/|[.]ts$)";
const impure = [
  "^src/catalogue/builtin/builtin[.]ts$", // reads the catalogue data that ships beside it
  "^src/packs/data/aws-operations[.]ts$", // reads the models of a provider's services that ship beside it
  "^src/effects/sql/pool/", // the parser runs in worker threads that can be replaced
  "^src/scan/walk[.]ts$", // reads what is scanned; every judgement is beside it
];

const tests = "[.]test[.]ts$";
const nodeIo = "^(node:)?(fs|net|tls|http|https|http2|dgram|dns|child_process|worker_threads|cluster)(/promises)?$";
const escaped = (text) => text.replaceAll(".", "[.]");
const at = (part) => `^src/${escaped(part)}${part.endsWith(".ts") ? "$" : "/"}`;
const package_ = (name) => `(^|/)node_modules/${name}/`;

const layerRules = Object.entries(layers).map(([layer, below]) => ({
  name: `layer-${layer}`,
  severity: "error",
  comment: `src/${layer} may import ${below.length ? below.join(", ") : "nothing of ours"}`,
  from: { path: at(layer), pathNot: tests },
  to: { path: "^(src|test|bench|scripts)/", pathNot: [layer, ...below].map(at) },
}));

const homeRules = Object.entries(homes).map(([name, home]) => ({
  name: `home-of-${name}`,
  severity: "error",
  comment: `only src/${home} may import \`${name}\``,
  from: { path: "^src/", pathNot: [`^src/(${home})/`, tests] },
  to: { path: package_(name) },
}));

export default {
  forbidden: [
    {
      name: "no-cycle",
      severity: "error",
      comment: "a circle of types alone vanishes when it runs, and is let be",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "no-unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
    ...layerRules,
    ...homeRules,
    {
      name: "adapters-are-strangers",
      severity: "error",
      comment: "what two adapters share belongs below them",
      from: { path: "^src/adapters/([^/]+)/" },
      to: { path: "^src/adapters/([^/]+)/", pathNot: "^src/adapters/$1/" },
    },
    {
      name: "pure-means-no-io",
      severity: "error",
      comment: "take a port by argument; the listener, the wiring or the CLI does the I/O",
      from: { path: pure, pathNot: [tests, ...impure] },
      to: { path: nodeIo },
    },
    {
      name: "core-has-no-dependencies",
      severity: "error",
      comment: "base, model, catalogue, packs and policy import no npm package, but for its types",
      from: { path: "^src/(base|model|catalogue|packs|policy)/", pathNot: tests },
      to: { path: "node_modules", dependencyTypesNot: ["core", "type-only"] },
    },
    {
      name: "no-development-dependencies",
      severity: "error",
      comment: "the published package does not bring them; only types, and the demo that says what it needs, may",
      from: { path: "^src/", pathNot: [tests, "^src/cli/(commands/)?demo"] },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "console-knows-only-the-contract",
      severity: "error",
      comment: "the console knows actions and effects as `control/contract.ts` tells them, and no protocol",
      from: { path: "^console/", pathNot: tests },
      to: { path: "^(src|test|bench|scripts)/", pathNot: at("control/contract.ts") },
    },
    {
      name: "console-imports-no-code-of-the-core",
      severity: "error",
      comment: "types only: what the browser gets is in console/",
      from: { path: "^console/", pathNot: tests },
      to: { path: "^src/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "console-is-for-browsers",
      severity: "error",
      comment: "preact is all that it brings, and Node's modules are not there",
      from: { path: "^console/", pathNot: tests },
      to: { path: "node_modules", pathNot: package_("preact") },
    },
    {
      name: "only-cli-and-tests-see-the-wiring",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/(cli|wiring)/", "^src/wiring[.]ts$", tests] },
      to: { path: "^src/wiring([.]ts$|/)" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    // Without this a `.ts` import extension and package `exports` are not resolved the way Node does it.
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default", "types"] },
  },
};
