/**
 * The shape of `console`: where the web console is served, and how it is reached from there.
 * It opens nothing and reads no certificate.
 */
import { resolve } from "node:path";
import { z } from "zod";
import { isLoopback, parseListen } from "./address.ts";
import type { ConsoleConfig } from "./config.ts";

const listenDefault = "127.0.0.1:7433";

export const consoleSchema = z
  .strictObject({
    listen: z
      .string()
      .refine((text) => parseListen(text) !== undefined, "must be `host:port` such as `127.0.0.1:7433`")
      .optional()
      .describe("Where the console listens; 127.0.0.1:7433. Another address than this machine's needs `tls` and `url`."),
    url: z
      .string()
      .refine(isSite, "must be `https://host`, without a path")
      .optional()
      .describe("The address that people type, where it is another: something that speaks TLS stands before it."),
    tls: z
      .strictObject({ cert: z.string().min(1), key: z.string().min(1) })
      .optional()
      .describe("PEM files. Without them it speaks HTTP."),
  })
  .superRefine(({ listen = listenDefault, tls, url }, context) => {
    const address = parseListen(listen);
    if (address === undefined || isLoopback(address.host)) return;
    const missing = (key: "tls" | "url", why: string) =>
      context.addIssue({
        code: "custom",
        path: [],
        message: `\`${address.host}\` is reachable from other machines, and \`${key}\` is not set: ${why}`,
      });
    if (tls === undefined) missing("tls", "passphrases do not go through in clear text: give it a certificate and a key");
    if (url === undefined) missing("url", "give the address that people type");
  })
  .describe("The web console; not served where this is left out. See docs/console.md.");

type ConsoleEntry = z.infer<typeof consoleSchema>;

export function resolveConsole({ listen = listenDefault, url, tls }: ConsoleEntry, directory: string): ConsoleConfig {
  return {
    listen: parseListen(listen) ?? { host: "127.0.0.1", port: 7433 },
    ...(url === undefined ? {} : { url: new URL(url).origin }),
    ...(tls === undefined ? {} : { tls: { cert: resolve(directory, tls.cert), key: resolve(directory, tls.key) } }),
  };
}

/** Browsers keep neither a login nor a passkey for clear text, but for this machine's own name. */
function isSite(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== "" || url.pathname !== "/" || url.search !== "" || url.hash !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && url.hostname === "localhost");
}
