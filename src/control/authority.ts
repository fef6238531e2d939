/**
 * Holds a person's signature over a request against the keys in the vault: nonces, their life and single use, a bound on guessing.
 * It does not say what a person may do with it; the route does.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import { usualKeyCost } from "../base/passphrase-key.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Environment } from "../model/principal.ts";
import type { Authority, Challenge, SignedRequest, Verification } from "./authority-port.ts";
import type { PersonKeyParameters } from "./person-key.ts";
import { bodyDigest, gatewayName, signatureFits, statementText } from "./signed-statement.ts";

export interface RegisteredPerson {
  readonly name: string;
  readonly approves: readonly Environment[];
  readonly key: PersonKeyParameters;
  /** Ed25519, 32 bytes in base64. */
  readonly publicKey: string;
  readonly passkeys?: readonly RegisteredPasskey[];
}

/** A WebAuthn credential that the person registered. */
export interface RegisteredPasskey {
  /** Its id, base64url. */
  readonly credential: string;
  /** SPKI, base64url. */
  readonly publicKey: string;
  /** The name of the site that it was made for. */
  readonly rpId: string;
  readonly label: string;
  readonly registeredAtMs: number;
  /** As the authenticator last said how often it was used; many always say 0. */
  readonly counter: number;
}

export interface AuthorityOptions {
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** The control socket's path; its folder is there. */
  readonly gateway: string;
  /** Asked each time: the vault may change while the gateway runs. */
  readonly persons: () => readonly RegisteredPerson[];
  readonly record: (event: AuditEvent) => void;
}

/** Enough to read a question and type a passphrase before the client asks for it; short enough that a stolen one is soon worthless. */
const nonceMsMax = 60_000;
/** Refused attempts told one by one; what is beyond in the same minute is counted, so that nobody fills the log. */
const refusalsToldMax = 20;
const refusalsEveryMs = 60_000;

export function openAuthority(options: AuthorityOptions): Authority {
  return new PersonAuthority({ ...options, gateway: gatewayName(options.gateway) });
}

type Refusal = Extract<Verification, { ok: false }>;

const nextWithoutPersons = "register a person: holdfast person add NAME, and before it holdfast vault init where there is no vault";
const nextNotSigned = "a registered person signs it with a passphrase on a terminal";

class PersonAuthority implements Authority {
  readonly #options: AuthorityOptions;
  /** Signs nonces, so that asking for many of them takes no memory and pushes out nobody else's. Dies with the process. */
  readonly #secret: Uint8Array;
  /** Nonces that were used, with their end. Only good signatures get in here. */
  readonly #used = new Map<string, number>();
  #told = 0;
  #untold = 0;
  #windowEndsAtMs = 0;

  constructor(options: AuthorityOptions) {
    this.#options = options;
    this.#secret = options.random(32);
  }

  get anyone(): boolean {
    return this.#options.persons().length > 0;
  }

  challenge(person: string): Promise<Challenge> {
    const { clock, random } = this.#options;
    const expiresAtMs = clock.now() + nonceMsMax;
    const free = Buffer.from(random(16)).toString("hex");
    const nonce = `${free}_${expiresAtMs.toString(36)}_${this.#mark("nonce", person, free, String(expiresAtMs))}`;
    const known = this.#options.persons().find(({ name }) => name === person);
    // Always the same for a name that nobody has, as a registered one's is.
    const key: PersonKeyParameters = known?.key ?? {
      salt: Buffer.from(this.#mark("salt", person), "hex").toString("base64"),
      ...usualKeyCost,
    };
    return Promise.resolve({ nonce, expiresAtMs, key });
  }

  verify(request: SignedRequest): Promise<Verification> {
    return Promise.resolve(this.#verified(request));
  }

  #verified(request: SignedRequest): Verification {
    const { gateway, persons, record } = this.#options;
    const { person, nonce, method, path, signature } = request;
    const registered = persons();
    if (registered.length === 0)
      return this.#refused(request, "nobody is registered who may do this", {
        message: "nobody is registered who may do this",
        next: nextWithoutPersons,
      });
    const known = registered.find(({ name }) => name === person);
    const digest = bodyDigest(request.body);
    const statement = statementText({ gateway, person, nonce, method, path, bodyDigest: digest });
    const wrongNonce = this.#nonceProblem(person, nonce);
    if (wrongNonce !== null || known === undefined || !signatureFits(statement, known.publicKey, signature)) {
      const because = wrongNonce ?? "the signature does not hold for this person, passphrase and request";
      return this.#refused(request, because, { message: `this takes a person: ${because}`, next: nextNotSigned });
    }
    this.#used.set(nonce, this.#expiry(nonce));
    const { publicKey, approves } = known;
    const evidence = { gateway, publicKey, signature, nonce, bodyDigest: digest };
    record({ kind: "person_attempt", accepted: true, person, method, path, because: "signed", ...evidence });
    return { ok: true, person: { name: person, approves }, evidence };
  }

  #refused({ person, method, path }: SignedRequest, because: string, refusal: Omit<Refusal, "ok">): Refusal {
    const { clock, gateway, record } = this.#options;
    const now = clock.now();
    if (now >= this.#windowEndsAtMs) {
      this.#windowEndsAtMs = now + refusalsEveryMs;
      this.#told = 0;
    }
    if (this.#told >= refusalsToldMax) {
      this.#untold += 1;
      return { ok: false, message: "too many attempts without a signature that holds", next: "wait a minute" };
    }
    this.#told += 1;
    const repeated = this.#untold === 0 ? {} : { repeated: this.#untold };
    this.#untold = 0;
    record({ kind: "person_attempt", accepted: false, person, gateway, method, path, because, ...repeated });
    return { ok: false, ...refusal };
  }

  #nonceProblem(person: string, nonce: string): string | null {
    const [free = "", , mark = ""] = nonce.split("_");
    const expiresAtMs = this.#expiry(nonce);
    const now = this.#options.clock.now();
    for (const [used, until] of this.#used) if (until <= now) this.#used.delete(used);
    const own = Buffer.from(this.#mark("nonce", person, free, String(expiresAtMs)));
    const given = Buffer.from(mark);
    if (own.length !== given.length || !timingSafeEqual(own, given)) return "the nonce is none of this gateway's for this person";
    if (expiresAtMs <= now) return "the nonce is too old";
    return this.#used.has(nonce) ? "the nonce was used before" : null;
  }

  #expiry(nonce: string): number {
    return Number.parseInt(nonce.split("_")[1] ?? "", 36);
  }

  #mark(...parts: readonly string[]): string {
    return createHmac("sha256", this.#secret).update(JSON.stringify(parts)).digest("hex");
  }
}
