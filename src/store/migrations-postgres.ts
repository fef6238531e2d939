/**
 * The PostgreSQL store's schema as an ordered list of changes; whoever opens the store first brings it up to date, the others wait.
 * An entry that was released is never edited: a new one follows it. A store of a later version is refused by its opener.
 */

/** Entry n brings a store from version n to n + 1. `holdfast_control` is there, and is the opener's own. */
export const postgresMigrations: readonly string[] = [
  `CREATE TABLE holdfast_control.runs (
     place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE, over boolean NOT NULL, gateway text NOT NULL, body text NOT NULL);
   CREATE TABLE holdfast_control.asks (
     place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE, over boolean NOT NULL, gateway text NOT NULL, body text NOT NULL);
   CREATE TABLE holdfast_control.grants (
     place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE, over boolean NOT NULL, gateway text NOT NULL, body text NOT NULL);
   CREATE TABLE holdfast_control.approvals (
     place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE, over boolean NOT NULL, revision integer NOT NULL, body text NOT NULL);
   -- One open account of a login at a target: two gateways whose first connections come at once share it.
   CREATE TABLE holdfast_control.accounts (
     place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE, over boolean NOT NULL, revision integer NOT NULL,
     login text, body text NOT NULL);
   CREATE UNIQUE INDEX one_open_account_of_a_login ON holdfast_control.accounts (login) WHERE NOT over;
   -- Times are this server's: gateways' clocks need not agree.
   CREATE TABLE holdfast_control.gateways (
     id text PRIMARY KEY, incarnation text NOT NULL, name text NOT NULL, version text NOT NULL, state text NOT NULL,
     closer text, started_at timestamptz NOT NULL, beat_at timestamptz NOT NULL)`,
  `CREATE TABLE holdfast_control.disarms (
     place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE, over boolean NOT NULL, gateway text NOT NULL, body text NOT NULL)`,
];
