-- What goes together is counted as a plain query of one's own counts it: pairs, baskets, users, all six scores, and what is popular
\pset format unaligned
\pset footer off
SET client_min_messages = warning;
SET TimeZone = 'UTC';

-- a count of its own: baskets by window functions, pairs by a self-join, scores as they are defined
CREATE FUNCTION k_ln(k float8, x float8) RETURNS float8 LANGUAGE sql RETURN CASE WHEN k > 0 THEN k * ln(x) ELSE 0 END;
CREATE FUNCTION counted(gap interval, max_items integer, from_time timestamptz DEFAULT '-infinity')
	RETURNS TABLE (item_id text, other_item_id text, baskets bigint, users bigint, item_baskets bigint, other_baskets bigint, total_baskets bigint,
		support float8, confidence float8, lift float8, llr float8, cosine float8, jaccard float8)
	LANGUAGE sql AS $$
WITH steps AS MATERIALIZED (
	SELECT user_id, item_id, "timestamp", ("timestamp" - lag("timestamp") OVER (PARTITION BY user_id ORDER BY "timestamp") <= gap) IS NOT TRUE AS begins
	FROM interactions.purchases WHERE "timestamp" >= from_time
), baskets AS MATERIALIZED (
	SELECT DISTINCT user_id, count(*) FILTER (WHERE begins) OVER (PARTITION BY user_id ORDER BY "timestamp") AS basket, item_id FROM steps
), kept AS MATERIALIZED (
	SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY user_id, basket) AS items FROM baskets) AS sized WHERE items <= max_items
), items AS MATERIALIZED (
	SELECT item_id, count(*) AS n FROM kept GROUP BY item_id
), total AS (
	SELECT count(*) AS t FROM (SELECT DISTINCT user_id, basket FROM kept) AS distinct_baskets
), pairs AS MATERIALIZED (
	SELECT one.item_id, other.item_id AS other_id, count(*) AS b, count(DISTINCT one.user_id) AS u
	FROM kept AS one JOIN kept AS other ON (one.user_id, one.basket) = (other.user_id, other.basket) AND one.item_id <> other.item_id GROUP BY 1, 2
)
SELECT pairs.item_id, other_id, b, u, one.n, other.n, t, b::float8 / t, b::float8 / one.n, b::float8 * t / (one.n::float8 * other.n),
	2 * (k_ln(b, b::float8 * t / (one.n::float8 * other.n))
		+ k_ln(one.n - b, (one.n - b)::float8 * t / (one.n::float8 * nullif(t - other.n, 0)))
		+ k_ln(other.n - b, (other.n - b)::float8 * t / (other.n::float8 * nullif(t - one.n, 0)))
		+ k_ln(t - one.n - other.n + b, (t - one.n - other.n + b)::float8 * t / (nullif(t - one.n, 0)::float8 * nullif(t - other.n, 0)))),
	b / sqrt(one.n::float8 * other.n), b::float8 / (one.n + other.n - b)
FROM pairs JOIN items AS one ON one.item_id = pairs.item_id JOIN items AS other ON other.item_id = other_id CROSS JOIN total
WHERE b * t > one.n * other.n
$$;
-- pairs that only one side has or that differ, in counts or, by more than a billionth, in scores
CREATE FUNCTION differences(gap interval, max_items integer, from_time timestamptz DEFAULT '-infinity')
	RETURNS TABLE (pairs bigint, different bigint) LANGUAGE sql AS $$
SELECT count(*), count(*) FILTER (WHERE (own.baskets, own.users, own.item_baskets, own.other_baskets, own.total_baskets)
		IS DISTINCT FROM (listed.baskets, listed.users, listed.item_baskets, listed.other_baskets, listed.total_baskets)
	OR EXISTS (SELECT FROM (VALUES (own.support, listed.support), (own.confidence, listed.confidence), (own.lift, listed.lift), (own.llr, listed.llr),
			(own.cosine, listed.cosine), (own.jaccard, listed.jaccard)) AS score (a, b)
		WHERE (abs(a - b) <= 1e-9 * greatest(abs(a), 1)) IS NOT TRUE))
FROM counted(gap, max_items, from_time) AS own
FULL JOIN (SELECT item.item_id AS of_item, listed.* FROM interactions.item_popularity AS item
	CROSS JOIN LATERAL interactions_v1.list_together_items(item.item_id, page_size => NULL, min_baskets => 1, min_users => 1) AS listed
	WHERE interaction_type = 'purchases') AS listed
ON own.item_id = of_item AND own.other_item_id = listed.item_id
$$;

-- a shop: users and items as they come, in no order; some at the same time, some twice in a basket, some ids as long as can be
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", price)
SELECT 'u' || (hashint4(n / 4) & 63), CASE WHEN n % 11 = 0 THEN rpad('long' || n % 33, 512, 'x') ELSE 'item ' || power((hashint4(n + 1000) & 1023) / 1024.0, 2)::numeric(3, 2) END,
	'2026-01-01'::timestamptz + (abs(hashint4(n / 4)) % 20000) * interval '1 minute' + (abs(hashint4(n)) % 5) * interval '10 minutes', n % 7
FROM generate_series(1, 8000) AS n ORDER BY hashint4(n + 5);

CALL interactions.refresh_items('purchases', '30 minutes', NULL, items_kept => 1000000);
SELECT pairs > 1000 AS many, different FROM differences('30 minutes', 100);
-- at the edge of the gap, and of the limit
CALL interactions.refresh_items('purchases', '10 minutes', NULL, max_basket_items => 4, items_kept => 1000000);
SELECT pairs > 1000 AS many, different FROM differences('10 minutes', 4);
CALL interactions.refresh_items('purchases', '9 minutes 59.999 seconds', NULL, max_basket_items => 5, items_kept => 1000000);
SELECT pairs > 1000 AS many, different FROM differences('9 minutes 59.999 seconds', 5);
CALL interactions.refresh_items('purchases', '0', NULL, items_kept => 1000000);
SELECT pairs > 0 AS some, different FROM differences('0', 100);
CALL interactions.refresh_items('purchases', '1 month', NULL, items_kept => 1000000, max_basket_items => 1000);
SELECT pairs, different FROM differences('1 month', 1000);
-- more than all of the time, by months of 30 days or by the calendar's
CALL interactions.refresh_items('purchases', period => '6800 years');
-- part of the time
BEGIN;
CALL interactions.refresh_items('purchases', period => now() - '2026-01-10', items_kept => 1000000);
SELECT pairs > 1000 AS many, different FROM differences('30 minutes', 100, now() - (now() - '2026-01-10'::timestamptz));
COMMIT;

-- in passes, as memory wants: a large basket of many users makes enough to write down
INSERT INTO interactions.purchases (user_id, item_id, "timestamp")
SELECT 'crowd ' || u, 'crowd ' || (i + u % 5), '2026-02-01' FROM generate_series(1, 40) AS u, generate_series(1, 100) AS i;
SELECT maintenance_work_mem FROM (SELECT current_setting('maintenance_work_mem') AS maintenance_work_mem) AS now \gset
CALL interactions.refresh_items('purchases', period => NULL, items_kept => 1000000);
CREATE TEMP TABLE at_once AS TABLE interactions.item_pairs;
SET maintenance_work_mem = '1MB';
CALL interactions.refresh_items('purchases', period => NULL, items_kept => 1000000);
SET maintenance_work_mem = :'maintenance_work_mem';
SELECT count(*) > 5000 AS many FROM at_once;
TABLE at_once EXCEPT TABLE interactions.item_pairs;
TABLE interactions.item_pairs EXCEPT TABLE at_once;

-- of each item those are kept whose ratio is the highest
CALL interactions.refresh_items('purchases', period => NULL, items_kept => 3);
SELECT count(*) > 100 AS many, count(*) FILTER (WHERE kept.item_id IS NULL OR own.item_id IS NULL) AS different
FROM (SELECT *, row_number() OVER (PARTITION BY item_id ORDER BY llr DESC, other_item_id COLLATE "C") AS place FROM (
	SELECT item_id, other_item_id, interactions.log_likelihood_ratio(baskets, item_baskets, other_baskets, total_baskets) AS llr FROM counted('30 minutes', 100)) AS scored) AS own
FULL JOIN interactions.item_pairs AS kept USING (item_id, other_item_id) WHERE place <= 3 OR place IS NULL;

-- what is popular; what is yet to come counts as what is now
INSERT INTO interactions.purchases (user_id, item_id, "timestamp") VALUES ('u1', 'item 1.00', now() + '1 year');
BEGIN;
CALL interactions.refresh_items('purchases', period => NULL, half_life => '100 days');
SELECT count(*) > 100 AS many, count(*) FILTER (WHERE (own.n, own.u) IS DISTINCT FROM (interactions, users) OR (abs(own.score - popular.score) <= 1e-9 * own.score) IS NOT TRUE) AS different
FROM (SELECT item_id, count(*) AS n, count(DISTINCT user_id) AS u, sum(power(0.5, greatest(extract(epoch FROM now() - "timestamp")::float8, 0) / 8640000)) AS score
	FROM interactions.purchases GROUP BY item_id) AS own
FULL JOIN interactions_v1.list_popular_items(page_size => NULL) AS popular USING (item_id);
COMMIT;

-- a user with 270,000 rows, of an item that takes more memory than there is; tables with partitions
TRUNCATE interactions.purchases;
INSERT INTO interactions.purchases (user_id, item_id, "timestamp")
SELECT 'busy', CASE n % 3 WHEN 0 THEN 'hub' ELSE 'spoke ' || n * 7 % 1100 END, '1990-01-01'::timestamptz + n / 3 * interval '1 hour' FROM generate_series(0, 269999) AS n;
INSERT INTO interactions.purchases (user_id, item_id, "timestamp")
SELECT 'other ' || n / 4, CASE n % 4 WHEN 0 THEN 'hub' ELSE 'spoke ' || n % 7 END, '2000-01-01'::timestamptz + n % 3 * interval '10 minutes' FROM generate_series(0, 400) AS n;
SET maintenance_work_mem = '1MB';
CALL interactions.refresh_items('purchases', period => NULL, items_kept => 1000000);
SET maintenance_work_mem = :'maintenance_work_mem';
SELECT pairs > 1000 AS many, different FROM differences('30 minutes', 100);
TRUNCATE at_once;
INSERT INTO at_once TABLE interactions.item_pairs;
BEGIN;
CREATE TEMP TABLE plain AS TABLE interactions.purchases;
DROP TABLE interactions.purchases CASCADE;
SELECT interactions.create_tables(partitioned => true);
CREATE TABLE interactions.purchases_1995 PARTITION OF interactions.purchases FOR VALUES FROM ('1995-01-01') TO ('1996-01-01');
INSERT INTO interactions.purchases TABLE plain;
CALL interactions.refresh_items('purchases', period => NULL, items_kept => 1000000);
TABLE at_once EXCEPT TABLE interactions.item_pairs;
TABLE interactions.item_pairs EXCEPT TABLE at_once;
ROLLBACK;

TRUNCATE interactions.purchases, interactions.item_pairs, interactions.item_popularity;
DROP TABLE at_once;
DROP FUNCTION differences, counted, k_ln;
