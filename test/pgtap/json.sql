/* Whatever shape the JSON has, it is stored as meant or refused by name, one alone and in a batch; nothing is half read. */
BEGIN;
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO';
SET LOCAL extra_float_digits = 1;
SELECT no_plan();

/* SQLSTATE, words and hint of a call, or 00000 and what it gives back, as text. Leaves nothing behind. */
CREATE FUNCTION pg_temp.outcome(called text, body text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	words text;
	details text;
	hint text;
BEGIN
	EXECUTE format('SELECT interactions_v1.%I($1::json)', called) INTO answer USING body;
	RAISE SQLSTATE 'TT000' USING MESSAGE = answer;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS words = MESSAGE_TEXT, details = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	IF SQLSTATE = 'TT000' THEN
		RETURN ARRAY['00000', words, ''];
	END IF;
	RETURN ARRAY[SQLSTATE, words, CASE WHEN called ~ 's$' THEN details ELSE hint END];
END
$$;

CREATE TEMP TABLE cases (n int GENERATED ALWAYS AS IDENTITY, body text, code text, words text, hint text DEFAULT '');

-- one interaction: an object, of the properties of purchases (:u stands for user and item)
INSERT INTO cases (body, code, words) VALUES
	('{:u}', '00000', format('(u,i,%s,,,)', interactions.timestamp_to_ms(now()))),
	('{"user_id": 12, "item_id": -3, "timestamp": 1000000000005}', '00000', '(12,-3,1000000000005,,,)'),
	('{"user_id": 123456789012345678901234567890, "item_id": "007", "timestamp": 1000000000005, "recommendation_id": 0}', '00000',
		'(123456789012345678901234567890,007,1000000000005,0,,)'),
	('{:u, "timestamp": "1000000000005", "price": "2.50", "amount": " 7 "}', '00000', '(u,i,1000000000005,,2.50,7)'),
	('{:u, "timestamp": 1000000000005, "price": null, "amount": null, "recommendation_id": null}', '00000', '(u,i,1000000000005,,,)'),
	('{:u, "timestamp": 1000000000005, "amount": 1e2, "price": 1E-2}', '00000', '(u,i,1000000000005,,0.01,100)'),
	('{:u, "timestamp": 1000000000005, "amount": 5.0, "price": -0}', '00000', '(u,i,1000000000005,,0,5)'),
	('{:u, "timestamp": -0.0, "amount": "500e-2", "price": "+.5"}', '00000', '(u,i,0,,0.5,5)'),
	('{:u, "timestamp": 0e9, "amount": 1, "price": 0e999}', '00000', '(u,i,0,,0,1)'),
	(' { "user_id" : "u" , "item_id" : "i" , "timestamp" : 1000000000005 } ', '00000', '(u,i,1000000000005,,,)'),
	('{"\u0075ser_id": "\u0061", "item_id": "\ud83d\ude00\"\\\/\n", "timestamp": 1000000000005}', '00000', E'(a,"😀""\\\\/\n",1000000000005,,,)'),
	('{"timestamp": 1000000000005, "item_id": "i", "user_id": "u"}', '00000', '(u,i,1000000000005,,,)');
INSERT INTO cases (body, code, words) VALUES
	('{}', '23502', '"user_id" must not be null'),
	('{"user_id": "u"}', '23502', '"item_id" must not be null'),
	('{"user_id": 1.5, "item_id": "i"}', '22023', '"user_id" must be a string or an integer, not 1.5'),
	('{"user_id": 1e3, "item_id": "i"}', '22023', '"user_id" must be a string or an integer, not 1e3'),
	('{"user_id": true, "item_id": "i"}', '22023', '"user_id" must be a string or an integer, not true'),
	('{"user_id": "u", "item_id": {"id": "i"}}', '22023', '"item_id" must be a string or an integer, not an object'),
	('{"user_id": "u", "item_id": ["i"]}', '22023', '"item_id" must be a string or an integer, not an array'),
	('{:u, "recommendation_id": false}', '22023', '"recommendation_id" must be a string or an integer, not false'),
	('{:u, "price": {"amount": 1}}', '22023', '"price" must be a finite number of at least 0, not an object'),
	('{:u, "amount": [1]}', '22023', '"amount" must be an integer between 1 and 2147483647, not an array'),
	('{:u, "price": 1e400}', '22023', '"price" must be a finite number of at least 0, not 1e400'),
	('{:u, "price": "1e400"}', '22023', '"price" must be a finite number of at least 0, not 1e400'),
	('{:u, "price": 1e-20000}', '22023', '"price" must be a finite number of at least 0, not 1e-20000'),
	('{:u, "amount": 99999999999999999999999999}', '22023',
		'"amount" must be an integer between 1 and 2147483647, not 99999999999999999999999999'),
	('{:u, "amount": 1e999999999999999999999}', '22023',
		'"amount" must be an integer between 1 and 2147483647, not 1e999999999999999999999'),
	('{:u, "price": "NaN"}', '22023', '"price" must be a finite number of at least 0, not NaN'),
	('{:u, "price": "0x10"}', '22P02', 'invalid input syntax for type numeric: "0x10" in "price"'),
	('{:u, "price": "1_000"}', '22P02', 'invalid input syntax for type numeric: "1_000" in "price"'),
	('{:u, "item_id": "i"}', '22023', '"item_id" is given twice'),
	('{:u, "price": null, "price": 1}', '22023', '"price" is given twice'),
	('{:u, "price": 1, "price": null}', '22023', '"price" is given twice'),
	('{:u, "price": 1, "pric\u0065": 1}', '22023', '"price" is given twice'),
	('{:u, "item_id": "\ud800"}', '22023', '"item_id" is given twice'),
	('{"user_id": "\ud800", "item_id": "i"}', '22P02', 'invalid string in "user_id": Unicode low surrogate must follow a high surrogate'),
	('{"user_id": "\udc00", "item_id": "i"}', '22P02', 'invalid string in "user_id": Unicode low surrogate must follow a high surrogate'),
	('{"user_id": "\ud800\ud800", "item_id": "i"}', '22P02',
		'invalid string in "user_id": Unicode high surrogate must not follow a high surrogate'),
	('{"user_id": "a\u0000b", "item_id": "i"}', '22P05', 'invalid string in "user_id": \u0000 cannot be converted to text'),
	('{:u, "price": "\u0000"}', '22P05', 'invalid string in "price": \u0000 cannot be converted to text'),
	('{:u, "\u0000": 1}', '22P05', 'invalid string in "name of a property": \u0000 cannot be converted to text'),
	('{:u, "price": "' || repeat('9', 1000000) || '"}', '22023',
		'"price" must be a finite number of at least 0, not ' || repeat('9', 64) || '...'),
	('{:u, "price": 0.' || repeat('1', 1000000) || '}', '22023',
		'"price" must be a finite number of at least 0, not 0.' || repeat('1', 62) || '...'),
	('{"user_id": "' || repeat('x', 1000000) || '", "item_id": "i"}', '22023',
		'"user_id" must have 1 to 512 bytes, not 1000000: "' || repeat('x', 64) || '..."'),
	('{"user_id": 1' || repeat('0', 1000000) || ', "item_id": "i"}', '22023',
		'"user_id" must have 1 to 512 bytes, not 1000001: "1' || repeat('0', 63) || '..."'),
	('{:u, "recommendation_id": "' || repeat('\u00e9', 500000) || '"}', '22023',
		'"recommendation_id" must have 1 to 512 bytes, not 1000000: "' || repeat('é', 32) || '..."'),
	('{:u, "price": "' || repeat('x', 1000000) || '"}', '22P02',
		'invalid input syntax for type numeric: "' || repeat('x', 64) || '..." in "price"'),
	('{:u, "price": ' || repeat('[', 1000) || repeat(']', 1000) || '}', '22023',
		'"price" must be a finite number of at least 0, not an array');
INSERT INTO cases (body, code, words, hint)
	SELECT format('{:u, %s}', member), '22023', format('"%s" is not a property of purchases', shown),
		'The properties of purchases are user_id, item_id, timestamp, recommendation_id, price, amount.'
	FROM (VALUES ('"colour": "red"', 'colour'), ('"colour": null', 'colour'), ('"colour": {"price": [1, {"user_id": 2}]}', 'colour'),
		('"fingerprint": 1', 'fingerprint'), ('"value": 1', 'value'), ('"": 1', ''), ('"User_id": "u"', 'User_id'), ('"user_id ": "u"', 'user_id '),
		('"price\u0020": 1', 'price '), ('"pric": 1', 'pric'), ('"prices": 1', 'prices'),
		('"' || repeat('x', 1000000) || '": 1', repeat('x', 64) || '...')) AS v (member, shown);
UPDATE cases SET body = replace(body, ':u', '"user_id": "u", "item_id": "i"');

-- alone
SELECT is(pg_temp.outcome('create_purchase', body), ARRAY[code, words, hint], 'alone: ' || left(body, 80)) FROM cases ORDER BY n;

-- second of three in a batch
SELECT is(pg_temp.outcome('create_purchases', batch),
	CASE code WHEN '00000' THEN ARRAY[code, '{"created": 3, "duplicates": 0' || CASE WHEN words LIKE '(u,i,0,%' THEN
			', "warnings": [{"code": "01000", "message": "1 timestamp is before 1973. This looks like seconds; send milliseconds since 1970-01-01 00:00:00 UTC."}]'
			ELSE '' END || '}', '']
		ELSE ARRAY[code, '1 of 3 elements is invalid', 'element 1: ' || concat_ws('. ', words, nullif(hint, ''))] END,
	'in a batch: ' || left(body, 80))
FROM cases, LATERAL (SELECT format('[{"user_id": "a", "item_id": "a"}, %s, {"user_id": "z", "item_id": "z"}]', body)) AS b (batch) ORDER BY n;

-- all in one import: the good are stored, each of the bad is reported by its index
WITH imported AS (
	SELECT interactions_v1.import_purchases(format('[%s]', string_agg(body, ', ' ORDER BY n))::json) AS answer FROM cases
), reported AS (
	SELECT e.value ->> 'index' AS index, e.value ->> 'code' AS code, e.value ->> 'message' AS words
	FROM imported, json_array_elements(answer -> 'errors') AS e
)
SELECT is(index::int, n - 1, 'imported: index of ' || left(body, 60)) || E'\n' ||
	is(ARRAY[reported.code, reported.words], ARRAY[cases.code, concat_ws('. ', cases.words, nullif(cases.hint, ''))], 'imported: ' || left(body, 60))
FROM (SELECT row_number() OVER (ORDER BY n) AS position, * FROM cases WHERE code <> '00000') AS cases
FULL JOIN (SELECT row_number() OVER (ORDER BY index::int) AS position, * FROM reported) AS reported USING (position)
ORDER BY position;
-- some of the good ones are the same, written in other ways
SELECT is((SELECT count(*) FROM interactions.purchases), (SELECT count(DISTINCT words) FROM cases WHERE code = '00000'), 'imported: the good ones are stored');
DELETE FROM interactions.purchases;

-- the body as a whole
SELECT is(pg_temp.outcome(called, body), ARRAY[code, words, ''], format('%s of %s', called, left(body, 60)))
FROM (VALUES
	('create_purchase', NULL, '22023', 'the body must be an interaction, not null'),
	('create_purchase', 'null', '22023', 'an interaction must be an object, not null'),
	('create_purchase', '[]', '22023', 'an interaction must be an object, not an array'),
	('create_purchase', '[{"user_id": "u", "item_id": "i"}]', '22023', 'an interaction must be an object, not an array'),
	('create_purchase', '"user_id"', '22023', 'an interaction must be an object, not "user_id"'),
	('create_purchase', '5', '22023', 'an interaction must be an object, not 5'),
	('create_purchases', NULL, '22023', 'the body must be an array of interactions, not null'),
	('create_purchases', 'null', '22023', 'the body must be an array of interactions, not null'),
	('create_purchases', '{}', '22023', 'the body must be an array of interactions, not an object'),
	('create_purchases', '{"user_id": "u", "item_id": "i"}', '22023', 'the body must be an array of interactions, not an object'),
	('create_purchases', 'true', '22023', 'the body must be an array of interactions, not true'),
	('create_purchases', '"' || repeat('x', 1000000) || '"', '22023',
		'the body must be an array of interactions, not "' || repeat('x', 63) || '...'),
	('import_purchases', NULL, '22023', 'the body must be an array of interactions, not null'),
	('import_purchases', '{}', '22023', 'the body must be an array of interactions, not an object'),
	('create_purchases', '[]', '00000', '{"created": 0, "duplicates": 0}'),
	('create_purchases', ' [ ] ', '00000', '{"created": 0, "duplicates": 0}'),
	('import_purchases', '[]', '00000', '{"created": 0, "duplicates": 0, "errors": []}')) AS v (called, body, code, words);

-- elements that are no objects
SELECT is(pg_temp.outcome('create_purchases', format('[%s]', element)),
	ARRAY['22023', '1 of 1 elements is invalid', 'element 0: an interaction must be an object, not ' || shown], format('an element %s', left(element, 40)))
FROM (VALUES ('1', '1'), ('null', 'null'), ('"a"', '"a"'), ('[]', 'an array'), ('[{"user_id": "u", "item_id": "i"}]', 'an array'),
	(repeat('[', 1000) || repeat(']', 1000), 'an array')) AS v (element, shown);

-- broken JSON does not get past the type json; so deep that the stack would end, neither
SELECT is((pg_temp.outcome(called, body))[1], code, format('%s of broken %s', called, translate(left(body, 40), E'\n', ' ')))
FROM (VALUES ('create_purchase'), ('create_purchases'), ('import_purchases')) AS f (called),
	(VALUES ('', '22P02'), ('{', '22P02'), ('[{"user_id": "u", "item_id": "i"}', '22P02'), ('{"user_id": "u",}', '22P02'), ('{"user_id"}', '22P02'),
		('[1 2]', '22P02'), ('{''user_id'': 1}', '22P02'), ('{"user_id": NaN}', '22P02'), ('{"user_id": Infinity}', '22P02'), ('{"user_id": 01}', '22P02'),
		('{} {}', '22P02'), ('{"user_id": "\x"}', '22P02'), ('{"user_id": "\u12"}', '22P02'), (E'{"user_id": "a\nb"}', '22P02'),
		(repeat('[', 1000000), '54001'), (repeat('{"a":', 1000000), '54001')) AS v (body, code);

-- a query that failed leaves the functions as they were
SELECT is(pg_temp.outcome('create_purchase', '{"user_id": "u", "item_id": "i", "timestamp": 1000000000005}'), ARRAY['00000', '(u,i,1000000000005,,,)', ''], 'the next one is stored');

SELECT * FROM finish();
ROLLBACK;
