/**
 * A key from a passphrase: scrypt with its parameters beside the salt, and bounds on what anybody may ask of it.
 * It keeps nothing, and does not say what a good passphrase is beyond its length and variety.
 */
import { scrypt } from "node:crypto";

/** scrypt's N, r and p. Memory is 128 * N * r bytes. */
export interface KeyCost {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
}

/**
 * 128 MiB and 0.3 s of one core (Node 24, measured 2026-11-22: N=2^15 0.07 s, 2^16 0.14 s, 2^17 0.29 s, 2^18 0.60 s): felt by nobody
 * who types a passphrase once, and by everybody who tries a list of them.
 */
export const usualKeyCost: KeyCost = { cost: 2 ** 17, blockSize: 8, parallelization: 1 };

const costMin = 2 ** 15;
const memoryBytesMax = 512 * 1024 * 1024;

/** Why a cost is not used, or `null`: weaker ones are somebody's try to guess, larger ones somebody's try to keep us busy. */
export function costProblem({ cost, blockSize, parallelization }: KeyCost): string | null {
  const whole = [cost, blockSize, parallelization].every((figure) => Number.isSafeInteger(figure) && figure > 0);
  if (!whole || Math.log2(cost) % 1 !== 0) return "the key's parameters are no parameters of scrypt";
  if (cost < costMin || blockSize < 8) return `the key's parameters are weaker than Holdfast accepts (N ${costMin}, r 8)`;
  if (128 * cost * blockSize > memoryBytesMax || parallelization > 16)
    return "the key's parameters ask for more memory or time than is given";
  return null;
}

/** `bytes` bytes. Rejects with what {@link costProblem} says. The passphrase is the caller's to wipe. */
export function keyFromPassphrase(passphrase: Uint8Array, salt: Uint8Array, how: KeyCost, bytes = 32): Promise<Buffer> {
  const problem = salt.length < 16 ? "the key's salt is shorter than 16 bytes" : costProblem(how);
  if (problem !== null) return Promise.reject(new Error(problem));
  const { cost, blockSize, parallelization } = how;
  // Node refuses what needs more than `maxmem`; a little beyond the tables is used besides them.
  const maxmem = 128 * blockSize * (cost + parallelization) + 1024 * 1024;
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, bytes, { N: cost, r: blockSize, p: parallelization, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

const charactersMin = 12;
const differentMin = 6;

/** Why a new passphrase is refused, or `null`. An existing one is never refused by it. */
export function passphraseProblem(passphrase: Uint8Array): string | null {
  const characters = [...new TextDecoder().decode(passphrase)];
  if (characters.length < charactersMin) return `a passphrase has ${charactersMin} characters or more`;
  return new Set(characters).size < differentMin ? `a passphrase has ${differentMin} different characters or more` : null;
}

/** The bytes of a typed passphrase: the same on every keyboard. */
export function passphraseBytes(text: string): Buffer {
  return Buffer.from(text.normalize("NFKC"), "utf8");
}
