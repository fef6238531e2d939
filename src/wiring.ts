/**
 * The composition root: the one door through which commands and tests reach the joined parts.
 * It joins nothing itself; each file under `wiring/` joins one thing.
 */
export { type Gateway, type GatewayOptions, openGateway } from "./wiring/gateway.ts";
export { type Explainer, openExplainer, openPolicyTest, type PolicyTest } from "./wiring/explainer.ts";
export { newLogin } from "./wiring/new-login.ts";
export { WiringError } from "./wiring/target-options.ts";
export { openProvisioning, type Provisioning } from "./wiring/provisioning.ts";
export { type Leftover, lookAtServer, type ServerLook } from "./wiring/server-look.ts";
