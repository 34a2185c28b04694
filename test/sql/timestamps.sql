-- Milliseconds become timestamps and timestamps milliseconds, the same in every time zone; what is no time is refused
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
SELECT ms, interactions.timestamp_to_ms(interactions.timestamp_from_ms(ms)), interactions.timestamp_from_ms(ms) AT TIME ZONE 'UTC' = at
FROM (VALUES (1, '0', '1970-01-01'::timestamp), (2, '1700000000123', '2023-11-14 22:13:20.123'), (3, ' 1700000000123 ', '2023-11-14 22:13:20.123'),
	(4, '1700000000123.999', '2023-11-14 22:13:20.123'), (5, '1.5e3', '1970-01-01 00:00:01.5'), (6, '0.9', '1970-01-01'), (7, '-0', '1970-01-01'), (8, '+5', '1970-01-01 00:00:00.005'),
	(9, '253402300799999', '9999-12-31 23:59:59.999'), (10, '253402300799999.9', '9999-12-31 23:59:59.999'), (11, '0000000000000000000000000000000001', '1970-01-01 00:00:00.001'),
	(12, '1e-400', '1970-01-01'), (13, '946684800000', '2000-01-01'), (14, '946684799999', '1999-12-31 23:59:59.999')) AS v (n, ms, at) ORDER BY n;
-- towards the past, also before 2000 and 1970
SELECT interactions.timestamp_to_ms(t) FROM (VALUES (1, '2023-11-14 22:13:20.123999+00'::timestamptz), (2, '1999-12-31 23:59:59.999999+00'), (3, '1969-12-31 23:59:59.9995+00'),
	(4, '1970-01-01 00:00:00.000999+00'), (5, '4713-01-01 00:00:00+00 BC'), (6, '294276-12-31 23:59:59.999999+00')) AS v (n, t) ORDER BY n;
SELECT count(*) FROM generate_series(0, 253402300799999, 12345678987) AS ms WHERE interactions.timestamp_to_ms(interactions.timestamp_from_ms(ms::text)) <> ms
	OR interactions.timestamp_from_ms(ms::text) <> to_timestamp(0) + ms / 1000 * interval '1 second' + ms % 1000 * interval '1 millisecond';
SET TimeZone = 'Asia/Kathmandu';
SELECT interactions.timestamp_from_ms('5') = '1970-01-01 00:00:00.005+00', interactions.timestamp_to_ms('1970-01-01 05:30:00');
RESET TimeZone;
SELECT interactions.timestamp_from_ms(NULL) IS NULL, interactions.timestamp_to_ms(NULL) IS NULL;

SELECT interactions.timestamp_to_ms('infinity');
\echo :LAST_ERROR_SQLSTATE
SELECT interactions.timestamp_to_ms('-infinity');
SELECT interactions.timestamp_from_ms('-1');
\echo :LAST_ERROR_SQLSTATE
SELECT interactions.timestamp_from_ms('253402300800000');
SELECT interactions.timestamp_from_ms('1700000000000000000');
SELECT interactions.timestamp_from_ms('9223372036854775808');
SELECT interactions.timestamp_from_ms('NaN');
SELECT interactions.timestamp_from_ms('2023-11-14');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SELECT interactions.timestamp_from_ms('');
SELECT interactions.timestamp_from_ms(' ');
SELECT interactions.timestamp_from_ms('5 5');
SELECT interactions.timestamp_from_ms('.');
SELECT interactions.timestamp_from_ms('1e');
SELECT interactions.timestamp_from_ms('0x10');

-- in a table it is cut to the millisecond, also where nothing else changes
INSERT INTO interactions.views (user_id, item_id, "timestamp") VALUES ('u', 'i', to_timestamp(1));
UPDATE interactions.views SET "timestamp" = to_timestamp(2.3456) RETURNING "timestamp" = to_timestamp(2.345);
TRUNCATE interactions.views;
