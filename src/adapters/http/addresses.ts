/**
 * Which addresses may be dialled for a host: never this machine's, private, link-local or metadata ones, whatever a name resolves to.
 * The address that was looked at is the one that is dialled: a name is resolved once.
 */
import { lookup as systemLookup } from "node:dns";
import { BlockList, isIP, isIPv6, type LookupFunction } from "node:net";

/** IANA's special-purpose registries (RFC 6890 and those that follow it), with what clouds use for metadata. */
const closed: readonly (readonly [net: string, bits: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  // Azure's wire server, and Alibaba's metadata.
  ["168.63.129.16", 32],
  ["100.100.100.200", 32],
  ["::", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
  ["5f00::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
];

const blocked = new BlockList();
for (const [net, bits] of closed) blocked.addSubnet(net, bits, isIPv6(net) ? "ipv6" : "ipv4");

/** Whether anything out there can be behind it. An IPv4 address in IPv6 clothes is the IPv4 address. */
export function isPublicAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, "");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1] ?? hexMapped(plain);
  if (mapped !== undefined) return isPublicAddress(mapped);
  const family = isIP(plain);
  return family !== 0 && !blocked.check(plain, family === 6 ? "ipv6" : "ipv4");
}

function hexMapped(address: string): string | undefined {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return `${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`;
}

/** Said of a name that leads to what nobody outside should be asked for. */
export class AddressRefused extends Error {
  override readonly name = "AddressRefused";
  readonly code = "EADDRREFUSED";
}

export interface DialledAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

export type Resolve = (host: string) => Promise<readonly DialledAddress[]>;

export const systemResolve: Resolve = (host) =>
  new Promise((resolve, reject) => {
    systemLookup(host, { all: true, verbatim: true }, (error, found) => {
      if (error !== null) reject(error);
      else resolve(found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 })));
    });
  });

/** Rejects with {@link AddressRefused} where any of a name's addresses is not public: then the name is not what it seems. */
export async function publicAddresses(host: string, resolve: Resolve): Promise<readonly DialledAddress[]> {
  const family = isIP(host);
  const found = family === 0 ? await resolve(host) : [{ address: host, family: family === 6 ? (6 as const) : (4 as const) }];
  const inside = found.find(({ address }) => !isPublicAddress(address));
  if (inside !== undefined) throw new AddressRefused(`\`${host}\` leads to ${inside.address}, which is not a public address`);
  return found;
}

/** For sockets: what was looked at is dialled. Node asks for one address or for all of them. */
export function checkedLookup(resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    void publicAddresses(host, resolve).then(
      (found) => {
        const fitting = found.filter(
          ({ family }) => options.family === undefined || options.family === 0 || Number(options.family) === family,
        );
        const [first] = fitting;
        if (first === undefined) callback(Object.assign(new Error(`\`${host}\` has no address`), { code: "ENOTFOUND" }), "", 4);
        else if (options.all === true) callback(null, [...fitting]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, "", 4),
    );
  };
}
