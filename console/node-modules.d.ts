/**
 * The model's types name modules of Node, which the browser has not: here they are names without contents. No code of theirs is bundled,
 * for the console imports types only.
 */
declare module "node:crypto";
