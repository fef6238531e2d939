/**
 * A gateway in a process of its own, to be killed: `node gateway-child.ts FOLDER`, with the configuration and the secrets it needs.
 * Prints the address it listens on, and runs until it is ended.
 */
import { join } from "node:path";
import { loadConfig } from "../../src/config/load-config.ts";
import { openGateway } from "../../src/wiring.ts";

const loaded = loadConfig({ path: join(process.argv[2] ?? "", "holdfast.yaml") });
if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
const gateway = await openGateway(loaded.config, { environment: process.env });
await gateway.start();
process.stdout.write(`${gateway.status().targets[0]?.listen ?? ""}\n`);
setInterval(() => undefined, 60_000);
