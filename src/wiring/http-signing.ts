/**
 * Key pairs in terms of configuration, vault and packs: which hosts each signs for, where it is fetched, and what a session holds in its
 * place. It signs nothing itself.
 */
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { HttpConfig, HttpCredential } from "../config/config.ts";
import { readSecret, type SecretPlaces, vaultPlace } from "../config/read-secret.ts";
import type { CredentialBroker } from "../credentials/broker/broker.ts";
import { type KeyPair, keyPairOf } from "../credentials/sigv4/key-pair.ts";
import type { SigningRequest } from "../credentials/sigv4/read-request.ts";
import { type SignedTaken, Signatures } from "../credentials/sigv4/signatures.ts";
import { globRegExp } from "../effects/http/doors.ts";
import { packs } from "../packs/index.ts";
import { hostsOf } from "./http-broker.ts";
import type { HttpMints } from "./http-mint.ts";
import type { Vault } from "./vault.ts";

export interface HttpSigningParts {
  readonly environment: SecretPlaces;
  readonly vault: Vault | undefined;
  readonly random: RandomBytes;
  readonly clock: Clock;
  readonly mints: HttpMints;
}

interface Placeholder {
  readonly name: string;
  readonly placeholder: string;
  readonly variable?: string;
}

export class HttpSigning {
  readonly #signatures: Signatures;
  readonly #credentials: readonly HttpCredential[];

  /** Throws {@link WiringError} for a credential that is bound to no host. */
  constructor({ credentials }: HttpConfig, parts: HttpSigningParts) {
    const { environment, vault, random, clock, mints } = parts;
    const places: SecretPlaces = vault === undefined ? environment : { ...environment, [vaultPlace]: vault };
    this.#credentials = credentials.filter(({ mode }) => mode === "sigv4");
    const secrets = this.#credentials.map((credential) => {
      const patterns = hostsOf(credential, vault).map(globRegExp);
      return {
        name: credential.name,
        goesTo: (host: string) => patterns.some((pattern) => pattern.test(host)),
        pair: pairsOf(credential, places, mints),
      };
    });
    const facts = (provider: string) => packs.find((pack) => pack.provider === provider)?.signing;
    this.#signatures = new Signatures({ secrets, key: random(32), clock, facts });
  }

  /** `undefined` where no key pair signed it. */
  take(principal: string, request: SigningRequest, broker: CredentialBroker): SignedTaken | undefined {
    return this.#signatures.take(principal, request, (rest) => broker.take(principal, rest));
  }

  /** What a session holds in place of each pair: its id, which also stands in signatures, and its key, which nobody sends. */
  issue(principal: string): readonly Placeholder[] {
    const issued = this.#signatures.issue(principal);
    return this.#credentials.flatMap(({ name, variable = "AWS" }) => {
      const pair = issued.get(name);
      if (pair === undefined) return [];
      return [
        { name, placeholder: pair.id, variable: `${variable}_ACCESS_KEY_ID` },
        { name, placeholder: pair.secret, variable: `${variable}_SECRET_ACCESS_KEY` },
      ];
    });
  }

  forget(principal: string): void {
    this.#signatures.forget(principal);
  }
}

type Pair = KeyPair | { readonly problem: string };

/** As it stands in the vault, or made for the session of it. */
function pairsOf({ name, secret }: HttpCredential, places: SecretPlaces, mints: HttpMints): (principal: string) => Pair | Promise<Pair> {
  const made = mints.valueOf(name);
  if (made !== undefined)
    return async (principal) => {
      const found = await made(principal);
      return "problem" in found ? found : pairIn(found.value);
    };
  return () => {
    const found = readSecret(secret, places);
    return found.ok ? pairIn(found.value) : { problem: found.message };
  };
}

function pairIn(text: string): Pair {
  return keyPairOf(text) ?? { problem: "it is no key pair: put one in with `holdfast vault rotate --kind key-pair`" };
}
