/* delete_* deletes what matches every criterion given, and nothing else; a criterion that is no criterion deletes nothing. */
BEGIN;
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO';
SET LOCAL extra_float_digits = 1;
SELECT no_plan();

CREATE TEMP VIEW kinds AS
	SELECT relname::text AS kind FROM pg_class WHERE relnamespace = 'interactions_v1'::regnamespace AND relkind = 'v' AND relname NOT IN ('users', 'recommendations');

CREATE FUNCTION pg_temp.fill(kind text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO interactions_v1.%I (user_id, item_id, "timestamp", recommendation_id%s)
		SELECT u, i, t, r%s FROM unnest(ARRAY[''u1'', ''u2'', ''u3'']) AS u, unnest(ARRAY[''i1'', ''i2'', ''i3'']) AS i,
			unnest(ARRAY[0, 1699999999999, 1700000000000, 1700000000001, 253402300799999]) AS t, unnest(ARRAY[''r'', NULL]) AS r',
		kind, CASE kind WHEN 'ratings' THEN ', value' ELSE '' END, CASE kind WHEN 'ratings' THEN ', 3' ELSE '' END);
END
$$;

/* What is left after a deletion, and what it said; then all is as before. */
CREATE FUNCTION pg_temp.left_over(kind text, criteria text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	rows_left text;
BEGIN
	EXECUTE format('SELECT interactions_v1.delete_%s($1, $2, $3, $4, $5)', kind) USING criteria[1], criteria[2], criteria[3], criteria[4], criteria[5] INTO answer;
	EXECUTE format('SELECT string_agg(v::text, '' '' ORDER BY v::text) FROM interactions_v1.%I AS v', kind) INTO rows_left;
	RAISE SQLSTATE 'TT000' USING MESSAGE = answer, DETAIL = coalesce(rows_left, 'nothing');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS answer = MESSAGE_TEXT, rows_left = PG_EXCEPTION_DETAIL;
	IF SQLSTATE = 'TT000' THEN
		RETURN ARRAY[answer, rows_left];
	END IF;
	RETURN ARRAY[SQLSTATE, SQLERRM];
END
$$;

CREATE FUNCTION pg_temp.expected(kind text, criteria text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	result text[];
BEGIN
	EXECUTE format('SELECT ARRAY[format(''{"deleted": %%s}'', count(*) FILTER (WHERE matches)),
			coalesce(string_agg(v::text, '' '' ORDER BY v::text) FILTER (WHERE NOT matches), ''nothing'')]
		FROM interactions_v1.%I AS v, LATERAL (SELECT user_id = coalesce($1, user_id) AND item_id = coalesce($2, item_id)
			AND "timestamp" = coalesce(trunc($3::numeric), "timestamp") AND "timestamp" >= coalesce(trunc($4::numeric), 0)
			AND "timestamp" < coalesce(trunc($5::numeric), 1e18)) AS m (matches)', kind)
		USING criteria[1], criteria[2], criteria[3], criteria[4], criteria[5] INTO result;
	RETURN result;
END
$$;

DO $$ BEGIN PERFORM pg_temp.fill(kind) FROM kinds; END $$;

-- each combination of the criteria, each with values that are there and that are not
CREATE TEMP TABLE combinations AS
	SELECT ARRAY[u, i, t, f, e] AS criteria, coalesce(nullif(concat_ws(', ', 'user_id' || left(u, 0), 'item_id' || left(i, 0),
		'timestamp' || left(t, 0), 'from_timestamp' || left(f, 0), 'to_timestamp' || left(e, 0)), ''), 'none') AS names
	FROM unnest(ARRAY[NULL, 'u2', 'nobody']) AS u, unnest(ARRAY[NULL, 'i2', 'nothing']) AS i,
		unnest(ARRAY[NULL, '1700000000000', '1700000000000.9', '5', '253402300799999', '0']) AS t,
		unnest(ARRAY[NULL, '0', '1700000000000', '253402300799999']) AS f,
		unnest(ARRAY[NULL, '0', '1700000000000', '1700000000001', '253402300799999']) AS e;
SELECT is(count(DISTINCT names), 32::bigint, 'there are all combinations of the five') FROM combinations;
SELECT is(
	string_agg(criteria::text, ' ') FILTER (WHERE pg_temp.left_over(kind, criteria) IS DISTINCT FROM pg_temp.expected(kind, criteria)), NULL,
	format('%s by %s', kind, names))
FROM kinds, combinations
-- every value for one type; for the others, which differ in nothing but columns, one
WHERE names <> 'none' AND (kind = 'purchases' OR array_remove(criteria, NULL) <@ ARRAY['u2', 'i2', '1700000000000', '1700000000001'])
GROUP BY kind, names ORDER BY kind, names;

-- what is refused leaves every row
CREATE TEMP TABLE refused (criteria text[], code text, words text);
INSERT INTO refused VALUES
	(array_fill(NULL::text, ARRAY[5]), '22023', 'at least one criterion must be given'),
	(ARRAY['', NULL, NULL, NULL, NULL], '22023', '"user_id" must have 1 to 512 bytes, not 0: ""'),
	(ARRAY['u1', '', NULL, NULL, NULL], '22023', '"item_id" must have 1 to 512 bytes, not 0: ""'),
	(ARRAY[repeat('x', 513), NULL, NULL, NULL, NULL], '22023', '"user_id" must have 1 to 512 bytes, not 513: "' || repeat('x', 64) || '..."');
INSERT INTO refused
	SELECT ARRAY[u, NULL, CASE n WHEN 3 THEN given END, CASE n WHEN 4 THEN given END, CASE n WHEN 5 THEN given END], code, format(words, name, given)
	FROM (VALUES (NULL), ('u1')) AS u (u), (VALUES (3, 'timestamp'), (4, 'from_timestamp'), (5, 'to_timestamp')) AS p (n, name),
		(VALUES ('22P02', 'invalid input syntax for type bigint: "%2$s" in "%1$s"', ARRAY['', '1700000000000x', 'l700000000000', '2023-11-14', 'null', '1700000000000,5']),
			('22023', '"%s" must be a number of milliseconds between 0 and 253402300799999, not %s',
				ARRAY['-1', '253402300800000', '1700000000000000', 'NaN', 'infinity', '-infinity', '1e99'])) AS r (code, words, texts),
		LATERAL unnest(texts) AS given;
SELECT is(pg_temp.left_over(kind, criteria), ARRAY[code, words], format('%s by %s', kind, criteria))
FROM kinds, refused WHERE kind = 'purchases' OR criteria = array_fill(NULL::text, ARRAY[5]) ORDER BY kind, criteria;
SELECT is(count(*), 90::bigint, 'what is refused deletes nothing') FROM interactions.purchases;

SELECT * FROM finish();
ROLLBACK;
