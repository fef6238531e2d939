/** A few of the kills that `kills.long.test.ts` does fifty of. */
import { test } from "node:test";
import { killWhileBackingUp } from "./kills.ts";

test("kill -9 during a backup leaves nothing half, three times", { timeout: 600_000 }, () => killWhileBackingUp(3));
