/**
 * Credentials that are made for a session, in terms of configuration, vault and log: what each is made of, how, and what is recorded of it.
 * It makes none itself.
 */
import type { Clock } from "../base/clock.ts";
import type { HttpCredential, HttpMint, SecretReference } from "../config/config.ts";
import { readSecret, type SecretPlaces } from "../config/read-secret.ts";
import type { Fetched } from "../credentials/broker/bound-secret.ts";
import { assumeRoleMinter } from "../credentials/mint/assume-role.ts";
import { flyMacaroonMinter } from "../credentials/mint/fly-macaroon.ts";
import { googleAccountMinter } from "../credentials/mint/google-account.ts";
import { githubAppMinter } from "../credentials/mint/github-app.ts";
import { MintedSecrets } from "../credentials/mint/minted-secrets.ts";
import type { Minter, MintSend } from "../credentials/mint/minter.ts";
import { oauthMinter } from "../credentials/mint/oauth.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Vault } from "./vault.ts";

export interface HttpMintParts {
  readonly places: SecretPlaces;
  readonly vault: Vault | undefined;
  readonly clock: Clock;
  readonly append: (event: AuditEvent) => void;
  readonly send: MintSend;
}

export class HttpMints {
  readonly #made: ReadonlyMap<string, MintedSecrets>;
  #known: readonly string[] = [];

  constructor(credentials: readonly HttpCredential[], parts: HttpMintParts) {
    this.#made = new Map(
      credentials.flatMap(({ name, secret, mint }) => (mint === undefined ? [] : [[name, mintedOf({ name, secret, mint }, parts)]])),
    );
  }

  /** For a credential that is made; `undefined` for one that is sent as it is. */
  valueOf(name: string): ((principal: string) => Fetched | Promise<Fetched>) | undefined {
    const made = this.#made.get(name);
    return made === undefined ? undefined : (principal) => made.value(principal);
  }

  /** All that may be good still: the same array for as long as nothing changed. */
  known(): readonly string[] {
    const all = [...this.#made.values()].flatMap((made) => made.values());
    if (all.length !== this.#known.length || all.some((value, at) => value !== this.#known[at])) this.#known = all;
    return this.#known;
  }

  /** The session is over. Resolves when providers were told. Never rejects. */
  async end(principal: string): Promise<void> {
    await Promise.all([...this.#made.values()].map((made) => made.end(principal)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#made.values()].map((made) => made.close()));
  }
}

interface Minting {
  readonly name: string;
  readonly secret: SecretReference;
  readonly mint: HttpMint;
}

function mintedOf({ name, secret, mint }: Minting, parts: HttpMintParts): MintedSecrets {
  const { places, vault, clock, append } = parts;
  const read = (reference: SecretReference): Fetched => {
    const found = readSecret(reference, places);
    return found.ok ? { value: found.value } : { problem: found.message };
  };
  const minter = minterOf(mint, read, parts);
  return new MintedSecrets({
    name,
    minter,
    clock,
    secret: () => read(secret),
    minted: (told) => append({ kind: "credential_minted", credential: name, told: minter.told, ...told }),
    ended: (told) => append({ kind: "credential_ended", credential: name, ...told }),
    keep: async (next) => {
      if (secret.kind !== "vault" || vault === undefined) throw new Error("it stands in no vault");
      const what = `rotated the secret ${secret.name}: its provider put another in its place`;
      await vault.update((content) => {
        const before = content.secrets[secret.name];
        if (before === undefined) throw new Error("it was removed");
        return { ...content, secrets: { ...content.secrets, [secret.name]: { ...before, value: next, rotatedAtMs: clock.now() } } };
      }, what);
    },
  });
}

function minterOf(mint: HttpMint, read: (reference: SecretReference) => Fetched, { send, clock }: HttpMintParts): Minter {
  switch (mint.kind) {
    case "github-app":
      return githubAppMinter(mint, send, clock);
    case "gcp-service-account":
      return googleAccountMinter(mint, send, clock);
    case "oauth": {
      const { clientSecret, ...options } = mint;
      return oauthMinter({ ...options, ...(clientSecret === undefined ? {} : { clientSecret: () => read(clientSecret) }) }, send, clock);
    }
    case "fly":
      return flyMacaroonMinter(mint, clock);
    case "assume-role":
      return assumeRoleMinter(mint, send, clock);
  }
}
