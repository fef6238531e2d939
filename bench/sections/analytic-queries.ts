/**
 * A schema of eight tables and analytic queries of the size and shape of TPC-H's: joins of many tables, subqueries, aggregates.
 * They are our own; each takes a word that makes its text new.
 */

export const analyticSchema = `
CREATE SCHEMA IF NOT EXISTS analytic;
GRANT USAGE ON SCHEMA analytic TO PUBLIC;
CREATE TABLE analytic.region (r_key int PRIMARY KEY, r_name text, r_note text);
CREATE TABLE analytic.country (c_key int PRIMARY KEY, c_name text, c_region int REFERENCES analytic.region, c_note text);
CREATE TABLE analytic.maker (m_key int PRIMARY KEY, m_name text, m_address text, m_country int REFERENCES analytic.country, m_phone text, m_balance numeric(15,2), m_note text);
CREATE TABLE analytic.buyer (b_key int PRIMARY KEY, b_name text, b_address text, b_country int REFERENCES analytic.country, b_phone text, b_balance numeric(15,2), b_segment text, b_note text);
CREATE TABLE analytic.product (p_key int PRIMARY KEY, p_name text, p_brand text, p_type text, p_size int, p_container text, p_price numeric(15,2));
CREATE TABLE analytic.offer (o_product int REFERENCES analytic.product, o_maker int REFERENCES analytic.maker, o_available int, o_cost numeric(15,2), PRIMARY KEY (o_product, o_maker));
CREATE TABLE analytic.sale (s_key int PRIMARY KEY, s_buyer int REFERENCES analytic.buyer, s_status text, s_total numeric(15,2), s_date date, s_priority text, s_clerk text);
CREATE TABLE analytic.item (i_sale int REFERENCES analytic.sale, i_line int, i_product int, i_maker int, i_quantity numeric(15,2), i_price numeric(15,2), i_discount numeric(15,2), i_tax numeric(15,2), i_returned text, i_shipped date, i_promised date, i_received date, i_mode text, PRIMARY KEY (i_sale, i_line));
GRANT SELECT ON ALL TABLES IN SCHEMA analytic TO PUBLIC;
`;

export const analyticQueries: readonly (readonly [name: string, query: (word: string) => string])[] = [
  [
    "cheapest maker",
    (word) => `SELECT m.m_balance, m.m_name, c.c_name, p.p_key, p.p_brand, m.m_address, m.m_phone, m.m_note
FROM analytic.product p, analytic.maker m, analytic.offer o, analytic.country c, analytic.region r
WHERE p.p_key = o.o_product AND m.m_key = o.o_maker AND p.p_size = 15 AND p.p_type LIKE '%${word}%'
  AND m.m_country = c.c_key AND c.c_region = r.r_key AND r.r_name = 'NORTH'
  AND o.o_cost = (SELECT min(o2.o_cost) FROM analytic.offer o2, analytic.maker m2, analytic.country c2, analytic.region r2
    WHERE p.p_key = o2.o_product AND m2.m_key = o2.o_maker AND m2.m_country = c2.c_key AND c2.c_region = r2.r_key AND r2.r_name = 'NORTH')
ORDER BY m.m_balance DESC, c.c_name, m.m_name, p.p_key LIMIT 100`,
  ],
  [
    "trade between countries",
    (word) => `SELECT from_country, to_country, sold_year, sum(volume) AS revenue FROM (
  SELECT c1.c_name AS from_country, c2.c_name AS to_country, extract(year FROM i.i_shipped) AS sold_year,
    i.i_price * (1 - i.i_discount) AS volume
  FROM analytic.maker m, analytic.item i, analytic.sale s, analytic.buyer b, analytic.country c1, analytic.country c2
  WHERE m.m_key = i.i_maker AND s.s_key = i.i_sale AND b.b_key = s.s_buyer AND m.m_country = c1.c_key AND b.b_country = c2.c_key
    AND ((c1.c_name = '${word}' AND c2.c_name = 'B') OR (c1.c_name = 'B' AND c2.c_name = '${word}'))
    AND i.i_shipped BETWEEN date '2024-01-01' AND date '2025-12-31') AS shipping
GROUP BY from_country, to_country, sold_year ORDER BY from_country, to_country, sold_year`,
  ],
  [
    "late makers",
    (word) => `SELECT m.m_name, count(*) AS waits FROM analytic.maker m, analytic.item i1, analytic.sale s, analytic.country c
WHERE m.m_key = i1.i_maker AND s.s_key = i1.i_sale AND s.s_status = 'F' AND i1.i_received > i1.i_promised
  AND EXISTS (SELECT 1 FROM analytic.item i2 WHERE i2.i_sale = i1.i_sale AND i2.i_maker <> i1.i_maker)
  AND NOT EXISTS (SELECT 1 FROM analytic.item i3 WHERE i3.i_sale = i1.i_sale AND i3.i_maker <> i1.i_maker AND i3.i_received > i3.i_promised)
  AND m.m_country = c.c_key AND c.c_name = '${word}'
GROUP BY m.m_name ORDER BY waits DESC, m.m_name LIMIT 100`,
  ],
];
