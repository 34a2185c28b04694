/* Pages by cursor neither repeat nor lose a row, newest first, whatever the size, and however many rows share a millisecond. */
BEGIN;
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO';
SET LOCAL extra_float_digits = 1;
SELECT no_plan();
SELECT diag('seed 0.42');
SELECT setseed(0.42);

CREATE TEMP VIEW kinds AS
	SELECT relname::text AS kind FROM pg_class WHERE relnamespace = 'interactions_v1'::regnamespace AND relkind = 'v' AND relname NOT IN ('users', 'recommendations');

-- few users, items and milliseconds, so that all of them coincide; ids with the cursor's colon, and each other's beginnings
CREATE TEMP TABLE ids (n int, id text);
INSERT INTO ids VALUES (0, 'a'), (1, 'a:'), (2, 'a:b'), (3, ':'), (4, '9'), (5, '10'), (6, 'é'), (7, 'B'), (8, '5:a'), (9, E'\U0001F600');
DO $$
DECLARE
	kind text;
	answer json;
BEGIN
	FOR kind IN SELECT kinds.kind FROM kinds LOOP
		EXECUTE format('SELECT interactions_v1.create_%s((
			SELECT json_agg(json_strip_nulls(json_build_object(''user_id'', u.id, ''item_id'', i.id, ''timestamp'', 1700000000000 + floor(random() * 6),
				''recommendation_id'', CASE WHEN random() < 0.5 THEN floor(random() * 4)::int END%s)))
			FROM generate_series(1, 600)
			CROSS JOIN LATERAL (SELECT floor(random() * 3)::int AS u, floor(random() * 10)::int AS i, generate_series) AS r
			JOIN ids AS u ON u.n = r.u JOIN ids AS i ON i.n = r.i))', kind, CASE WHEN kind = 'ratings' THEN ', ''value'', 3' ELSE '' END) INTO answer;
		PERFORM set_config('test.created', answer ->> 'created', true);
	END LOOP;
END
$$;
SELECT cmp_ok(current_setting('test.created')::int, '>', 200, 'there are rows to walk over');
SELECT cmp_ok((SELECT max(n) FROM (SELECT count(*) AS n FROM interactions.views GROUP BY user_id, item_id, "timestamp") AS same), '>', 3::bigint,
	'there are rows that agree in user, item and time');

/* The rows of a list from its first page to its last, each with the number of its page. */
CREATE FUNCTION pg_temp.walk(kind text, side text, owner text, page_size int, from_ms text, to_ms text)
RETURNS TABLE (page int, stamp bigint, other text, whole text) LANGUAGE plpgsql AS $$
DECLARE
	after text;
	rows_before bigint := -1;
BEGIN
	page := 0;
	LOOP
		page := page + 1;
		IF page > 2000 THEN
			RAISE 'the walk does not end';
		END IF;
		rows_before := 0;
		FOR stamp, other, whole IN EXECUTE format('SELECT "timestamp", %I, row_to_json(list)::text FROM interactions_v1.list_%s_%s($1, $2, $3, $4, $5) AS list',
			CASE side WHEN 'user' THEN 'item_id' ELSE 'user_id' END, side, kind) USING owner, page_size, after, from_ms, to_ms
		LOOP
			rows_before := rows_before + 1;
			RETURN NEXT;
		END LOOP;
		EXIT WHEN rows_before = 0;
		after := stamp || ':' || other;
	END LOOP;
END
$$;

/* What is wrong with a walk, compared to plain SQL; null is nothing. */
CREATE FUNCTION pg_temp.fault(kind text, side text, owner text, page_size int, from_ms text, to_ms text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	fault text;
BEGIN
	CREATE TEMP TABLE walked ON COMMIT DROP AS SELECT row_number() OVER () AS n, w.* FROM pg_temp.walk($1, $2, $3, $4, $5, $6) AS w;
	EXECUTE format('CREATE TEMP TABLE expected ON COMMIT DROP AS
		SELECT row_number() OVER (ORDER BY "timestamp" DESC, %1$I COLLATE "C" DESC) AS n, "timestamp" AS stamp, %1$I AS other, row_to_json(list)::text AS whole
		FROM interactions_v1.%2$I AS list
		WHERE %3$I = $1 AND "timestamp" >= coalesce($2::bigint, 0) AND "timestamp" < coalesce($3::bigint, 1e18)',
		CASE side WHEN 'user' THEN 'item_id' ELSE 'user_id' END, kind, side || '_id') USING owner, from_ms, to_ms;
	SELECT CASE
		WHEN EXISTS (SELECT whole FROM expected EXCEPT ALL SELECT whole FROM walked) THEN 'loses a row'
		WHEN EXISTS (SELECT whole FROM walked EXCEPT ALL SELECT whole FROM expected) THEN 'repeats or invents a row'
		WHEN EXISTS (SELECT n, stamp, other FROM expected EXCEPT SELECT n, stamp, other FROM walked) THEN 'is out of order'
		-- a page is as long as asked for, or longer by the rows that agree with its last one in the cursor
		WHEN EXISTS (
			SELECT FROM (SELECT page, row_number() OVER (PARTITION BY page ORDER BY n) AS place, stamp, other,
				nth_value(ROW(stamp, other), page_size) OVER (PARTITION BY page ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last
				FROM walked) AS placed
			WHERE place > page_size AND ROW(stamp, other) IS DISTINCT FROM last) THEN 'has a page that is too long'
		WHEN EXISTS (SELECT FROM walked WHERE page < (SELECT max(page) FROM walked) GROUP BY page HAVING count(*) < page_size) THEN 'has a short page in its midst'
	END INTO fault;
	DROP TABLE walked, expected;
	RETURN fault;
END
$$;

SELECT is(string_agg(format('%s %s in pages of %s', owner, fault, page_size), ', ') FILTER (WHERE fault IS NOT NULL), NULL,
	format('%s of %s, %s', kind, side, range))
FROM kinds, (VALUES ('user', 3), ('item', 10)) AS sides (side, owners),
	LATERAL (SELECT id AS owner FROM ids WHERE n < owners) AS o,
	(VALUES ('all', NULL, NULL), ('from', '1700000000002', NULL), ('to', NULL, '1700000000004'), ('from and to', '1700000000001', '1700000000003'),
		('one millisecond', '1700000000002', '1700000000003'), ('nothing', '1700000000002', '1700000000002')) AS ranges (range, from_ms, to_ms),
	-- every size for one type; for the others, which differ in nothing but columns, two
	LATERAL (SELECT page_size FROM generate_series(1, 7) AS page_size WHERE kind = 'purchases' OR range = 'all' AND page_size IN (1, 7)
		UNION ALL SELECT 1000 WHERE range = 'all') AS sizes,
	LATERAL pg_temp.fault(kind, side, owner, page_size, from_ms, to_ms)
GROUP BY kind, side, range ORDER BY kind, side, range;

-- rows that come between two pages, newer than the cursor, are not met again; older ones are met
CREATE TEMP TABLE first_page AS SELECT * FROM interactions_v1.list_user_views('a', 5);
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('a', 'newer', 1700000009999), ('a', 'older', 1);
SELECT is((SELECT array_agg(item_id) FILTER (WHERE item_id IN ('newer', 'older'))
	FROM (SELECT "timestamp" || ':' || item_id AS after FROM first_page ORDER BY "timestamp", item_id COLLATE "C" LIMIT 1) AS last,
		interactions_v1.list_user_views('a', after => last.after)), ARRAY['older'], 'a row that is added between two pages');

SELECT * FROM finish();
ROLLBACK;
