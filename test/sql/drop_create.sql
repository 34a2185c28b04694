-- The rows outlive the extension: core refuses DROP EXTENSION, with CASCADE rows and tables stay, and the plans that a session has saved serve the next one
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE TABLE steps (n int GENERATED ALWAYS AS IDENTITY, statement text);
INSERT INTO steps (statement) VALUES
	($$SELECT interactions_v1.create_purchase('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "price": 9.5}')$$),
	($$SELECT interactions_v1.create_purchase('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "price": 9.50}')$$),
	($$SELECT interactions_v1.create_purchases('[{"user_id": "u", "item_id": "b", "timestamp": 1000000000002}]')$$),
	($$SELECT interactions_v1.create_purchases('[{"user_id": "u", "item_id": "b", "timestamp": 1000000000002}, {"user_id": "u", "item_id": "c", "timestamp": 1000000000003}]')$$),
	($$SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001}')$$),
	($$INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp") VALUES ('v', 'a', 1000000000004)$$),
	($$INSERT INTO interactions.purchases (user_id, item_id, "timestamp") VALUES ('v', 'b', to_timestamp(1000000000.005))$$),
	($$SELECT item_id, price FROM interactions_v1.list_user_purchases('u', 1, '1000000000003:c')$$),
	($$SELECT user_id, price FROM interactions_v1.list_item_purchases('a')$$),
	($$SELECT interactions_v1.transfer_interactions('v', 'u')$$),
	($$SELECT interactions_v1.transfer_interactions('u', 'w', false)$$),
	($$INSERT INTO interactions_v1.users (external_id, name, created_at) VALUES ('u', 'U', 1) RETURNING *$$),
	($$UPDATE interactions_v1.users SET external_id = 'x', name = 'X' WHERE external_id = 'u' RETURNING external_id, name$$),
	($$SELECT interactions_v1.delete_purchases('w', 'a', '1000000000001')$$),
	($$SELECT interactions_v1.delete_purchases('w', from_timestamp => '1000000000005')$$),
	($$SELECT interactions_v1.delete_purchases(item_id => 'a')$$),
	($$SELECT interactions_v1.delete_purchases(to_timestamp => '1000000000003')$$),
	($$DELETE FROM interactions_v1.users WHERE external_id = 'w' RETURNING external_id$$),
	($$SELECT external_id, name FROM interactions_v1.users$$),
	($$TRUNCATE interactions.users, interactions.purchases, interactions.views$$);
PREPARE list AS SELECT item_id FROM interactions_v1.list_user_purchases('p');
CREATE FUNCTION of_mine() RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT item_id FROM interactions_v1.list_user_purchases('p'); END $$;

SELECT statement FROM steps ORDER BY n \gexec
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", price) VALUES ('p', 'before', to_timestamp(1000000001), 9.5);
INSERT INTO interactions.users (user_id, name) VALUES ('p', 'Pia');
EXECUTE list;
SELECT of_mine();

-- refused, also by way of what the extension goes with
\set VERBOSITY terse
DROP EXTENSION interactions;
\echo :LAST_ERROR_SQLSTATE
DROP SCHEMA interactions_v1;
\set VERBOSITY default
SET client_min_messages = warning;
-- what was added goes with nothing
ALTER TABLE interactions.purchases ADD tenant text DEFAULT 'x', ADD CHECK (price < 100);
DROP EXTENSION interactions CASCADE;
SELECT nspname FROM pg_namespace WHERE nspname ~ '^interactions';
SELECT item_id, price, tenant FROM interactions.purchases;
SELECT relname, relkind FROM pg_class WHERE relnamespace = 'interactions'::regnamespace AND relkind NOT IN ('i', 'I') ORDER BY 1;
EXECUTE list;
\echo :LAST_ERROR_SQLSTATE
SELECT of_mine();
\echo :LAST_ERROR_SQLSTATE
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
EXECUTE list;
SELECT of_mine();
SELECT interactions_v1.create_purchases('[{"user_id": "p", "item_id": "before", "timestamp": 1000000001000, "price": 9.50}]');
\set VERBOSITY terse
INSERT INTO interactions.purchases (user_id, item_id, price) VALUES ('p', 'dear', 100);
\set VERBOSITY default
SELECT interactions_v1.transfer_interactions('p', 'q');
SELECT user_id, item_id, price, tenant FROM interactions.purchases;
SELECT external_id, name FROM interactions_v1.users;
ALTER TABLE interactions.purchases DROP tenant, DROP CONSTRAINT purchases_price_check;
TRUNCATE interactions.users, interactions.purchases;
SELECT statement FROM steps ORDER BY n \gexec

-- a table that is dropped and made anew
INSERT INTO interactions.purchases (user_id, item_id) VALUES ('p', 'gone');
DROP TABLE interactions.purchases CASCADE;
EXECUTE list;
\echo :LAST_ERROR_SQLSTATE
SELECT interactions_v1.create_purchases('[{"user_id": "p", "item_id": "lost"}, {"user_id": "p", "item_id": "lost too"}]');
SELECT interactions.create_tables();
EXECUTE list;
\set ECHO none
\o /dev/null
SELECT statement FROM steps ORDER BY n \gexec
\o
\set ECHO all

-- taken back
INSERT INTO interactions.purchases (user_id, item_id) VALUES ('p', 'kept');
BEGIN;
DROP EXTENSION interactions CASCADE;
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
SELECT interactions_v1.create_purchases('[{"user_id": "p", "item_id": "lost"}]');
EXECUTE list;
ROLLBACK;
EXECUTE list;
SELECT of_mine();
SELECT interactions_v1.delete_purchases('p');

-- a schema of the wire format that somebody made first is an error, not a trap
DROP EXTENSION interactions CASCADE;
CREATE SCHEMA interactions_v1;
CREATE EXTENSION interactions;
\echo :LAST_ERROR_SQLSTATE
DROP SCHEMA interactions_v1;
-- functions of a stranger that come first in the caller's search_path are not what the script finds
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format';
CREATE FUNCTION hostile.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked now()'; END $$;
SET search_path = hostile, pg_catalog, public;
CREATE EXTENSION interactions;
DROP TABLE interactions.views;
SELECT interactions.create_tables();
SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'interactions.views'::regclass;
INSERT INTO interactions.views (user_id, item_id) VALUES ('u', 'i');
RESET search_path;
DROP SCHEMA hostile CASCADE;
TRUNCATE interactions.views;

DROP FUNCTION of_mine;
DROP TABLE steps;
