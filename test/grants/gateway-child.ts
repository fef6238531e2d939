/**
 * A gateway with its vault open, in a process of its own, to be killed: `node gateway-child.ts FOLDER`. Prints its address and runs on.
 * The vault's passphrase is the scene's: it protects nothing but test data.
 */
import { join } from "node:path";
import { loadConfig } from "../../src/config/load-config.ts";
import { openGateway } from "../../src/wiring.ts";
import { openSealedVault } from "../../src/wiring/vault.ts";
import { vaultPassphrase } from "./scene.ts";

const loaded = loadConfig({ path: join(process.argv[2] ?? "", "holdfast.yaml") });
if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
const vault = await openSealedVault(loaded.config, vaultPassphrase());
const gateway = await openGateway(loaded.config, { environment: process.env, vault });
await gateway.start();
process.stdout.write(`${gateway.status().targets[0]?.listen ?? ""}\n`);
setInterval(() => undefined, 60_000);
