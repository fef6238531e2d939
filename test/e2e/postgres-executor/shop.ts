/**
 * The schema that the executor's tests share: cascades, triggers, functions, a view and a partitioned table.
 * It is text and runs nothing.
 */
export const shop = `
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text, visits int NOT NULL DEFAULT 0);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers ON DELETE CASCADE, total int NOT NULL);
CREATE TABLE items (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders ON DELETE CASCADE, name text);
CREATE TABLE reviews (id int PRIMARY KEY, customer_id int REFERENCES customers ON DELETE SET NULL);
CREATE TABLE changes (id serial PRIMARY KEY, what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.changes (what) VALUES (TG_OP); RETURN NULL; END $$;
CREATE TRIGGER noted AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note();
CREATE FUNCTION drop_order(wanted int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.orders WHERE id = wanted; END $$;
CREATE VIEW big_orders AS SELECT * FROM orders WHERE total > 50;
CREATE TABLE readings (at int, value int) PARTITION BY RANGE (at);
CREATE TABLE readings_low PARTITION OF readings FOR VALUES FROM (0) TO (10);
CREATE TABLE readings_high PARTITION OF readings FOR VALUES FROM (10) TO (20);
CREATE SEQUENCE tickets;
INSERT INTO customers SELECT n, 'c' || n, 'c' || n || '@example.org' FROM generate_series(1, 10) n;
INSERT INTO orders SELECT n, 1 + n % 10, n * 5 FROM generate_series(1, 20) n;
INSERT INTO items SELECT n, 1 + n % 20, 'i' || n FROM generate_series(1, 60) n;
INSERT INTO reviews SELECT n, 1 + n % 10 FROM generate_series(1, 10) n;
INSERT INTO readings SELECT n, n FROM generate_series(0, 19) n;
`;
