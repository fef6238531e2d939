-- The small shop that the examples of the presets' rules talk about: `holdfast policy test` judges them against it.
CREATE TABLE public.customers (id int PRIMARY KEY, email text NOT NULL, note text);

CREATE TABLE public.orders (
  id serial PRIMARY KEY,
  customer_id int NOT NULL REFERENCES public.customers (id),
  status text NOT NULL DEFAULT 'new',
  total numeric NOT NULL DEFAULT 0,
  note text,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.order_items (
  id serial PRIMARY KEY,
  order_id int NOT NULL REFERENCES public.orders (id) ON DELETE CASCADE,
  product text NOT NULL,
  quantity int NOT NULL
);

CREATE VIEW public.order_totals AS SELECT customer_id, sum(total) AS total FROM public.orders GROUP BY customer_id;

CREATE FUNCTION public.order_total(order_id int) RETURNS numeric LANGUAGE sql STABLE
  AS 'SELECT total FROM public.orders WHERE id = order_id';
CREATE FUNCTION public.touch_order(order_id int) RETURNS void LANGUAGE sql
  AS 'UPDATE public.orders SET note = note WHERE id = order_id';
CREATE FUNCTION public.delete_order_item(item int) RETURNS void LANGUAGE sql
  AS 'DELETE FROM public.order_items WHERE id = item';
