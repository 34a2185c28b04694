/*
 * What is counted in a database of its own: a shop's orders of three items each, and what recommendations brought; with
 * it, what one would write for the same answers. :orders, :recommendations and :views say how many there are.
 */

-- users and items as in data.sql; two orders of a user are 20 seconds apart at least, the items of one a second
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", recommendation_id, price, amount)
SELECT bench.id('user-', bench.zipf(n / 3, 1, 50000), 50000), bench.id('item-', bench.zipf(n, 2, 20000), 20000),
	'2025-01-01 00:00+00'::timestamptz + n / 3 * interval '20 seconds' + n % 3 * interval '1 second',
	CASE WHEN n % 10 = 0 THEN CASE WHEN n % 1000 = 0 THEN 'lost ' ELSE 'r' END || (bench.uniform(n, 4) * :recommendations)::bigint END, 9.5, 1
FROM generate_series(0, 3 * :orders - 1) AS n;

INSERT INTO interactions.recommendations (recommendation_id, user_id, scenario, "timestamp")
SELECT 'r' || n, bench.id('user-', bench.zipf(n, 1, 50000), 50000), 'scenario ' || n % 5,
	'2025-01-01 00:00+00'::timestamptz + n * (20.0 * :orders / :recommendations) * interval '1 second'
FROM generate_series(0, :recommendations - 1) AS n;

INSERT INTO interactions.views (user_id, item_id, "timestamp", recommendation_id)
SELECT bench.id('user-', bench.zipf(n, 1, 50000), 50000), bench.id('item-', bench.zipf(n, 2, 20000), 20000),
	'2025-01-01 00:00+00'::timestamptz + n * (20.0 * :orders / :views) * interval '1 second', 'r' || greatest(n::bigint * :recommendations / :views - (bench.uniform(n, 4) * 1000)::bigint, 0)
FROM generate_series(0, :views - 1) AS n;
VACUUM ANALYZE;

CREATE TABLE bench.together (
	item_id text COLLATE "C",
	other_item_id text COLLATE "C",
	baskets bigint,
	users bigint,
	item_baskets bigint,
	other_baskets bigint,
	total_baskets bigint,
	PRIMARY KEY (item_id, other_item_id)
);
CREATE TABLE bench.popularity (item_id text COLLATE "C" PRIMARY KEY, interactions bigint, baskets bigint, users bigint, score double precision);

CREATE FUNCTION bench.k_ln(k double precision, x double precision) RETURNS double precision
	RETURN CASE WHEN k > 0 THEN k * ln(x) ELSE 0 END;

-- Baskets by window functions, pairs by a self-join, each pair once; and the same two tables
CREATE PROCEDURE bench.refresh(gap interval) LANGUAGE plpgsql AS $$
BEGIN
	CREATE TEMP TABLE baskets ON COMMIT DROP AS
	WITH steps AS (
		SELECT user_id, item_id, "timestamp",
			CASE WHEN "timestamp" - lag("timestamp") OVER (PARTITION BY user_id ORDER BY "timestamp") <= gap THEN 0 ELSE 1 END AS step
		FROM interactions.purchases)
	SELECT DISTINCT basket, item_id, user_id
	FROM (SELECT user_id, item_id, sum(step) OVER (ORDER BY user_id, "timestamp") AS basket FROM steps) AS numbered;
	DELETE FROM baskets WHERE basket IN (SELECT basket FROM baskets GROUP BY basket HAVING count(*) > 100);
	ANALYZE baskets;

	DELETE FROM bench.popularity;
	INSERT INTO bench.popularity
	SELECT item_id, interactions, coalesce(kept.baskets, 0), users, score
	FROM (SELECT item_id, count(*) AS interactions, count(DISTINCT user_id) AS users,
			sum(power(0.5, extract(epoch FROM now() - "timestamp")::double precision / 604800)) AS score
		FROM interactions.purchases GROUP BY item_id) AS items
	LEFT JOIN (SELECT item_id, count(*) AS baskets FROM baskets GROUP BY item_id) AS kept USING (item_id);

	DELETE FROM bench.together;
	INSERT INTO bench.together
	WITH pairs AS (
		SELECT a.item_id AS one, b.item_id AS other, count(*) AS n, count(DISTINCT a.user_id) AS users
		FROM baskets AS a JOIN baskets AS b ON b.basket = a.basket AND b.item_id > a.item_id GROUP BY 1, 2
	), total AS (
		SELECT count(DISTINCT basket)::double precision AS t FROM baskets
	), scored AS (
		SELECT one, other, n, pairs.users, a.baskets AS ca, b.baskets AS cb, t,
			bench.k_ln(n, t * n / (a.baskets::double precision * b.baskets))
			+ bench.k_ln(a.baskets - n, t * (a.baskets - n) / (a.baskets * (t - b.baskets)))
			+ bench.k_ln(b.baskets - n, t * (b.baskets - n) / (b.baskets * (t - a.baskets)))
			+ bench.k_ln(t - a.baskets - b.baskets + n, t * (t - a.baskets - b.baskets + n) / ((t - a.baskets) * (t - b.baskets))) AS llr
		FROM pairs JOIN bench.popularity AS a ON a.item_id = one JOIN bench.popularity AS b ON b.item_id = other CROSS JOIN total
		WHERE n * t > a.baskets::double precision * b.baskets
	), directed AS (
		SELECT one, other, n, users, ca, cb, t, llr FROM scored UNION ALL SELECT other, one, n, users, cb, ca, t, llr FROM scored
	), ranked AS (
		SELECT *, row_number() OVER (PARTITION BY one ORDER BY llr DESC, other) AS place FROM directed
	)
	SELECT one, other, n, users, ca, cb, t FROM ranked WHERE place <= 50;
END
$$;
