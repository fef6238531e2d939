/**
 * What a DROP DATABASE says beside the name: IF EXISTS and FORCE. The text was parsed by the server's own grammar before.
 * It reads the words of that one statement and no others.
 */

/** Blanks, comments (one level, as the statement has no use for more), a quoted name, a word, or a sign. */
const TOKEN = /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"|[^\s"(),;]+|[(),;]/y;

export interface DropDatabaseWords {
  readonly ifExists: boolean;
  readonly force: boolean;
}

export function dropDatabaseWords(text: string): DropDatabaseWords {
  const words: string[] = [];
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
    const [token] = found;
    if (!/^(?:\s|--|\/\*)/.test(token)) words.push(token.toLowerCase());
  }
  const ifExists = words[2] === "if" && words[3] === "exists";
  // Behind the name nothing but options stands, of which there is one.
  return { ifExists, force: words.slice(ifExists ? 5 : 3).includes("force") };
}
