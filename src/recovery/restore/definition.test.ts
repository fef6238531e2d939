import assert from "node:assert/strict";
import { test } from "node:test";
import { plainDefinition } from "./definition.ts";

test("settings of the session, comments and psql's commands are left out of a table's definition", () => {
  const text = `--
-- PostgreSQL database dump
--
\\restrict abc
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE TABLE public.t (
    id integer NOT NULL
);

ALTER TABLE ONLY public.t
    ADD CONSTRAINT t_pkey PRIMARY KEY (id);
`;
  assert.equal(
    plainDefinition(text),
    "CREATE TABLE public.t (\n    id integer NOT NULL\n);\nALTER TABLE ONLY public.t\n    ADD CONSTRAINT t_pkey PRIMARY KEY (id);\n",
  );
});
