/**
 * Under which address the console is reached: the one origin that is ours, the name of its cookie, the name passkeys are bound to.
 * It opens nothing and looks nothing up.
 */

export interface Site {
  /** `http://localhost:7433`: what the browser sends as Origin, and what links begin with. */
  readonly origin: string;
  /** What the Host header says for it. */
  readonly host: string;
  readonly secure: boolean;
  /** The name that passkeys are registered for. */
  readonly rpId: string;
  /** Other Host headers by which this server is reached: pages are sent on to the origin, nothing else is answered there. */
  readonly aliases: readonly string[];
  /** Browsers share cookies between all ports of a name: two gateways on one machine have a cookie each. */
  readonly cookie: string;
}

/** `url`: as people see it, where something stands before it that speaks TLS. Without one it is on this machine alone. */
export function siteOf(port: number, options: { readonly tls: boolean; readonly url?: string }): Site {
  const scheme = options.tls ? "https" : "http";
  const seen = new URL(options.url ?? `${scheme}://localhost:${port}`);
  const secure = seen.protocol === "https:";
  const local = options.url === undefined ? ["127.0.0.1", "[::1]"].map((name) => new URL(`${scheme}://${name}:${port}`).host) : [];
  return {
    origin: seen.origin,
    host: seen.host,
    secure,
    rpId: seen.hostname,
    aliases: local,
    // The prefix makes browsers refuse it from anything but this very name over TLS; in clear text they would not keep it at all.
    cookie: secure ? "__Host-holdfast" : `holdfast_${port}`,
  };
}
