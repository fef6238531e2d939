/**
 * Where a provider reads an encoded slash as part of a name: objects in buckets, branches, labels. By the packs' own lists, and by host
 * and path alone; it does not say what a request does.
 */
import { packs } from "../../packs/index.ts";
import { globRegExp } from "./doors.ts";

const patterns = packs.flatMap(({ hosts, slashedNames = [] }) =>
  slashedNames.map((each) => {
    const slash = each.indexOf("/");
    return { hosts: (slash > 0 ? [each.slice(0, slash)] : hosts).map(globRegExp), path: pathPattern(each.slice(slash)) };
  }),
);

/** Segments without a hidden slash, but where the pack says that one may stand. */
function pathPattern(path: string): RegExp {
  const source = path
    .split("/")
    .slice(1)
    .map((segment) => {
      if (segment === "**") return "(?:/(?:(?!%2f)[^/])+)*";
      if (segment.endsWith("%}")) return "/[^/]+";
      return segment.startsWith("{") ? "/(?:(?!%2f)[^/])+" : `/${segment.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}`;
    })
    .join("");
  return new RegExp(`^${source}$`, "i");
}

/** Never for what another reader could take for a way up, or for an empty name: `..%2Fx`, `a%2F%2Fb`, `%2Fx`. */
export function holdsSlashedName(host: string, path: string): boolean {
  if (!patterns.some((each) => each.hosts.some((fits) => fits.test(host)) && each.path.test(path))) return false;
  const hidden = path.split("/").filter((segment) => /%2f/i.test(segment));
  return hidden.every((segment) =>
    segment
      .replace(/%2e/gi, ".")
      .split(/%2f/i)
      .every((piece) => !/^\.{0,2}(;|%3b|$)/i.test(piece)),
  );
}
