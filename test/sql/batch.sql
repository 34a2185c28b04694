-- A batch is stored all or nothing, or imported with each bad element reported; also a large one, in memory that is given back
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

-- created, duplicates, and status 201
BEGIN;
SELECT interactions_v1.create_purchases('[
	{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "price": 9.5},
	{"item_id": "b", "user_id": "u", "timestamp": "1000000000002", "amount": 2},
	{"user_id": "u", "item_id": 3, "timestamp": 1000000000003},
	{"user_id": "u", "item_id": "a", "timestamp": 1000000000001.5, "price": "9.50"}]');
SHOW response.status;
COMMIT;
SELECT * FROM interactions_v1.purchases ORDER BY "timestamp";

-- the same again, and half the same: the path for what is stored already
SELECT interactions_v1.create_purchases('[{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "price": 9.5}, {"user_id": "u", "item_id": 3, "timestamp": 1000000000003}]');
SELECT interactions_v1.create_purchases('[{"user_id": "u", "item_id": "c", "timestamp": 1000000000004}, {"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "price": 9.5},
	{"user_id": "u", "item_id": "d", "timestamp": 1000000000004}, {"user_id": "u", "item_id": "c", "timestamp": 1000000000004}]');
SELECT count(*) FROM interactions.purchases;

-- elements so short that they are more than there was room for
SELECT interactions_v1.create_bookmarks(json_agg(json_build_object('user_id', 1, 'item_id', n))) FROM generate_series(1, 1000) AS n;
TRUNCATE interactions.bookmarks;

-- one bad element: nothing is stored, the element is named, the SQLSTATE is its own
SELECT interactions_v1.create_purchases('[{"user_id": "u", "item_id": "e"}, {"user_id": "u"}]');
\echo :LAST_ERROR_SQLSTATE
-- two: the SQLSTATE is that of the first
SELECT interactions_v1.create_purchases('[{"user_id": "u", "item_id": "e"}, {"user_id": "u", "item_id": "e", "price": -1}, {"user_id": "u"}]');
\echo :LAST_ERROR_SQLSTATE
-- twelve: the first ten are named, all are counted
SELECT interactions_v1.create_views((SELECT json_agg(json_build_object('user_id', 'u', 'item_id', n, 'duration', 6 - n)) FROM generate_series(1, 18) AS n));
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM interactions.purchases;
SELECT count(*) FROM interactions.views;

-- an import stores the good ones, and reports each of the bad ones by index; status 200
BEGIN;
SELECT interactions_v1.import_views((SELECT json_agg(json_build_object('user_id', 'u', 'item_id', n, 'timestamp', 1000000000000 + n, 'duration', 6 - n)) FROM generate_series(1, 8) AS n));
SHOW response.status;
COMMIT;
SELECT jsonb_pretty(interactions_v1.import_views('[1, {"user_id": "u", "item_id": 1, "timestamp": 1000000000001, "duration": 5}, {"user_id": "\u0000"},
	{"user_id": "u\"", "item_id": "\ud800"}, {"user_id": "u", "item_id": "i", "timestamp": 1000000000009}, {"user_id": "a \"quoted\"\n\\name", "item_id": "i", "a \"b": 1}]')::jsonb);
SELECT json_array_length(interactions_v1.import_views((SELECT json_agg(n) FROM generate_series(1, 1000) AS n)) -> 'errors');
SELECT * FROM interactions_v1.views ORDER BY "timestamp";

-- nothing at all
SELECT interactions_v1.create_ratings('[]');
SELECT interactions_v1.import_ratings('[]');

-- inside a transaction: what fails leaves it as it was, and what is stored can be taken back
BEGIN;
SELECT interactions_v1.create_ratings('[{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "value": 1}]');
SAVEPOINT s;
SELECT interactions_v1.create_ratings('[{"user_id": "u", "item_id": "b", "timestamp": 1000000000001, "value": 1}, {"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "value": 1}]');
SELECT interactions_v1.create_ratings('[{"user_id": "u", "item_id": "c", "timestamp": 1000000000001, "value": 6}]');
ROLLBACK TO s;
SELECT interactions_v1.create_ratings('[{"user_id": "u", "item_id": "d", "timestamp": 1000000000001, "value": 1}, {"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "value": 1}]');
COMMIT;
SELECT item_id FROM interactions.ratings ORDER BY item_id;

-- two in one statement, the second of which repeats the first
SELECT interactions_v1.create_ratings(body), interactions_v1.create_ratings(body) FROM (VALUES ('[{"user_id": "u", "item_id": "e", "value": 1, "timestamp": 1000000000001}]'::json)) AS v (body);

-- 100,000 elements, the same again, and half the same; of each second one a repeat in itself
CREATE TEMP TABLE bodies AS
	SELECT from_n, json_agg(json_build_object('user_id', 'user ' || n % 1000, 'item_id', n % 50000, 'timestamp', 1700000000000 + n % 50000, 'price', n % 50000 * 0.5))::text AS body
	FROM (VALUES (0), (25000)) AS v (from_n), generate_series(from_n, from_n + 99999) AS n GROUP BY from_n;
SELECT interactions_v1.create_cart_additions(body::json) FROM bodies WHERE from_n = 0;
SELECT interactions_v1.create_cart_additions(body::json) FROM bodies WHERE from_n = 0;
DELETE FROM interactions.cart_additions WHERE item_id::int < 20000;
SELECT interactions_v1.create_cart_additions(body::json) FROM bodies WHERE from_n = 25000;
SELECT count(*), count(DISTINCT item_id), sum(price) FROM interactions.cart_additions;
-- its last element bad: nothing of it
DELETE FROM interactions.cart_additions;
SELECT interactions_v1.create_cart_additions((left(body, -1) || ', {"user_id": "u"}]')::json) FROM bodies WHERE from_n = 0;
SELECT count(*) FROM interactions.cart_additions;
-- an import of 100,000 that are all bad
SELECT json_array_length(interactions_v1.import_ratings(body::json) -> 'errors') FROM bodies WHERE from_n = 0;

-- memory is given back: within one statement, so that its end cannot do it
CREATE FUNCTION memory_of_batches() RETURNS bigint LANGUAGE sql AS
	$$ SELECT coalesce(sum(total_bytes), 0)::bigint FROM pg_backend_memory_contexts WHERE name ~* 'interactions' $$;
CREATE FUNCTION used_bytes() RETURNS bigint LANGUAGE sql AS
	$$ SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts $$;
DO $$
DECLARE
	body json := (SELECT b.body FROM bodies AS b WHERE from_n = 0);
	before bigint;
	after bigint;
	n int;
BEGIN
	FOR n IN 1..6 LOOP
		PERFORM interactions_v1.create_cart_additions(body);
		IF n = 3 THEN
			before := used_bytes();
		END IF;
	END LOOP;
	after := used_bytes();
	RAISE NOTICE 'contexts of batches hold % bytes', memory_of_batches();
	RAISE NOTICE 'three batches of % MB leave %', length(body::text) / 1000000, CASE WHEN after - before < 1000000 THEN 'nothing behind' ELSE (after - before) || ' bytes' END;
END
$$;
-- also after one that failed
SELECT interactions_v1.create_cart_additions((left(body, -1) || ', 1]')::json) FROM bodies WHERE from_n = 0;
SELECT memory_of_batches();

DROP FUNCTION memory_of_batches, used_bytes;
TRUNCATE interactions.purchases, interactions.views, interactions.ratings, interactions.cart_additions;
