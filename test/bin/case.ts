/**
 * What can be dropped, and what goes along or stays: each case with how it is built, the statement, and what is created anew under the
 * freed names. `:s` stands for the case's own schema, which the owner of everything has made and which is on the search_path.
 */
export interface BinCase {
  readonly name: string;
  /** Stays. */
  readonly base?: string;
  /** Goes, and must be creatable again afterwards. */
  readonly gone: string;
  readonly drop: string;
  /** By a superuser, after the rest: what an owner may not make. */
  readonly above?: string;
  /** The bin says by name that it cannot keep this. */
  readonly refused?: RegExp;
  /** For TRUNCATE and columns nothing can be created again. */
  readonly once?: boolean;
  /** The server's own answer is an error, and so is the bin's. */
  readonly fails?: boolean;
  /** What PostgreSQL cannot be told to make as it was, as lines of the inventory, and why. */
  readonly except?: { readonly lines: RegExp; readonly because: string };
  /** Rows may be copied up to this; default 1 GiB. */
  readonly copyBytesMax?: number;
}

export const users =
  "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL UNIQUE); INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 20) i;";
export const orders =
  "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, total numeric(9,2)); INSERT INTO orders SELECT i, 1 + i % 20, i * 1.5 FROM generate_series(1, 50) i;";
