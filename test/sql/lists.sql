-- Lists are newest first, half-open in time, readable READ ONLY, answered by an index alone, and refuse what they cannot mean
\set SHOW_CONTEXT never
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp", duration) VALUES
	('u', 'a', 1000000001000, 1), ('u', 'b', 1000000001000, 2), ('u', 'B', 1000000001000, 3), ('u', 'a', 1000000002000, NULL), ('u', 'a', 1000000002000, 5), ('u', 'c:d', 1000000003000, 6), ('v', 'a', 1000000002000, 7);

SELECT * FROM interactions_v1.list_user_views('u') AS l (u, item_id, "timestamp") ORDER BY 3 DESC, 2 DESC, 5;
SELECT user_id, duration FROM interactions_v1.list_item_views('a') WHERE "timestamp" = 1000000001000 OR user_id = 'v';
SELECT count(*) FROM interactions_v1.list_user_views('nobody');

-- pages; what agrees in the cursor stays on one
SELECT item_id, "timestamp" FROM interactions_v1.list_user_views('u', 2);
SELECT item_id, "timestamp" FROM interactions_v1.list_user_views('u', 2, '1000000002000:a');
SELECT item_id, "timestamp" FROM interactions_v1.list_user_views('u', 2, '1000000001000:a');
SELECT item_id, "timestamp" FROM interactions_v1.list_user_views('u', 1, '1000000003000:c:d');
SELECT user_id, "timestamp" FROM interactions_v1.list_item_views('a', 1);
SELECT user_id, "timestamp" FROM interactions_v1.list_item_views('a', 1, '1000000002000:v');
-- a cursor need not be a row's; its id may be empty
SELECT item_id, "timestamp" FROM interactions_v1.list_user_views('u', 1, '1000000002500:zzz');
SELECT item_id, "timestamp" FROM interactions_v1.list_user_views('u', 1, '1000000002000:');
SELECT count(*) FROM interactions_v1.list_user_views('u', 2147483647);
SELECT count(*) FROM interactions_v1.list_user_views('u', NULL, NULL, NULL, NULL);

-- the range: from is included, to is not
SELECT count(*) FROM interactions_v1.list_user_views('u', from_timestamp => '1000000001000', to_timestamp => '1000000003000');
SELECT count(*) FROM interactions_v1.list_user_views('u', from_timestamp => '1000000001001', to_timestamp => '1000000003001');
SELECT count(*) FROM interactions_v1.list_user_views('u', from_timestamp => '1000000002000', to_timestamp => '1000000002000');
SELECT count(*) FROM interactions_v1.list_user_views('u', from_timestamp => '1000000003000', to_timestamp => '1000000001000');
SELECT item_id, "timestamp" FROM interactions_v1.list_user_views('u', 1, '1000000003000:c:d', '1000000001000', '1000000002000');

-- in a READ ONLY transaction, and where a statement calls it for many
BEGIN READ ONLY;
SELECT count(*) FROM interactions_v1.list_user_views('u');
SELECT owner, count(l) FROM (VALUES ('u'), ('v')) AS o (owner), interactions_v1.list_user_views(owner, 3) AS l GROUP BY owner ORDER BY owner;
SELECT owner, (interactions_v1.list_item_views(owner, 1)).duration FROM (VALUES ('b'), ('nothing'), ('B')) AS o (owner) ORDER BY owner COLLATE "C" DESC;
COMMIT;
-- as of the statement that calls it
WITH w AS (INSERT INTO interactions.views (user_id, item_id) VALUES ('w', 'w') RETURNING user_id)
SELECT (SELECT count(*) FROM interactions_v1.list_user_views(w.user_id)) FROM w;

-- a row as the view has it, however wide, and where the table has a column of somebody else's
BEGIN;
ALTER TABLE interactions.purchases ALTER price SET STORAGE EXTERNAL;
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", recommendation_id, price, amount)
SELECT u, i, 'epoch'::timestamptz + length(u || i) * '1 ms'::interval, nullif(repeat('r', length(i) - 1), ''), p::numeric, length(u)
FROM unnest(ARRAY['w', repeat('w', 126), repeat('w', 127), repeat('w', 512)]) AS u,
	unnest(ARRAY['i', repeat('i', 126), repeat('i', 127), repeat('i', 512)]) AS i,
	unnest(ARRAY[NULL, '9.50', '9' || repeat('1234', 75) || '.' || repeat('5678', 4000)]) AS p;
CREATE FUNCTION differences() RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM interactions_v1.purchases AS v FULL JOIN (SELECT l.* FROM (SELECT DISTINCT user_id FROM interactions.purchases) AS o,
		interactions_v1.list_user_purchases(user_id) AS l UNION ALL SELECT l.* FROM (SELECT DISTINCT item_id FROM interactions.purchases) AS o,
		interactions_v1.list_item_purchases(item_id) AS l) AS l ON v = l WHERE v IS NULL OR l IS NULL
$$;
SELECT differences(), count(*) FROM interactions_v1.purchases;
ALTER TABLE interactions.purchases ADD gone text DEFAULT 'mine', ADD note text DEFAULT 'mine';
ALTER TABLE interactions.purchases DROP gone;
SELECT differences(), count(*) FROM interactions_v1.list_user_purchases('w');
ROLLBACK;

-- what is refused
\set VERBOSITY terse
SELECT interactions_v1.list_user_views(NULL);
SELECT interactions_v1.list_item_views('');
SELECT interactions_v1.list_user_views(repeat('x', 513));
SELECT interactions_v1.list_user_views('u', 0);
SELECT interactions_v1.list_user_views('u', -1);
SELECT interactions_v1.list_user_views('u', after => 'a');
SELECT interactions_v1.list_user_views('u', after => '');
SELECT interactions_v1.list_user_views('u', after => ':');
SELECT interactions_v1.list_user_views('u', after => ':a');
SELECT interactions_v1.list_user_views('u', after => 'a:1000');
SELECT interactions_v1.list_user_views('u', after => '-1:a');
SELECT interactions_v1.list_user_views('u', after => '253402300800000:a');
SELECT interactions_v1.list_user_views('u', from_timestamp => '2020-01-01');
SELECT interactions_v1.list_user_views('u', to_timestamp => '');
SELECT interactions_v1.list_user_views('u', to_timestamp => '-1');
\set VERBOSITY default
SELECT interactions_v1.list_item_views('u', after => 'a');
\echo :LAST_ERROR_SQLSTATE

-- answered by an index, with the order in it: rows read for a page of 10 out of some 200, call after call, since from the
-- sixth on the plan may be one for any parameters; an item's list may sort, but not all of it
TRUNCATE interactions.views;
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp", duration)
	SELECT 'u' || n % 100, 'i' || n % 97, 1700000000000 + n / 3, n FROM generate_series(1, 20000) AS n;
VACUUM ANALYZE interactions.views;
CREATE FUNCTION calls_that_read_more(call text, most int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	n int;
	before pg_stat_xact_user_tables;
	after pg_stat_xact_user_tables;
	result text;
BEGIN
	FOR n IN 1..12 LOOP
		SELECT * INTO before FROM pg_stat_xact_user_tables WHERE relid = 'interactions.views'::regclass;
		EXECUTE 'SELECT count(*) FROM ' || call;
		SELECT * INTO after FROM pg_stat_xact_user_tables WHERE relid = 'interactions.views'::regclass;
		IF after.seq_scan > before.seq_scan OR after.idx_scan <= before.idx_scan OR after.idx_tup_fetch > before.idx_tup_fetch + most
			OR after.idx_tup_fetch = before.idx_tup_fetch THEN
			result := concat_ws(', ', result, format('call %s read %s', n, after.idx_tup_fetch + after.seq_tup_read - before.idx_tup_fetch - before.seq_tup_read));
		END IF;
	END LOOP;
	RETURN coalesce(result, 'none');
END
$$;
CREATE TEMP TABLE calls (n int, call text, most int);
INSERT INTO calls VALUES
	(1, $$list_user_views('u1', 10)$$, 11),
	(2, $$list_user_views('u1', 10, '1700000006000:i50')$$, 11),
	(3, $$list_user_views('u1', 10, '1700000006000:i50', '1700000001000', '1700000006001')$$, 11),
	(4, $$list_item_views('i1', 10)$$, 70),
	(5, $$list_item_views('i1', 10, '1700000006000:u50')$$, 70),
	(6, $$list_item_views('i1', 10, '1700000006000:u50', '1700000001000', '1700000006001')$$, 70);
\pset format unaligned
\pset tuples_only on
SELECT n, calls_that_read_more('interactions_v1.' || call, most) FROM calls ORDER BY n;
SET plan_cache_mode = force_generic_plan;
SELECT n, calls_that_read_more('interactions_v1.' || call, most) FROM calls ORDER BY n;
SET plan_cache_mode = force_custom_plan;
SELECT n, calls_that_read_more('interactions_v1.' || call, most) FROM calls ORDER BY n;
RESET plan_cache_mode;

-- and as EXPLAIN has it: the nodes of the very plans, from auto_explain in a session of its own
\setenv PGDATABASE :DBNAME
\! psql -X -q -c "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on; SET auto_explain.log_level = notice; SELECT FROM interactions_v1.list_user_views('u1', 10, '1700000006000:i50', '1700000001000')" 2>&1 | grep -oE 'Sort|(Seq|Bitmap)[A-Za-z ]* on [a-z_]+|Index[A-Za-z ]* using [a-z_]+'
\! psql -X -q -c "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on; SET auto_explain.log_level = notice; SELECT FROM interactions_v1.list_item_views('i1', 10, '1700000006000:u50', '1700000001000')" 2>&1 | grep -oE '(Seq|Bitmap)[A-Za-z ]* on [a-z_]+|Index[A-Za-z ]* using [a-z_]+'

DROP FUNCTION calls_that_read_more;
TRUNCATE interactions.views;
