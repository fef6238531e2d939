import { proveDirectly } from "./direct.ts";

proveDirectly(18);
