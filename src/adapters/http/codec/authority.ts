/**
 * Where a request leads, by its request line: host and port of CONNECT, of an absolute form, or of a path of ours.
 * It resolves nothing.
 */
export interface Place {
  /** Lower case, without brackets. */
  readonly host: string;
  readonly port: number;
}

const NAME = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)\.?)(?::([0-9]{1,5}))?$/;

/** `host:port`; `port` stands for one that is not named. `undefined` for what is neither a name nor an address. */
export function placeOf(authority: string, port: number): Place | undefined {
  const [, bracketed, name, digits] = NAME.exec(authority.toLowerCase()) ?? [];
  const host = bracketed ?? name;
  const given = digits === undefined ? port : Number(digits);
  if (host === undefined || host.includes("..") || given < 1 || given > 65_535) return undefined;
  if (bracketed !== undefined && !bracketed.includes(":")) return undefined;
  // `0x7f.1` and `2130706433` are addresses to some resolvers, and names to us.
  const numeric = bracketed === undefined && /^(0x[0-9a-f]*|[0-9]+)$/.test(host.split(".").at(-1) ?? "");
  if (numeric && !/^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(host)) return undefined;
  return { host, port: given };
}

export function samePlace(one: Place, other: Place | undefined): boolean {
  return other !== undefined && one.host === other.host && one.port === other.port;
}

/** As it stands in a URL and in `Host`: the port only where the scheme does not imply it. */
export function authorityOf({ host, port }: Place, scheme: "http" | "https"): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === (scheme === "http" ? 80 : 443) ? name : `${name}:${port}`;
}

/** `http://host/path` as a client sends it to a proxy. The path keeps its own form: it is judged later. */
export function absoluteForm(target: string): { readonly place: Place; readonly path: string } | undefined {
  const [, authority, path] = /^http:\/\/([^/?#@\\]+)((?:[/?][^#]*)?)$/i.exec(target) ?? [];
  if (authority === undefined) return undefined;
  const place = placeOf(authority, 80);
  return place === undefined
    ? undefined
    : { place, path: path === undefined || path === "" ? "/" : path.startsWith("?") ? `/${path}` : path };
}
