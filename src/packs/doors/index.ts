/** Every provider's command lines and tools, in the order of the packs' groups. */
import { awsDoors } from "./aws.ts";
import { cloudDoors } from "./clouds.ts";
import { databaseDoors } from "./databases.ts";
import type { ProviderDoors } from "./door.ts";
import { infrastructureDoors } from "./infrastructure.ts";
import { platformDoors } from "./platforms.ts";
import { workDoors } from "./work.ts";

export const otherDoors: readonly ProviderDoors[] = [
  ...platformDoors,
  ...databaseDoors,
  ...infrastructureDoors,
  ...workDoors,
  ...cloudDoors,
  awsDoors,
];
