/**
 * The folders where Holdfast keeps what is its own, and the files that a configuration names as places of secrets.
 * It reads none of them.
 */
import type { Config } from "../config/config.ts";

/** Absolute paths: of secrets by reference, and of the keys of certificates. */
export function secretFiles(config: Config): readonly string[] {
  const references = [
    ...config.targets.flatMap(({ upstream, roles }) => [upstream.url, upstream.password, roles?.admin?.url, roles?.admin?.password]),
    ...config.users.map(({ login }) => login),
  ];
  return [
    ...references.flatMap((reference) => (reference?.kind === "file" ? [reference.path] : [])),
    ...config.targets.flatMap(({ clientTls }) => (clientTls === undefined ? [] : [clientTls.key])),
  ];
}

/** Absolute paths: state, audit log, vault. */
export function ownFolders(config: Config): readonly string[] {
  return [config.state, config.auditDirectory, ...(config.vaultDirectory === undefined ? [] : [config.vaultDirectory])];
}
