/** kill -9 of a gateway while it backs up, fifty times. */
import { test } from "node:test";
import { killWhileBackingUp } from "./kills.ts";

test("kill -9 during a backup leaves nothing half, fifty times", { timeout: 1_800_000 }, () => killWhileBackingUp(50));
