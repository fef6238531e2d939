/**
 * Addresses as people write them: `host:port` to listen on, and PostgreSQL URLs.
 * It does not connect or look anything up.
 */

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:6432`, `[::1]:6432`, `localhost:0`; `undefined` for anything else. Port 0 lets the system choose. */
export function parseListen(text: string): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

export interface UpstreamAddress {
  readonly host: string;
  readonly port: number;
  readonly role: string;
  /** Present when the URL holds one: a secret. */
  readonly password?: string;
  readonly database?: string;
  readonly tls?: "disable" | "require" | "verify-full";
}

const SSL_MODES: Readonly<Record<string, UpstreamAddress["tls"]>> = {
  disable: "disable",
  allow: "require",
  prefer: "require",
  require: "require",
  "verify-ca": "verify-full",
  "verify-full": "verify-full",
};

/**
 * A `postgres://role:password@host:port/database?sslmode=...` URL as libpq reads it; `undefined` when it is none or names no host and role.
 * sslmodes that would go on without TLS mean `require` here, and `verify-ca` means `verify-full`: stricter, never looser.
 */
export function upstreamFromUrl(text: string): UpstreamAddress | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === "" || url.username === "") return undefined;
  const mode = url.searchParams.get("sslmode");
  if (mode !== null && SSL_MODES[mode] === undefined) return undefined;
  const tls = mode === null ? undefined : SSL_MODES[mode];
  try {
    const database = decodeURIComponent(url.pathname.slice(1));
    return {
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? 5432 : Number(url.port),
      role: decodeURIComponent(url.username),
      ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
      ...(database === "" ? {} : { database }),
      ...(tls === undefined ? {} : { tls }),
    };
  } catch {
    return undefined;
  }
}
