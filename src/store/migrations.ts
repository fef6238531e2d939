/**
 * The embedded store's schema as an ordered list of changes; a store is brought up to date when it is opened.
 * An entry that was released is never edited: a new one follows it. A store of a later version is refused by its opener.
 */

/** Entry n brings a store from version n to n + 1. */
export const migrations: readonly string[] = [
  `CREATE TABLE runs (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, over INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
   CREATE TABLE asks (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, over INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
   CREATE TABLE grants (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, over INTEGER NOT NULL, body TEXT NOT NULL) STRICT;`,
  `CREATE TABLE approvals (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, over INTEGER NOT NULL,
     revision INTEGER NOT NULL, body TEXT NOT NULL) STRICT;`,
  `CREATE TABLE disarms (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, over INTEGER NOT NULL, body TEXT NOT NULL) STRICT;`,
];
