/**
 * What the load has written and what became of it, by marker: each write carries a number that no other write has.
 * A marker also stands in the statement's text as an alias, because the audit log keeps names and no literals.
 */

/** The tables the load writes. */
export const schema = `
  CREATE TABLE marks (id bigint PRIMARY KEY, kind text NOT NULL, src text);
  CREATE TABLE copied (batch bigint, line int);`;

export class Marks {
  /** The server's agreement was seen. */
  readonly acknowledged = new Set<number>();
  /** Refused, failed or rolled back on a connection that went on: must not be there. */
  readonly undone = new Set<number>();
  /** How clients learned that something went wrong, by SQLSTATE or by the socket's own word. */
  readonly errors = new Map<string, number>();
  /** Whatever must never happen, in words. */
  readonly faults: string[] = [];
  #next = 1;

  new(): number {
    return this.#next++;
  }

  get last(): number {
    return this.#next - 1;
  }

  /** Takes down how an error looked. True when the connection goes on after it. */
  failed(error: unknown, doing: string): boolean {
    const { code, severity, message } = error as { code?: string; severity?: string; message: string };
    const closed =
      /^(ECONNREFUSED|ECONNRESET|EPIPE)$/.test(code ?? "") || /^Connection terminated|not queryable|Client was closed/.test(message);
    if (!closed && !/^[0-9A-Z]{5}$/.test(code ?? "")) this.faults.push(`no clean error while ${doing}: ${message}`);
    const name = closed ? "closed" : `${severity ?? ""} ${code}`;
    this.errors.set(name, (this.errors.get(name) ?? 0) + 1);
    return !closed && severity === "ERROR";
  }
}
