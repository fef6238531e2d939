/**
 * The demo's database: a small shop with what real ones have (cascades, a view, a trigger, a function that writes).
 * All of its data is made up by generate_series.
 */

/** Tables whose rows are counted, the most valuable first. */
export const shopTables = ["customers", "orders", "order_items", "order_history"] as const;

export const shopSql = `
CREATE TABLE customers (
  id         integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name       text NOT NULL,
  email      text NOT NULL UNIQUE,
  active     boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL
);

CREATE TABLE orders (
  id          integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  customer_id integer NOT NULL REFERENCES customers ON DELETE CASCADE,
  status      text NOT NULL CHECK (status IN ('open', 'paid', 'shipped', 'cancelled')),
  placed_at   timestamptz NOT NULL
);
CREATE INDEX ON orders (customer_id);

CREATE TABLE order_items (
  order_id    integer NOT NULL REFERENCES orders ON DELETE CASCADE,
  line        integer NOT NULL,
  product     text NOT NULL,
  quantity    integer NOT NULL CHECK (quantity > 0),
  price_cents integer NOT NULL,
  PRIMARY KEY (order_id, line)
);

CREATE TABLE order_history (
  id        bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  order_id  integer NOT NULL REFERENCES orders ON DELETE CASCADE,
  was       text,
  became    text NOT NULL,
  at        timestamptz NOT NULL
);
CREATE INDEX ON order_history (order_id);

CREATE VIEW open_orders AS
  SELECT o.id, c.name, o.placed_at, sum(i.quantity * i.price_cents) AS total_cents
  FROM orders o JOIN customers c ON c.id = o.customer_id JOIN order_items i ON i.order_id = o.id
  WHERE o.status = 'open'
  GROUP BY o.id, c.name, o.placed_at;

CREATE FUNCTION note_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO order_history (order_id, was, became, at) VALUES (NEW.id, OLD.status, NEW.status, now());
  RETURN NEW;
END $$;

-- Looks like a report, and empties a table.
CREATE FUNCTION archive_orders() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE gone bigint;
BEGIN
  DELETE FROM orders;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;

INSERT INTO customers (name, email, active, created_at)
  SELECT 'Customer ' || n, 'customer' || n || '@shop.example', n % 9 <> 0, timestamptz '2024-01-01' + n * interval '7 hours'
  FROM generate_series(1, 1200) n;

INSERT INTO orders (customer_id, status, placed_at)
  SELECT 1 + n * 7 % 1200, (ARRAY['open', 'paid', 'shipped', 'shipped', 'cancelled'])[1 + n % 5],
         timestamptz '2025-01-01' + n * interval '2 hours'
  FROM generate_series(1, 6000) n;

INSERT INTO order_items (order_id, line, product, quantity, price_cents)
  SELECT o, line, 'product ' || (o * 3 + line) % 400, 1 + (o + line) % 4, 500 + (o * 37 + line * 911) % 9500
  FROM generate_series(1, 6000) o, generate_series(1, 3) line;

INSERT INTO order_history (order_id, was, became, at)
  SELECT id, NULL, 'open', placed_at FROM orders;

CREATE TRIGGER orders_note_status AFTER UPDATE OF status ON orders
  FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION note_status();

ANALYZE;
`;
