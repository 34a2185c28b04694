-- The views in wire format are read, INSERTed into and COPYed from and to; what is stored already is skipped
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset null -

-- a file in wire format, its columns in any order, a repeat in it
COPY interactions_v1.purchases (user_id, item_id, price, "timestamp", amount) FROM STDIN (FORMAT csv, HEADER);
user_id,item_id,price,timestamp,amount
u,a,9.5,1700000000000,2
u,a,9.50,1700000000000,2
u,b,,1700000000001,
"v, ""w""",a,0.10,0,1
\.
COPY interactions_v1.purchases FROM STDIN;
u	c	253402300799999	r	1e2	3
\.
SELECT * FROM interactions_v1.purchases ORDER BY user_id, "timestamp";
COPY (SELECT * FROM interactions_v1.purchases ORDER BY user_id, "timestamp") TO STDOUT (FORMAT csv, HEADER);
-- where a row is bad, nothing of the statement is stored, and the line is named
\set SHOW_CONTEXT errors
COPY interactions_v1.purchases (user_id, item_id, price) FROM STDIN (FORMAT csv);
u,d,1
u,e,-1
u,f,1
\.
COPY interactions.purchases (user_id, item_id, "timestamp", price) FROM STDIN (FORMAT csv);
u,d,2001-09-09 01:46:40+00,1
,e,2001-09-09 01:46:40+00,1
\.
\set SHOW_CONTEXT never
SELECT count(*) FROM interactions.purchases;

-- INSERT: rows and counts, RETURNING with the time that was set, from a query, from another type
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp", price) VALUES ('u', 'a', 1000000000001, 1), ('u', 'a', 1000000000001, 1.0), ('u', 'a', 1000000000001, 2) RETURNING item_id, "timestamp", price;
SELECT count(*) FROM interactions.purchases;
INSERT INTO interactions_v1.purchases (user_id, item_id) VALUES ('u', 'now') RETURNING "timestamp" = interactions.timestamp_to_ms(now()), price;
INSERT INTO interactions_v1.cart_additions SELECT * FROM interactions_v1.purchases;
SELECT count(*) FROM (TABLE interactions_v1.cart_additions EXCEPT TABLE interactions_v1.purchases) AS difference;
SELECT count(*) FROM interactions.cart_additions;
INSERT INTO interactions_v1.cart_additions SELECT * FROM interactions_v1.cart_additions;
SELECT count(*) FROM interactions.cart_additions;
-- into the table, the repeat is an error, or skipped as any
\set VERBOSITY sqlstate
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", price) VALUES ('u', 'a', to_timestamp(1000000000.001), 1);
\set VERBOSITY default
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", price) VALUES ('u', 'a', to_timestamp(1000000000.001), 1), ('u', 'a', to_timestamp(1000000000.001), 3) ON CONFLICT DO NOTHING RETURNING price;
TRUNCATE interactions.purchases, interactions.cart_additions;

-- one interaction: what is given back is what is stored, and whether it was stored now
BEGIN;
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": 5, "timestamp": 1000000000001.9, "price": 9.5}');
SHOW response.status;
-- the repeat gives back what is stored, as it was first written
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "5", "timestamp": "1000000000001", "price": "9.50"}');
SHOW response.status;
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "5", "timestamp": "1000000000001", "price": 9.51}');
SHOW response.status;
SELECT "timestamp" = interactions.timestamp_to_ms(now()), recommendation_id IS NULL FROM interactions_v1.create_bookmark('{"user_id": "u", "item_id": "i"}');
SELECT interactions_v1.create_rating('{"user_id": "u", "item_id": "i", "timestamp": 1000000000001, "recommendation_id": "r", "value": 4.5}');
SELECT interactions_v1.create_cart_addition('{"user_id": "u", "item_id": "i", "timestamp": 1000000000001, "amount": 2}');
SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "i", "timestamp": 1000000000001, "duration": 3}');
SELECT (interactions_v1.create_view(body)).duration FROM (VALUES (1, '{"user_id": "u", "item_id": "j", "duration": 3}'::json), (2, '{"user_id": "u", "item_id": "k", "duration": 4}')) AS v (n, body) ORDER BY n;
ROLLBACK;
-- a refusal has its hint
SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "i", "colour": 1}');
\echo :LAST_ERROR_SQLSTATE
SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "i", "timestamp": 1700000000000000}');
SELECT count(*) FROM interactions.views;
