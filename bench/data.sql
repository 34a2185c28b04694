/*
 * The benchmark's purchases: 50,000 users, 20,000 items, both Zipf-distributed, six months, in arrival order.
 * Row n is a function of n alone, so that every run, chunk and side sees the same rows.
 */

CREATE SCHEMA bench;

CREATE FUNCTION bench.uniform(n bigint, seed bigint) RETURNS double precision
	RETURN (hashint8extended(n, seed) & 4294967295) / 4294967296.0::double precision;

-- Rank k of max with a probability of ln((k + 1) / k) / ln(max + 1): Zipf's law with exponent 1.
CREATE FUNCTION bench.zipf(n bigint, seed bigint, max integer) RETURNS integer
	RETURN floor(power(max + 1, bench.uniform(n, seed)));

-- The id of a rank. The factor has no divisor in common with max: ids come in no order of rank.
CREATE FUNCTION bench.id(prefix text, rank integer, max integer) RETURNS text
	RETURN prefix || 10000 + rank * 7919::bigint % max;

-- Rows first to last of those that fill six months with total of them.
CREATE FUNCTION bench.generate(first bigint, last bigint, total bigint, users integer DEFAULT 50000, items integer DEFAULT 20000)
	RETURNS TABLE (n bigint, user_id text, item_id text, "timestamp" timestamptz, recommendation_id text, price numeric, amount integer)
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT n,
		bench.id('user-', bench.zipf(n, 1, users), users),
		bench.id('item-', bench.zipf(n, 2, items), items),
		'2025-01-01 00:00+00'::timestamptz
			+ floor((n - bench.uniform(n, 3)) * 15638400000 / total) * '1 ms'::interval,
		CASE WHEN bench.uniform(n, 4) < 0.3 THEN md5(n::text) END,
		round((1 + 200 * power(bench.uniform(n, 5), 2))::numeric, 2),
		1 + floor(3 * power(bench.uniform(n, 6), 3))::integer
	FROM generate_series(first, last) AS n;
END;

CREATE TABLE bench.purchases (
	n bigint PRIMARY KEY,
	user_id text COLLATE "C",
	item_id text COLLATE "C",
	"timestamp" timestamptz,
	recommendation_id text COLLATE "C",
	price numeric,
	amount integer
);

-- The same in wire format
CREATE VIEW bench.wire AS
	SELECT n, user_id, item_id, (extract(epoch FROM "timestamp") * 1000)::bigint AS "timestamp",
		recommendation_id, price, amount
	FROM bench.purchases;

-- A client's body of every step-th row from first to last; a property that is null is left out
CREATE FUNCTION bench.batch(first bigint, last bigint, step bigint DEFAULT 1) RETURNS json
	RETURN (
		SELECT json_agg(json_strip_nulls(row_to_json(purchase)) ORDER BY n)
		FROM bench.wire,
			LATERAL (SELECT user_id, item_id, "timestamp", recommendation_id, price, amount) AS purchase
		WHERE n BETWEEN first AND last AND (n - first) % step = 0);

-- Stores every step-th row from first to last through the extension, 10,000 a call.
CREATE PROCEDURE bench.store(first bigint, last bigint, step bigint DEFAULT 1) LANGUAGE plpgsql AS $$
BEGIN
	FOR n IN first .. last BY 10000 * step LOOP
		PERFORM interactions_v1.create_purchases(bench.batch(n, least(n + 10000 * step - 1, last), step));
		COMMIT;
	END LOOP;
END
$$;

-- The bodies of size rows each, as text: a call has to parse it.
CREATE TABLE bench.batches (n bigint PRIMARY KEY, body text);
ALTER TABLE bench.batches ALTER body SET STORAGE EXTERNAL;

CREATE PROCEDURE bench.make_batches(first bigint, last bigint, size bigint) LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO bench.batches
	SELECT (n - first) / size, bench.batch(n, n + size - 1) FROM generate_series(first, last, size) AS n;
END;

-- A user and an item of hers each, in an order that is none
CREATE TABLE bench.pairs (n bigint PRIMARY KEY, user_id text, item_id text);

CREATE PROCEDURE bench.choose_pairs() LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO bench.pairs
	SELECT row_number() OVER (ORDER BY hashtext(user_id), user_id), user_id, item_id
	FROM (SELECT DISTINCT ON (user_id) user_id, item_id FROM interactions.purchases WHERE user_id LIKE 'user-%') AS pairs;
END;

-- Whether autovacuum has nothing to do
CREATE FUNCTION bench.vacuumed() RETURNS boolean
	RETURN (
		SELECT n_dead_tup <= threshold + scale_factor * greatest(reltuples, 0)
			AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'autovacuum worker')
		FROM pg_stat_user_tables
		JOIN pg_class ON pg_class.oid = relid,
			LATERAL (SELECT
				coalesce(max(option_value) FILTER (WHERE option_name = 'autovacuum_vacuum_threshold'),
					current_setting('autovacuum_vacuum_threshold'))::double precision AS threshold,
				coalesce(max(option_value) FILTER (WHERE option_name = 'autovacuum_vacuum_scale_factor'),
					current_setting('autovacuum_vacuum_scale_factor'))::double precision AS scale_factor
				FROM pg_options_to_table(reloptions)) AS options
		WHERE relid = 'interactions.purchases'::regclass);

CREATE PROCEDURE bench.await_autovacuum() LANGUAGE plpgsql AS $$
BEGIN
	WHILE NOT bench.vacuumed() LOOP
		COMMIT;
		PERFORM pg_sleep(0.1);
	END LOOP;
END
$$;
