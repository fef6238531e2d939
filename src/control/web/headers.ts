/**
 * What every answer of the console says to the browser: nothing inline, nothing from elsewhere, nobody may frame it, nothing is kept.
 * It does not know what is answered.
 */

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  // Text of an agent that reached a place where markup is made would fail there instead of running.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const everywhere = {
  "content-security-policy": contentSecurityPolicy,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "origin-agent-cluster": "?1",
  "permissions-policy":
    "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=(), display-capture=()",
  "cache-control": "no-store",
} as const;

export function securityHeaders(secure: boolean): Readonly<Record<string, string>> {
  return secure ? { ...everywhere, "strict-transport-security": "max-age=31536000" } : everywhere;
}
