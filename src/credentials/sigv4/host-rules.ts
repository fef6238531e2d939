/**
 * What a host says of how it is signed for: its region, its service, and the form of its paths.
 * It knows no service by name; which ones are written differently comes as data.
 */
import type { PathForm } from "./canonical.ts";
import type { Scope } from "./signing.ts";

/** Facts of a provider; names are labels of a host before its region, joined by dots. */
export interface SigningFacts {
  /** Services whose paths are signed as they are sent. */
  readonly asSent: readonly string[];
  /** Services whose signatures name them otherwise than their hosts do. */
  readonly signedAs: Readonly<Record<string, readonly string[]>>;
}

const REGION = /^[a-z]{2,3}(-[a-z]+)+-\d+$/;

/** Why a signature of this scope is none for the host, in a clause; `undefined` where it may be one. */
export function scopeProblem(host: string, { region, api }: Scope, facts: SigningFacts): string | undefined {
  const labels = hostLabels(host);
  if (labels.region !== undefined && labels.region !== region)
    return `it is signed for the region \`${region}\`, and \`${host}\` is in \`${labels.region}\``;
  const names = suffixes(labels.api);
  const fits = names.some(
    (name) => (facts.signedAs[name] ?? []).includes(api) || name === api || name.startsWith(`${api}-`) || name.endsWith(`-${api}`),
  );
  return fits ? undefined : `it is signed for the service \`${api}\`, which \`${host}\` is not`;
}

export function pathFormOf(api: string, { asSent }: SigningFacts): PathForm {
  return asSent.includes(api) ? "as_sent" : "normalised";
}

interface HostLabels {
  readonly region: string | undefined;
  readonly api: readonly string[];
}

/** `bucket.s3.eu-central-1.amazonaws.com`, `s3-eu-west-1.amazonaws.com`, `shop.eu-central-1.es.amazonaws.com`, `iam.amazonaws.com`. */
function hostLabels(host: string): HostLabels {
  const labels = host.replace(/:\d+$/, "").split(".").slice(0, -2);
  const plain = labels.flatMap(
    (label) => /^(s3)-([a-z].*-\d)$/.exec(label)?.slice(1) ?? [label.replace(/-fips$/, "").replace(/^fips-/, "")],
  );
  const regions = plain.filter((label) => REGION.test(label));
  return { region: regions.at(-1), api: plain.filter((label) => !REGION.test(label) && label !== "dualstack") };
}

/** The last label is the service's, but for names of several. */
function suffixes(labels: readonly string[]): readonly string[] {
  return labels.map((_, at) => labels.slice(at).join("."));
}
