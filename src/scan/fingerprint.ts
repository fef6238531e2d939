/**
 * What is shown in a secret's place: four digits of a digest whose salt lives as long as the run.
 * Two runs give two fingerprints for one secret, so that nobody can collect them.
 */
import { sha256Hex } from "../base/canonical.ts";
import type { RandomBytes } from "../base/ids.ts";

export type Fingerprint = (secret: string) => string;

const shownDigits = 4;

export function openFingerprint(random: RandomBytes): Fingerprint {
  const salt = Buffer.from(random(32)).toString("hex");
  return (secret) => sha256Hex(`${salt}:${secret}`).slice(0, shownDigits);
}
