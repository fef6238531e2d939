/**
 * Who calls the proxy for HTTP APIs: the logins of the wire, so that one run is one run on every path.
 * It holds no password; what was right once is remembered by a digest for as long as the account stays as it is.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import { LoginThrottle } from "../adapters/postgres/login/login-throttle.ts";
import type { Account } from "../adapters/postgres/options.ts";
import { scram } from "../adapters/postgres/scram.ts";
import { environments } from "../model/principal.ts";
import type { ServedTarget } from "./run-control.ts";

export interface HttpLoginParts {
  readonly clock: Clock;
  readonly served: () => readonly ServedTarget[];
}

export interface KnownLogin {
  readonly account: Account;
  readonly served: ServedTarget;
}

export class HttpLogins {
  readonly #parts: HttpLoginParts;
  readonly #throttle: LoginThrottle;
  /** By account: a program's goes with its session, and its memory here with it. */
  readonly #right = new WeakMap<Account, Buffer>();

  constructor(parts: HttpLoginParts) {
    this.#parts = parts;
    this.#throttle = new LoginThrottle(parts.clock);
  }

  /** The strictest of its targets, where a user has several. */
  find(user: string): KnownLogin | undefined {
    const all = this.#parts.served().flatMap((served) => {
      const account = served.accounts.get(user);
      return account === undefined ? [] : [{ account, served }];
    });
    return all.toSorted((one, other) => strictness(one) - strictness(other))[0];
  }

  /** A sentence where they open nothing: the same whether the name or the password is wrong. */
  async open(user: string, password: string): Promise<KnownLogin | string> {
    const wrong = "the session's login is wrong, or the session is over";
    if (this.#throttle.crowded(user)) return "too many wrong logins of this name";
    const found = this.find(user);
    if (found !== undefined && this.#isRight(found.account, password)) return found;
    await delay(this.#throttle.failed(user));
    this.#throttle.answered(user);
    return wrong;
  }

  #isRight(account: Account, password: string): boolean {
    const { salt, iterations, storedKey } = account.verifier;
    const digest = createHash("sha256").update(salt).update(password, "utf8").digest();
    const known = this.#right.get(account);
    if (known !== undefined && timingSafeEqual(known, digest)) return true;
    const derived = scram.hash(scram.clientKey(scram.saltedPassword(password, salt, iterations)));
    if (!timingSafeEqual(derived, storedKey)) return false;
    this.#right.set(account, digest);
    return true;
  }
}

function strictness({ served }: KnownLogin): number {
  return environments.indexOf(served.target.environment);
}
