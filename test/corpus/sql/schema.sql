-- The schema that the corpus is judged against. Synthetic; every trap of a real catalogue has one object here.
CREATE SCHEMA evil;
CREATE SCHEMA audit;

CREATE TABLE public.customers (
  id bigint PRIMARY KEY,
  email text NOT NULL UNIQUE,
  name text NOT NULL,
  note text,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE SEQUENCE public.order_number;
CREATE TABLE public.orders (
  id bigint PRIMARY KEY DEFAULT nextval('public.order_number'),
  customer_id bigint NOT NULL REFERENCES public.customers (id) ON DELETE CASCADE,
  status text NOT NULL DEFAULT 'new',
  total numeric(12, 2) NOT NULL DEFAULT 0,
  update_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE public.products (
  id bigint PRIMARY KEY,
  sku text NOT NULL UNIQUE,
  title text NOT NULL,
  price numeric(12, 2) NOT NULL
);
CREATE TABLE public.order_items (
  order_id bigint NOT NULL REFERENCES public.orders (id) ON DELETE CASCADE,
  line integer NOT NULL,
  product_id bigint REFERENCES public.products (id) ON DELETE SET NULL,
  quantity integer NOT NULL,
  PRIMARY KEY (order_id, line)
);
CREATE TABLE public."Orders" (id bigint PRIMARY KEY, remark text);
CREATE TABLE audit.log (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), what text NOT NULL);
CREATE TABLE evil.orders (id bigint PRIMARY KEY, payload text);
CREATE TABLE public.secrets (id bigint PRIMARY KEY, owner_name text NOT NULL, body text);

CREATE TABLE public.events (id bigint NOT NULL, day date NOT NULL, payload jsonb, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE public.events_2025 PARTITION OF public.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE public.events_2026 PARTITION OF public.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE public.animals (id bigint PRIMARY KEY, name text);
CREATE TABLE public.dogs (breed text) INHERITS (public.animals);

CREATE VIEW public.open_orders AS SELECT orders.id, orders.customer_id, orders.total FROM public.orders WHERE orders.status = 'new';
CREATE VIEW public.every_order AS SELECT orders.id, orders.status FROM public.orders;
CREATE MATERIALIZED VIEW public.sales AS SELECT orders.customer_id, sum(orders.total) AS total FROM public.orders GROUP BY orders.customer_id;

-- Functions: one that reads, some that write, some whose writing is hidden, one that cannot be known.
CREATE FUNCTION public.order_total(bigint) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT total FROM public.orders WHERE id = $1';
CREATE FUNCTION public.add_tax(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 1.2';
CREATE FUNCTION public.purge() RETURNS bigint LANGUAGE sql VOLATILE AS 'DELETE FROM public.orders; SELECT 1::bigint';
CREATE FUNCTION public.log_it(text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit.log (what) VALUES ($1); END $$;
CREATE FUNCTION public.run_any(text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE $1; END $$;
CREATE FUNCTION public.run_fixed() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'TRUNCATE public.customers'; END $$;
CREATE FUNCTION public.wipe_customer(public.customers) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
  BEGIN DELETE FROM public.customers WHERE id = $1.id; RETURN 'gone'; END $$;
CREATE FUNCTION public.twice() RETURNS bigint LANGUAGE sql AS 'SELECT public.purge() + public.purge()';
CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.update_at := now(); RETURN NEW; END $$;
CREATE FUNCTION public.keep_log() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN INSERT INTO audit.log (what) VALUES (TG_OP || ' ' || TG_TABLE_NAME); RETURN NULL; END $$;
CREATE FUNCTION public.hidden_write(integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.order_items; RETURN $1; END $$;
CREATE PROCEDURE public.archive(bigint) LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.orders WHERE id = $1; COMMIT; END $$;
CREATE FUNCTION evil.same(integer, text) RETURNS boolean LANGUAGE sql AS 'DELETE FROM public.customers; SELECT true';
CREATE FUNCTION public.path_bound() RETURNS bigint LANGUAGE sql SET search_path = evil AS 'DELETE FROM orders; SELECT 1::bigint';
CREATE FUNCTION public.py(text) RETURNS text LANGUAGE plpython3u AS 'import os';

CREATE OPERATOR evil.=== (FUNCTION = evil.same, LEFTARG = integer, RIGHTARG = text);
CREATE FUNCTION public.hidden_plus(integer, integer) RETURNS integer LANGUAGE sql AS 'DELETE FROM public.order_items; SELECT $1';
CREATE AGGREGATE public.bad_sum(integer) (SFUNC = public.hidden_plus, STYPE = integer);
CREATE DOMAIN public.checked AS integer CHECK (public.hidden_write(VALUE) > 0);
CREATE TABLE public.traps (
  id bigint PRIMARY KEY,
  plain integer,
  given integer DEFAULT public.hidden_write(1),
  kept public.checked
);
CREATE TABLE public.computed (id bigint PRIMARY KEY, n integer NOT NULL);
CREATE FUNCTION public.hidden_index(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.hidden_write($1); RETURN $1; END $$;
CREATE INDEX computed_trap ON public.computed (public.hidden_index(n));
CREATE VIEW public.bad_view AS SELECT public.purge() AS n;

CREATE TRIGGER orders_stamp BEFORE UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION public.stamp();
CREATE TRIGGER products_log AFTER INSERT OR UPDATE OR DELETE ON public.products FOR EACH STATEMENT EXECUTE FUNCTION public.keep_log();
CREATE RULE secrets_rule AS ON UPDATE TO public.secrets DO ALSO DELETE FROM public.customers;
ALTER TABLE public.secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.secrets USING (owner_name = current_user);


CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
CREATE FOREIGN TABLE public.remote_stock (sku text, amount integer) SERVER elsewhere;

-- The server's own routines under later names: one only computes, one ends other sessions.
CREATE TYPE public.price_range AS RANGE (subtype = float8, multirange_type_name = public.price_multirange);
CREATE FUNCTION public.quicker_equal(integer, integer) RETURNS boolean LANGUAGE internal IMMUTABLE AS 'int4eq';
CREATE FUNCTION public.renamed_end(integer) RETURNS boolean LANGUAGE internal STABLE AS 'pg_cancel_backend';
