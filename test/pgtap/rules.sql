/* Every rule holds through every way in, with the same SQLSTATE and the same words. */
BEGIN;
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO';
SET LOCAL extra_float_digits = 1;
SELECT no_plan();

CREATE TEMP VIEW kinds AS
	SELECT relname::text || 's' AS kind, relname::text AS singular FROM pg_class
	WHERE relnamespace = 'interactions_v1'::regnamespace AND relkind = 'c'
		AND (SELECT count(*) FROM pg_attribute WHERE attrelid = pg_class.oid AND attname IN ('user_id', 'item_id')) = 2;
SELECT bag_eq('SELECT kind FROM kinds', ARRAY['bookmarks', 'ratings', 'purchases', 'cart_additions', 'views'],
	'there are five types');

/*
 * A property as it is written in JSON, in the column of a view and in that of a table. Null is a way in which it
 * cannot be written; "absent" and "null" are what they say. Of the words, :type is the type of interactions.
 */
CREATE TEMP TABLE cases (kind text, property text, json text, wire text, native text, code text, words text, hint text);

-- refused: any type
INSERT INTO cases
	SELECT NULL, property, v.*, NULL FROM (VALUES ('user_id'), ('item_id')) AS ids (property), LATERAL (VALUES
		('absent', 'absent', 'absent', '23502', format('"%s" must not be null', property)),
		('null', 'null', 'null', '23502', format('"%s" must not be null', property))) AS v;
INSERT INTO cases
	SELECT NULL, property, to_json(given), given, given, '22023',
		format('"%s" must have 1 to 512 bytes, not %s: "%s"', property, octet_length(given), shown), NULL
	FROM (VALUES ('user_id'), ('item_id'), ('recommendation_id')) AS ids (property),
		(VALUES ('', ''), (repeat('x', 513), repeat('x', 64) || '...'), (repeat('é', 257), repeat('é', 32) || '...'),
			('x' || repeat('é', 256), 'x' || repeat('é', 31) || '...')) AS v (given, shown);
INSERT INTO cases
	SELECT NULL, 'timestamp', json, wire, native, '22023',
		'"timestamp" must be a number of milliseconds between 0 and 253402300799999, not ' || shown, hint
	FROM (VALUES ('Timestamps are'), ('This looks like microseconds; send'), ('This looks like nanoseconds; send')) AS h (start),
		LATERAL (SELECT start || ' milliseconds since 1970-01-01 00:00:00 UTC.') AS hint (hint),
		(VALUES
			('-1', '-1', '1969-12-31 23:59:59.999+00', '-1', 'Timestamps'),
			('"-1"', '-1', NULL, '-1', 'Timestamps'),
			('-1700000000000', '-1700000000000', to_timestamp(-1700000000)::text, '-1700000000000', 'Timestamps'),
			('253402300800000', '253402300800000', '10000-01-01 00:00:00+00', '253402300800000', 'micro'),
			('"253402300800000"', NULL, NULL, '253402300800000', 'micro'),
			('1700000000000000', '1700000000000000', to_timestamp(1700000000000)::text, '1700000000000000', 'micro'),
			('1700000000000000000', '1700000000000000000', NULL, '1700000000000000000', 'nano'),
			('"NaN"', NULL, NULL, 'NaN', 'Timestamps'),
			('"-infinity"', NULL, '-infinity', '-infinity', 'Timestamps'),
			('true', NULL, NULL, 'true', 'Timestamps'),
			('{}', NULL, NULL, 'an object', 'Timestamps')) AS v (json, wire, native, shown, which)
	WHERE start ~ which;
INSERT INTO cases
	SELECT NULL, 'timestamp', to_json(given), given, NULL, '22P02',
		format('invalid input syntax for type bigint: "%s" in "timestamp"', given),
		'Timestamps are milliseconds since 1970-01-01 00:00:00 UTC.'
	FROM (VALUES ('2020-01-01'), ('2020-01-01T00:00:00Z'), ('now'), (''), ('12 34'), ('1700000000000ms')) AS v (given);

-- refused: the types' own
CREATE TEMP TABLE own (kind text, property text, type text, rule text);
INSERT INTO own VALUES
	('ratings', 'value', 'double precision', 'a number between 0 and 5'),
	('purchases', 'price', 'numeric', 'a finite number of at least 0'),
	('cart_additions', 'price', 'numeric', 'a finite number of at least 0'),
	('purchases', 'amount', 'integer', 'an integer between 1 and 2147483647'),
	('cart_additions', 'amount', 'integer', 'an integer between 1 and 2147483647'),
	('views', 'duration', 'bigint', 'an integer between 0 and 9223372036854775807');
INSERT INTO cases
	SELECT kind, property, json, wire, wire, '22023', format('"%s" must be %s, not %s', property, rule, shown), NULL
	FROM own JOIN (VALUES
		('value', '6', '6', '6'), ('value', '"6"', '6', '6'), ('value', '-0.5', '-0.5', '-0.5'), ('value', '5.25', '5.25', '5.25'),
		('value', '5.000000000000001', '5.000000000000001', '5.000000000000001'),
		('value', '1e+300', '1e+300', '1e+300'), ('value', '1e400', NULL, '1e400'), ('value', '-1e-400', NULL, '-1e-400'),
		('value', '"NaN"', 'NaN', 'NaN'), ('value', '"Infinity"', 'Infinity', 'Infinity'), ('value', '"-Infinity"', '-Infinity', '-Infinity'),
		('value', 'true', NULL, 'true'), ('value', '[3]', NULL, 'an array'),
		('price', '-1', '-1', '-1'), ('price', '"-0.01"', '-0.01', '-0.01'), ('price', '"NaN"', 'NaN', 'NaN'),
		('price', '"Infinity"', 'Infinity', 'Infinity'), ('price', '"-Infinity"', '-Infinity', '-Infinity'),
		('price', '1' || repeat('0', 309), '1' || repeat('0', 309), '1' || repeat('0', 63) || '...'),
		('price', '1e400', NULL, '1e400'), ('price', 'false', NULL, 'false'), ('price', '{"a": 1}', NULL, 'an object'),
		('amount', '0', '0', '0'), ('amount', '-1', '-1', '-1'), ('amount', '"0"', '0', '0'), ('amount', '1.5', NULL, '1.5'),
		('amount', '"1.5"', NULL, '1.5'), ('amount', '2147483648', NULL, '2147483648'), ('amount', '1e400', NULL, '1e400'),
		('amount', '"NaN"', NULL, 'NaN'), ('amount', 'true', NULL, 'true'),
		('duration', '-1', '-1', '-1'), ('duration', '"-1"', '-1', '-1'), ('duration', '0.5', NULL, '0.5'),
		('duration', '9223372036854775808', NULL, '9223372036854775808'), ('duration', '"Infinity"', NULL, 'Infinity'),
		('duration', '[]', NULL, 'an array')) AS v (property, json, wire, shown) USING (property);
INSERT INTO cases
	SELECT kind, property, to_json(given), given, given, '22P02',
		format('invalid input syntax for type %s: "%s" in "%s"', type, given, property), NULL
	FROM own, (VALUES (''), ('many'), ('1,5'), ('1 2'), ('1e')) AS v (given);
INSERT INTO cases
	SELECT 'ratings', 'value', given, given, given, '23502', '"value" must not be null', NULL
	FROM (VALUES ('absent'), ('null')) AS v (given);

-- accepted: what the view shows then stands in the place of the words, and 00000 in that of the code
INSERT INTO cases
	SELECT NULL, property, to_json(given), given, given, '00000', given, NULL
	FROM (VALUES ('user_id'), ('item_id'), ('recommendation_id')) AS ids (property),
		(VALUES ('x'), (' '), (repeat('x', 512)), (repeat('é', 256)), (E'a\n\t"b"\\c,''%/:'), ('😀'), ('\N'), ('\.')) AS v (given);
INSERT INTO cases
	SELECT NULL, 'recommendation_id', given, given, given, '00000', NULL, NULL FROM (VALUES ('absent'), ('null')) AS v (given);
INSERT INTO cases
	SELECT NULL, 'timestamp', json, wire, native, '00000', stored, NULL
	FROM (VALUES
		('0', '0', '1970-01-01 00:00:00+00', '0'),
		('253402300799999', '253402300799999', '9999-12-31 23:59:59.999+00', '253402300799999'),
		('253402300799999.9', NULL, '9999-12-31 23:59:59.999999+00', '253402300799999'),
		('"1700000000123"', '1700000000123', '2023-11-14 22:13:20.123+00', '1700000000123'),
		('1700000000123.9', NULL, '2023-11-14 22:13:20.1239+00', '1700000000123'),
		('1.7e12', NULL, NULL, '1700000000000'),
		('-0', NULL, NULL, '0'),
		('absent', 'absent', 'absent', interactions.timestamp_to_ms(now())::text),
		('null', 'null', 'null', interactions.timestamp_to_ms(now())::text)) AS v (json, wire, native, stored);
INSERT INTO cases
	SELECT kind, property, json, wire, wire, '00000', stored, NULL
	FROM own JOIN (VALUES
		('value', '0', '0', '0'), ('value', '5', '5', '5'), ('value', '"4.5"', '4.5', '4.5'), ('value', '0.1', '0.1', '0.1'),
		('value', '-0', NULL, '0'), ('value', '4.9999999999999991', '4.9999999999999991', '4.999999999999999'),
		('price', '0', '0', '0'), ('price', '9.50', '9.50', '9.50'), ('price', '"0.1"', '0.1', '0.1'), ('price', '1e2', '1e2', '100'),
		('price', '12345678901234567890.1234567890123456789', '12345678901234567890.1234567890123456789',
			'12345678901234567890.1234567890123456789'),
		('price', 'null', 'null', NULL), ('price', 'absent', 'absent', NULL),
		('amount', '1', '1', '1'), ('amount', '2147483647', '2147483647', '2147483647'), ('amount', '"3"', '3', '3'),
		('amount', '1e2', NULL, '100'), ('amount', '5.0', NULL, '5'), ('amount', 'null', 'null', NULL), ('amount', 'absent', 'absent', NULL),
		('duration', '0', '0', '0'), ('duration', '9223372036854775807', '9223372036854775807', '9223372036854775807'),
		('duration', '"5"', '5', '5'), ('duration', 'null', 'null', NULL)) AS v (property, json, wire, stored) USING (property);

/* The properties of an interaction without the one in question, or those that make a valid one. */
CREATE FUNCTION pg_temp.base(kind text, except_for text) RETURNS TABLE (property text, given text) LANGUAGE sql AS $$
	SELECT * FROM (VALUES ('user_id', 'u'), ('item_id', 'i'), ('timestamp', '1600000000000')) AS v (property, given)
	WHERE property <> except_for
	UNION ALL SELECT 'value', '3' WHERE kind = 'ratings' AND except_for <> 'value'
$$;

CREATE FUNCTION pg_temp.body(kind text, property text, given text) RETURNS text LANGUAGE sql AS $$
	SELECT format('{%s}', string_agg(format('"%s": %s', member.property, member.given), ', '))
	FROM (
		SELECT base.property, to_json(base.given)::text AS given FROM pg_temp.base($1, $2) AS base
		UNION ALL SELECT $2, $3 WHERE $3 <> 'absent'
	) AS member
$$;

/* INSERT or COPY of a row. */
CREATE FUNCTION pg_temp.row_statement(way text, kind text, property text, given text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	target text := format(CASE WHEN way ~ 'view' THEN 'interactions_v1.%I' ELSE 'interactions.%I' END, kind);
	names text;
	literals text;
	fields text;
BEGIN
	SELECT string_agg(quote_ident(member.property), ', ' ORDER BY member.property),
		string_agg(quote_nullable(member.given), ', ' ORDER BY member.property),
		string_agg(coalesce('"' || replace(member.given, '"', '""') || '"', ''), ',' ORDER BY member.property)
	INTO names, literals, fields
	FROM (
		SELECT base.property, CASE WHEN way !~ 'view' AND base.property = 'timestamp'
			THEN to_timestamp(base.given::numeric / 1000)::text ELSE base.given END
		FROM pg_temp.base($2, $3) AS base
		UNION ALL SELECT $3, nullif($4, 'null') WHERE $4 <> 'absent'
	) AS member (property, given);
	IF way ~ 'COPY' THEN
		RETURN format('COPY %s (%s) FROM PROGRAM %L (FORMAT csv)', target, names,
			format('printf ''%%s\n'' ''%s''', replace(fields, '''', '''\''''')));
	END IF;
	RETURN format('INSERT INTO %s (%s) VALUES (%s)', target, names, literals);
END
$$;

CREATE FUNCTION pg_temp.statements(way text, singular text, c cases) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	given text := CASE WHEN way ~ 'view' THEN c.wire ELSE c.native END;
	body text := pg_temp.body(c.kind, c.property, c.json);
BEGIN
	CASE
		WHEN way = 'single' THEN
			RETURN ARRAY[format('SELECT interactions_v1.create_%s(%L)', singular, body)];
		WHEN way ~ 'batch' THEN
			RETURN ARRAY[format('SELECT interactions_v1.%s_%s(%L)', split_part(way, ' ', 1), c.kind,
				format('[%s, %s]', replace(pg_temp.body(c.kind, '', 'absent'), '"u"', '"other"'), body))];
		WHEN way ~ 'UPDATE' THEN
			RETURN ARRAY[
				pg_temp.row_statement('INSERT', c.kind, '', 'absent'),
				format('UPDATE %s.%I SET %I = %L', CASE WHEN way ~ 'view' THEN 'interactions_v1' ELSE 'interactions' END,
					c.kind, c.property, nullif(nullif(given, 'null'), 'absent'))];
		ELSE
			RETURN ARRAY[pg_temp.row_statement(way, c.kind, c.property, given)];
	END CASE;
END
$$;

/* What a way in makes of a case: SQLSTATE, words and hint, or 00000 and what is stored then. Leaves nothing behind. */
CREATE FUNCTION pg_temp.outcome(way text, singular text, c cases) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	statement text;
	answer text;
	stored bigint;
	words text;
	details text;
	hint text;
BEGIN
	FOREACH statement IN ARRAY pg_temp.statements(way, singular, c) LOOP
		IF statement ~ '^SELECT' THEN
			EXECUTE statement INTO answer;
		ELSE
			EXECUTE statement;
		END IF;
	END LOOP;
	EXECUTE format('SELECT count(*) FROM interactions.%I', c.kind) INTO stored;
	IF way = 'import batch' AND answer::json #>> '{errors,0,index}' = '1' AND answer::json ->> 'created' = '1' AND stored = 1 THEN
		RAISE SQLSTATE 'TT000' USING DETAIL = answer::json #>> '{errors,0,code}', MESSAGE = answer::json #>> '{errors,0,message}';
	END IF;
	EXECUTE format('SELECT %I::text FROM interactions_v1.%I WHERE user_id <> %L', c.property, c.kind, 'other') INTO STRICT answer;
	RAISE SQLSTATE 'TT000' USING DETAIL = '00000', MESSAGE = coalesce(answer, 'null');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS words = MESSAGE_TEXT, details = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	IF SQLSTATE = 'TT000' THEN
		RETURN ARRAY[details, words, ''];
	ELSIF way = 'create batch' AND words = '1 of 2 elements is invalid' THEN
		RETURN ARRAY[SQLSTATE, regexp_replace(details, '^element 1: ', ''), ''];
	END IF;
	RETURN ARRAY[SQLSTATE, words, hint];
END
$$;

/*
 * Text that is no number fails where the column's own type reads it, before the trigger: there the words do not name
 * the property. Batches and imports have the hint in their words. A view's timestamp takes no UPDATE.
 */
SELECT is(
	pg_temp.outcome(way, singular, ROW(c.*)::cases),
	ARRAY[c.code, CASE WHEN in_sql AND c.code = '22P02' THEN regexp_replace(c.words, ' in "\w+"$', '')
		WHEN way ~ 'batch' AND c.code <> '00000' THEN concat_ws('. ', c.words, c.hint) ELSE coalesce(c.words, 'null') END,
		CASE WHEN way ~ 'batch' OR in_sql AND c.code = '22P02' THEN '' ELSE coalesce(c.hint, '') END],
	format('%s: %s, %s %s', way, c.kind, c.property, left(to_json(given)::text, 40)))
FROM kinds
CROSS JOIN (VALUES ('single'), ('create batch'), ('import batch'), ('INSERT'), ('UPDATE'), ('COPY'),
	('INSERT into the view'), ('COPY into the view'), ('UPDATE of the view')) AS ways (way)
JOIN (
	SELECT coalesce(cases.kind, kinds.kind) AS kind, property, json, wire, native, code, words, hint
	FROM cases JOIN kinds ON kinds.kind = coalesce(cases.kind, kinds.kind)
) AS c USING (kind)
CROSS JOIN LATERAL (SELECT way ~ '[A-Z]', CASE WHEN way ~ 'view' THEN c.wire WHEN way ~ '[A-Z]' THEN c.native ELSE c.json END) AS v (in_sql, given)
WHERE given IS NOT NULL AND NOT (way = 'UPDATE of the view' AND c.property = 'timestamp')
ORDER BY c.kind, c.property, c.code, given, way;

SELECT * FROM finish();
ROLLBACK;
