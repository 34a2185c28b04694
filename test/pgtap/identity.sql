/* The same interaction is stored once, however it is written; one that differs in any value is kept. In a batch, too. */
BEGIN;
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO';
SET LOCAL extra_float_digits = 1;
SELECT no_plan();

/* Two ways to write an interaction of u with i: what follows in JSON, and how many interactions they are. */
CREATE TEMP TABLE pairs (kind text, one text, other text, stored int);
INSERT INTO pairs
	SELECT kind, one, other, stored
	FROM (VALUES ('bookmark'), ('purchase'), ('cart_addition'), ('view')) AS kinds (kind), (VALUES
		('"timestamp": 5', '"timestamp": 5', 1),
		('"timestamp": 5', '"timestamp": "5"', 1),
		('"timestamp": 5', '"timestamp": 5.9', 1),
		('"timestamp": 5', '"timestamp": 5e0', 1),
		('"timestamp": 5', '"timestamp": 6', 2),
		('"timestamp": 5.9', '"timestamp": 6.0', 2),
		('"timestamp": null', '"recommendation_id": null', 1),
		('"timestamp": 5', '"timestamp": 5, "recommendation_id": null', 1),
		('"timestamp": 5', '"timestamp": 5, "recommendation_id": "r"', 2),
		('"timestamp": 5, "recommendation_id": 5', '"timestamp": 5, "recommendation_id": "5"', 1),
		('"timestamp": 5, "recommendation_id": "5"', '"timestamp": 5, "recommendation_id": "5 "', 2),
		('"timestamp": 5, "recommendation_id": "r"', '"timestamp": 5, "recommendation_id": "R"', 2),
		('"timestamp": 5, "recommendation_id": "é"', '"timestamp": 5, "recommendation_id": "\u00e9"', 1),
		('"timestamp": 5, "recommendation_id": "é"', '"timestamp": 5, "recommendation_id": "e\u0301"', 2)) AS v (one, other, stored);
INSERT INTO pairs
	SELECT kind, '"timestamp": 5, ' || one, '"timestamp": 5, ' || other, stored
	FROM (VALUES ('rating'), ('purchase'), ('cart_addition'), ('view')) AS kinds (kind), (VALUES
		('rating', '"value": 4.5', '"value": 4.50', 1), ('rating', '"value": 4.5', '"value": "4.5"', 1), ('rating', '"value": 5', '"value": 0.5e1', 1),
		('rating', '"value": 0', '"value": -0', 1), ('rating', '"value": 4.5', '"value": 4.500000000000001', 2), ('rating', '"value": 0', '"value": 1e-300', 2),
		('rating', '"value": 0.1', '"value": 0.1000000000000000055511151231257827', 1),
		('purchase', '"price": 9.5', '"price": 9.50', 1), ('purchase', '"price": 9.5', '"price": "9.500"', 1), ('purchase', '"price": 100', '"price": 1e2', 1),
		('purchase', '"price": 0', '"price": -0.00', 1), ('purchase', '"price": 0', '"price": null', 2), ('purchase', '"price": 9.5', '"price": 9.51', 2),
		('purchase', '"price": 9007199254740993', '"price": 9007199254740992', 2),
		('purchase', '"price": 0.1', '"price": 0.1000000000000000055511151231257827', 2),
		('purchase', '"amount": 2', '"amount": "2"', 1), ('purchase', '"amount": 2', '"amount": 2.0', 1), ('purchase', '"amount": 1', '"amount": null', 2),
		('purchase', '"price": 1, "amount": 2', '"price": 2, "amount": 1', 2), ('purchase', '"price": 1', '"amount": 1', 2),
		('cart_addition', '"price": 9.5', '"price": 9.50', 1), ('cart_addition', '"amount": 1', '"amount": 2', 2),
		('view', '"duration": 5', '"duration": "5"', 1), ('view', '"duration": 5', '"duration": 5.0', 1), ('view', '"duration": 0', '"duration": null', 2),
		('view', '"duration": 5', '"duration": 6', 2), ('view', '"duration": 1', '"duration": 4294967296', 2),
		('view', '"duration": 0', '"duration": 4294967297', 2), ('view', '"duration": 9223372036854775807', '"duration": 9223372036854775806', 2)) AS v (of, one, other, stored)
	WHERE kind = of;
INSERT INTO pairs VALUES
	('view', '"timestamp": 5, "recommendation_id": "1"', '"timestamp": 5, "duration": 1', 2);

CREATE FUNCTION pg_temp.body(pair text) RETURNS text LANGUAGE sql AS $$
	SELECT format('{"user_id": "u", "item_id": "i", %s}', pair)
$$;

/* How many of the two are stored, and what was said to be, one alone after the other, or both in a batch. */
CREATE FUNCTION pg_temp.stored(way text, pair pairs) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	bodies text[] := ARRAY[pg_temp.body(pair.one), pg_temp.body(pair.other)];
	body text;
	stored int;
	created int := 0;
	answer json;
	kind text := pair.kind || 's';
BEGIN
	CASE way
		WHEN 'alone' THEN
			FOREACH body IN ARRAY bodies LOOP
				EXECUTE format('SELECT row_to_json(interactions_v1.create_%s($1::json))', pair.kind) USING body INTO answer;
				created := created + (current_setting('response.status') = '201')::int;
				EXECUTE format('SELECT count(*) FROM interactions_v1.%I WHERE row_to_json(%I)::jsonb = $1::jsonb', kind, kind) USING answer INTO STRICT stored;
				IF stored <> 1 THEN
					RAISE 'what is given back is not stored: %', answer;
				END IF;
			END LOOP;
		WHEN 'batch' THEN
			EXECUTE format('SELECT interactions_v1.create_%s($1::json)', kind) USING format('[%s, %s]', bodies[1], bodies[2]) INTO answer;
			created := answer ->> 'created';
		WHEN 'import, then the view' THEN
			EXECUTE format('SELECT interactions_v1.import_%s($1::json)', kind) USING format('[%s]', bodies[1]) INTO answer;
			EXECUTE format('INSERT INTO interactions_v1.%I SELECT * FROM json_populate_record(NULL::interactions_v1.%I,
				json_build_object(''timestamp'', trunc(($1::json ->> ''timestamp'')::numeric), ''amount'', ($1::json ->> ''amount'')::numeric::int,
					''duration'', ($1::json ->> ''duration'')::numeric::bigint, ''user_id'', ''u'', ''item_id'', ''i'',
					''price'', $1::json ->> ''price'', ''value'', $1::json ->> ''value'', ''recommendation_id'', $1::json ->> ''recommendation_id''))', kind, kind)
				USING bodies[2];
		WHEN 'batch after one' THEN
			EXECUTE format('SELECT interactions_v1.create_%s($1::json)', pair.kind) USING bodies[1];
			EXECUTE format('SELECT interactions_v1.create_%s($1::json)', kind) USING format('[%s, %s]', bodies[1], bodies[2]) INTO answer;
			created := 1 + (answer ->> 'created')::int;
	END CASE;
	IF answer ->> 'duplicates' <> (2 - (answer ->> 'created')::int)::text AND way ~ '^batch' THEN
		RAISE 'the answer does not add up: %', answer;
	END IF;
	EXECUTE format('SELECT count(*) FROM interactions.%I', kind) INTO stored;
	RAISE SQLSTATE 'TT000' USING MESSAGE = stored, DETAIL = CASE WHEN way ~ 'view' THEN stored ELSE created END;
EXCEPTION WHEN SQLSTATE 'TT000' THEN
	DECLARE
		details text;
	BEGIN
		GET STACKED DIAGNOSTICS details = PG_EXCEPTION_DETAIL;
		RETURN ARRAY[SQLERRM, details];
	END;
END
$$;

SELECT is(pg_temp.stored(way, pairs), ARRAY[stored, stored]::text[], format('%s: %s with %s and %s', way, kind, one, other))
FROM pairs, (VALUES ('alone'), ('batch'), ('import, then the view'), ('batch after one')) AS ways (way);

-- whatever fingerprint is given, the trigger sets it; by INSERT, COPY and UPDATE
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", price, amount, fingerprint)
	SELECT 'given', n::text, to_timestamp(5), n, 1, given FROM generate_series(1, 3) AS n, (VALUES (0), (NULL), (7)) AS v (given)
	ON CONFLICT DO NOTHING;
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", price, amount)
	SELECT 'not given', n::text, to_timestamp(5), n, 1 FROM generate_series(1, 3) AS n;
COPY interactions.purchases (user_id, item_id, "timestamp", price, amount, fingerprint) FROM PROGRAM
	'for n in 1 2 3; do printf "copied,$n,1970-01-01 00:00:05+00,$n.00,1,$n\n"; done' (FORMAT csv);
SELECT is(array_agg(DISTINCT fingerprint), array_agg(DISTINCT fingerprint) FILTER (WHERE user_id = 'not given'), 'the fingerprint of item ' || item_id)
FROM interactions.purchases GROUP BY item_id ORDER BY item_id;
SELECT is(count(*), 9::bigint, 'a given fingerprint makes no other interaction') FROM interactions.purchases;
SELECT is(count(DISTINCT fingerprint), 3::bigint, 'other values, another fingerprint') FROM interactions.purchases;
UPDATE interactions.purchases SET fingerprint = 7;
SELECT is(count(DISTINCT fingerprint), 3::bigint, 'UPDATE of the fingerprint changes nothing') FROM interactions.purchases WHERE fingerprint <> 7;
UPDATE interactions.purchases SET price = 1.00;
SELECT is(count(DISTINCT fingerprint), 1::bigint, 'UPDATE of a value makes the fingerprint') FROM interactions.purchases;

-- the table itself tells a duplicate
PREPARE repeated AS INSERT INTO interactions.views (user_id, item_id, "timestamp", duration) VALUES ('u', 'i', to_timestamp(5), 1), ('u', 'i', to_timestamp(5.0001), 1);
SELECT throws_ok('repeated', '23505', NULL, 'a repeat in a table violates the key');

SELECT * FROM finish();
ROLLBACK;
