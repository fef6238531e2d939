/**
 * Warns of `.env` files that tools read by themselves and that lead past Holdfast, where no sandbox masks them.
 * It shows addresses, never a login.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileKind } from "../../scan/paths.ts";
import { secretsIn } from "../../scan/detect.ts";
import { visible } from "../output.ts";
import type { Terminal } from "../terminal.ts";

/** Where tools look from the folder they are started in: dotenv, Prisma, Django's settings. */
const folders = ["", "prisma", "config", ".."];
const fileCharactersMax = 1024 * 1024;

/** A line for each file, or the empty text. `own` are addresses of Holdfast itself. */
export async function pastHoldfast(
  directory: string,
  own: readonly { readonly host: string; readonly port: number }[],
  terminal: Pick<Terminal, "styleErr">,
): Promise<string> {
  const lines: string[] = [];
  for (const folder of folders) {
    const names = await readdir(join(directory, folder)).catch(() => []);
    for (const name of names.filter((each) => /^\.env(?:rc$|\.|$)/.test(each) && fileKind(each) !== "example").sort()) {
      const text = await readFile(join(directory, folder, name), "utf8").catch(() => "");
      const places = realPlaces(name, text.slice(0, fileCharactersMax), own);
      if (places.length > 0)
        lines.push(
          `  ${terminal.styleErr("yellow", "careful:")} \`${visible(join(folder, name))}\` holds a login at ${places.map(visible).join(", ")}: ` +
            "a tool that\n  trusts the file more than the environment goes past Holdfast (--sandbox masks it)\n",
        );
    }
  }
  return lines.join("");
}

function realPlaces(path: string, text: string, own: readonly { readonly host: string; readonly port: number }[]): readonly string[] {
  const logins = secretsIn({ path, text }).flatMap(({ login }) => (login === undefined ? [] : [login]));
  const real = logins.filter((login) => !own.some(({ host, port }) => host === login.host && port === login.port));
  return [...new Set(real.map(({ host, port }) => `${host}:${port}`))];
}
