/**
 * What becomes of a message that was looked at.
 * It is no decision of the policy; that is the guard's.
 */
export const FORWARD = 0;
export const DROP = 1;
/** Not consumed: it will be looked at again when the session is resumed. */
export const HOLD = 2;
/** Not consumed: all of it must be here first. */
export const REST = 3;
export type Disposition = typeof FORWARD | typeof DROP | typeof HOLD | typeof REST;
