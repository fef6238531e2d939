/**
 * Where things lie in the state directory, for the gateway that writes them and the commands that read them.
 * It does not make or open anything. The audit log has a folder of its own in the config.
 */
import { join } from "node:path";
import { controlSocketName } from "./contract.ts";

export interface StateDirectory {
  /** The folder of the key that signs checkpoints, and of its public half (`audit.pub`). */
  readonly keys: string;
  readonly controlSocket: string;
}

export function stateDirectory(path: string): StateDirectory {
  return { keys: join(path, "keys"), controlSocket: join(path, controlSocketName) };
}
