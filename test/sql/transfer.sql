-- A transfer moves every interaction with all of its values, counts them, and loses or doubles none
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION fill(u text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO interactions_v1.bookmarks (user_id, item_id, "timestamp") VALUES (u, 'a', 1000000000001), (u, 'b', 1000000000002), (u, 'c', 1000000000003);
	INSERT INTO interactions_v1.ratings (user_id, item_id, "timestamp", value, recommendation_id) VALUES (u, 'a', 1000000000001, 4.5, 'r'), (u, 'a', 1000000000001, 4.5, NULL);
	INSERT INTO interactions_v1.purchases VALUES (u, 'a', 1000000000001, NULL, 9.50, 2), (u, 'a', 1000000000001, NULL, 9.50, 3), (u, 'a', 1000000000001, NULL, NULL, NULL);
	INSERT INTO interactions_v1.views (user_id, item_id, "timestamp", duration) VALUES (u, 'a', 1000000000001, 5);
$$;
CREATE VIEW everything AS
	SELECT 'bookmarks' AS kind, user_id, item_id, "timestamp", recommendation_id, NULL::text AS own FROM interactions_v1.bookmarks
	UNION ALL SELECT 'ratings', user_id, item_id, "timestamp", recommendation_id, value::text FROM interactions_v1.ratings
	UNION ALL SELECT 'purchases', user_id, item_id, "timestamp", recommendation_id, concat(price, ' ', amount) FROM interactions_v1.purchases
	UNION ALL SELECT 'cart_additions', user_id, item_id, "timestamp", recommendation_id, concat(price, ' ', amount) FROM interactions_v1.cart_additions
	UNION ALL SELECT 'views', user_id, item_id, "timestamp", recommendation_id, duration::text FROM interactions_v1.views;
CREATE VIEW state AS
	SELECT coalesce(external_id, '?') || ': ' || count(e)  || ' interactions, ' || CASE WHEN created_at IS NULL THEN 'not registered' ELSE 'registered' END || coalesce(', ' || name, '') AS state
	FROM interactions_v1.users FULL JOIN everything AS e ON user_id = external_id GROUP BY external_id, created_at, name ORDER BY external_id COLLATE "C";

-- a guest's to a user who was never seen; every value goes along, and the fingerprint is that of a row inserted so
SELECT fill('guest');
CREATE TEMP TABLE before AS SELECT kind, item_id, "timestamp", recommendation_id, own FROM everything WHERE user_id = 'guest';
SELECT interactions_v1.transfer_interactions('guest', 'anna');
SELECT * FROM state;
TABLE before EXCEPT ALL SELECT kind, item_id, "timestamp", recommendation_id, own FROM everything WHERE user_id = 'anna';
\set VERBOSITY sqlstate
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", price, amount) VALUES ('anna', 'a', to_timestamp(1000000000.001), 9.5, 2);
\set VERBOSITY default

-- again: the source is unknown by now
SELECT interactions_v1.transfer_interactions('guest', 'anna');
\echo :LAST_ERROR_SQLSTATE
CALL interactions.transfer_interactions('guest', 'anna');
\echo :LAST_ERROR_SQLSTATE

-- the target has some of it already: these are duplicates, and stored once
SELECT fill('guest');
INSERT INTO interactions_v1.cart_additions (user_id, item_id, "timestamp") VALUES ('guest', 'a', 1000000000001);
DELETE FROM interactions.bookmarks WHERE user_id = 'anna' AND item_id = 'b';
SELECT xmin FROM interactions.users WHERE user_id = 'anna' \gset
SELECT interactions_v1.transfer_interactions('guest', 'anna');
-- a registration that gets no name is left alone
SELECT xmin = :xmin FROM interactions.users WHERE user_id = 'anna';
SELECT * FROM state;

-- delete_user false: the source stays, registered, without interactions
SELECT fill('guest');
SELECT interactions_v1.transfer_interactions('guest', 'bob', false);
SELECT * FROM state;
-- it is known still, and has nothing to move
SELECT interactions_v1.transfer_interactions('guest', 'carl', delete_user => true);
SELECT * FROM state;

-- the source's name goes along where the target has none; when the target was registered stays
UPDATE interactions_v1.users SET name = 'Bob', created_at = 5 WHERE external_id = 'bob';
UPDATE interactions_v1.users SET created_at = 7 WHERE external_id = 'anna';
SELECT interactions_v1.transfer_interactions('bob', 'anna')::jsonb -> 'duplicates';
SELECT external_id, name, created_at FROM interactions_v1.users WHERE external_id = 'anna';
INSERT INTO interactions_v1.users VALUES ('dora', 'Dora', 9);
SELECT interactions_v1.transfer_interactions('dora', 'anna');
SELECT external_id, name, created_at FROM interactions_v1.users WHERE external_id = 'anna';

-- the procedure does the same, with and without its default
SELECT fill('guest');
CALL interactions.transfer_interactions('guest', 'emma');
CALL interactions.transfer_interactions('emma', 'finn', false);
CALL interactions.transfer_interactions(from_user_id => 'finn', to_user_id => E'a "quoted"\n\\user', delete_user => true);
SELECT interactions_v1.transfer_interactions(E'a "quoted"\n\\user', 'gina')::jsonb;
SELECT * FROM state;

-- in one transaction: all or nothing
BEGIN;
SELECT interactions_v1.transfer_interactions('anna', 'zoe')::jsonb -> 'transferred' -> 'bookmarks';
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT interactions_v1.transfer_interactions('anna', 'zoe')::jsonb -> 'transferred' -> 'bookmarks';
ROLLBACK TO s;
SELECT interactions_v1.transfer_interactions('zoe', 'anna');
ROLLBACK;
SELECT * FROM state;
-- two in one statement
SELECT interactions_v1.transfer_interactions('anna', 'zoe')::jsonb -> 'transferred' -> 'purchases', interactions_v1.transfer_interactions('zoe', 'anna')::jsonb -> 'transferred' -> 'purchases';

-- an unknown source, where that is no mistake
SELECT interactions_v1.transfer_interactions('nobody', 'anna', missing_ok => true);
CALL interactions.transfer_interactions('nobody', 'anna', true, true);
-- what is refused
\set VERBOSITY terse
SELECT interactions_v1.transfer_interactions('anna', 'anna');
\echo :LAST_ERROR_SQLSTATE
SELECT interactions_v1.transfer_interactions('nobody', 'nobody');
SELECT interactions_v1.transfer_interactions('', 'anna');
SELECT interactions_v1.transfer_interactions('anna', '');
SELECT interactions_v1.transfer_interactions('anna', repeat('x', 513));
SELECT interactions_v1.transfer_interactions(NULL, 'anna');
\echo :LAST_ERROR_SQLSTATE
SELECT interactions_v1.transfer_interactions('anna', NULL);
SELECT interactions_v1.transfer_interactions('anna', 'bob', NULL);
SELECT interactions_v1.transfer_interactions('anna', 'bob', true, NULL);
CALL interactions.transfer_interactions('anna', 'anna');
CALL interactions.transfer_interactions('anna', NULL);
BEGIN READ ONLY;
SELECT interactions_v1.transfer_interactions('anna', 'bob');
ROLLBACK;
SELECT * FROM state;

DROP VIEW state, everything;
DROP FUNCTION fill;
TRUNCATE interactions.bookmarks, interactions.ratings, interactions.purchases, interactions.cart_additions, interactions.views, interactions.users;
