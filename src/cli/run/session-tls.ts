/**
 * How a program comes to trust the session's listener where that demands TLS: a mode, and root certificates in a folder of the
 * session's own.
 * It knows certificates only, which are public; where the files' paths go is `child-environment.ts`'s matter.
 */
import { X509Certificate } from "node:crypto";
import { chmod, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SessionTls } from "./session-values.ts";

export interface Trust {
  /** What the certificate calls the place that the session is at. */
  readonly host: string;
  readonly tls?: SessionTls;
  /** Of the session's own; a sandbox has to show it. */
  readonly folder?: string;
  close(): Promise<void>;
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** `certificates` is PEM, the listener's own first. `nodeRoots` is a file that programs on Node are told to trust already. */
export async function openTrust(
  { host, certificates }: { readonly host: string; readonly certificates?: string },
  nodeRoots: string | undefined,
): Promise<Trust> {
  if (certificates === undefined) return { host, close: () => Promise.resolve() };
  const shown = certificates.match(pemCertificate) ?? [];
  const named = nameOf(shown[0], host);
  const roots = shown.filter(isRoot);
  // Nothing here leads to who signed it: what is sent is still read by nobody else, and the password proves itself without being sent.
  if (roots.length === 0) return { host: named ?? host, tls: { mode: "require" }, close: () => Promise.resolve() };
  const folder = await mkdtemp(join(await realpath(tmpdir()), "holdfast-trust-"));
  await chmod(folder, 0o700);
  const [root, forNode] = [join(folder, "root.pem"), join(folder, "node-roots.pem")];
  const text = `${roots.join("\n")}\n`;
  const others = nodeRoots === undefined ? "" : await readFile(nodeRoots, "utf8").catch(() => "");
  await writeFile(root, text, { mode: 0o600 });
  await writeFile(forNode, `${others}\n${text}`, { mode: 0o600 });
  const mode = named === undefined ? "verify-ca" : "verify-full";
  return {
    host: named ?? host,
    tls: { mode, root, nodeRoots: forNode },
    folder,
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The name of the place that the certificate is for, or `undefined` where it is for another. */
function nameOf(pem: string | undefined, host: string): string | undefined {
  if (pem === undefined) return undefined;
  const certificate = new X509Certificate(pem);
  const isFor = (name: string) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
  if (isFor(host)) return host;
  return (host === "127.0.0.1" || host === "::1") && isFor("localhost") ? "localhost" : undefined;
}

/** It signed itself. */
function isRoot(pem: string): boolean {
  const certificate = new X509Certificate(pem);
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}
