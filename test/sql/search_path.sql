-- Everything works under any search_path: an empty one, and one where a stranger's objects come first and bear the names of pg_catalog's
\set SHOW_CONTEXT never
\set ECHO none
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.hijacked() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;

-- operators of any two of the types at hand, an aggregate, functions, types, a collation, relations
SELECT format('CREATE FUNCTION hostile.op(%1$s, %1$s) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN RAISE ''hijacked operator of %1$s''; END $f$', t)
FROM unnest(ARRAY['text', 'bigint', 'integer', 'timestamptz', 'numeric', 'float8', 'record']) AS t WHERE t <> 'record' ORDER BY t \gexec
SELECT format('CREATE OPERATOR hostile.%s (LEFTARG = %s, RIGHTARG = %2$s, FUNCTION = hostile.op)', o, t)
FROM unnest(ARRAY['=', '<>', '<', '<=', '>', '>=', '~~', '+', '-', '*', '/']) AS o, unnest(ARRAY['text', 'bigint', 'integer', 'timestamptz', 'numeric', 'float8']) AS t ORDER BY t, o \gexec
CREATE FUNCTION hostile.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked now()'; END $$;
CREATE FUNCTION hostile.count_step(bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked count(*)'; END $$;
CREATE AGGREGATE hostile.count(*) (SFUNC = hostile.count_step, STYPE = bigint, INITCOND = '0');
CREATE FUNCTION hostile.timestamp_to_ms(timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked timestamp_to_ms'; END $$;
CREATE FUNCTION hostile.pg_advisory_xact_lock(bigint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked lock'; END $$;
CREATE FUNCTION hostile.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked set_config'; END $$;
CREATE DOMAIN hostile.int8 AS text CHECK (false);
CREATE DOMAIN hostile.text AS int CHECK (false);
CREATE DOMAIN hostile.record AS int CHECK (false);
CREATE DOMAIN hostile.timestamptz AS text CHECK (false);
CREATE COLLATION hostile."C" FROM "POSIX";
CREATE TABLE hostile.views (mine text);
CREATE TABLE hostile.users (mine text);
CREATE TABLE hostile.interactions_batch (user_id text, item_id text);
CREATE TABLE hostile.moved (mine text);

CREATE TABLE steps (n int GENERATED ALWAYS AS IDENTITY, statement text);
INSERT INTO steps (statement) VALUES
	($$SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "duration": 5}')$$),
	($$SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "duration": 5}')$$),
	($$SELECT interactions_v1.create_views('[{"user_id": "u", "item_id": "b", "timestamp": 1000000000002}]')$$),
	($$SELECT interactions_v1.create_views('[{"user_id": "u", "item_id": "b", "timestamp": 1000000000002}, {"user_id": "u", "item_id": "c", "timestamp": 1000000000003}]')$$),
	($$SELECT interactions_v1.import_purchases('[{"user_id": "u", "item_id": "b", "timestamp": 1000000000002, "price": 1.5, "amount": 2}, {"user_id": "u", "item_id": "b", "price": -1}]')$$),
	($$SELECT interactions_v1.create_rating('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "value": 4.5}')$$),
	($$INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('v', 'a', 1000000000004)$$),
	($$INSERT INTO interactions.views (user_id, item_id, "timestamp") VALUES ('v', 'b', '2001-09-09 01:46:40.005+00') RETURNING user_id, duration$$),
	($$UPDATE interactions.views SET duration = 6$$),
	($$SELECT * FROM interactions_v1.list_user_views('u', 1, '1000000000003:c', '0', '1000000000005')$$),
	($$SELECT * FROM interactions_v1.list_item_views('a', 10)$$),
	($$SELECT interactions_v1.transfer_interactions('v', 'u')$$),
	($$CALL interactions.transfer_interactions('u', 'w', false)$$),
	($$INSERT INTO interactions_v1.users (external_id, name, created_at) VALUES ('u', 'U', 1) RETURNING *$$),
	($$UPDATE interactions_v1.users SET external_id = 'x', name = 'X' WHERE external_id OPERATOR(pg_catalog.=) 'u' RETURNING external_id, name$$),
	($$SELECT external_id, name FROM interactions_v1.users ORDER BY external_id$$),
	($$SELECT interactions_v1.delete_views('w', 'a', '1000000000001')$$),
	($$SELECT interactions_v1.delete_views('w', from_timestamp => '1000000000005')$$),
	($$SELECT interactions_v1.delete_views(item_id => 'a')$$),
	($$SELECT interactions_v1.delete_views(to_timestamp => '1000000000003')$$),
	($$DELETE FROM interactions_v1.users RETURNING external_id OPERATOR(pg_catalog.=) ANY ('{w,x}')$$),
	($$SELECT interactions.timestamp_from_ms('0') OPERATOR(pg_catalog.=) '1970-01-01 00:00:00+00'$$),
	($$SELECT * FROM interactions_v1.views$$),
	($$SELECT recommendation_id FROM interactions_v1.create_recommendation('{"recommendation_id": "r", "user_id": "u", "scenario": "s", "item_ids": ["a"], "timestamp": 1000000000001}')$$),
	($$SELECT interactions_v1.create_recommendations('[{"recommendation_id": "r", "user_id": "u", "scenario": "s", "item_ids": ["a"]}, {"recommendation_id": "q", "timestamp": 1000000000002}]')$$),
	($$INSERT INTO interactions_v1.recommendations (recommendation_id, "timestamp") VALUES ('q', 1000000000002), ('p', 1000000000003) RETURNING recommendation_id$$),
	($$INSERT INTO interactions.recommendations (recommendation_id, "timestamp") VALUES ('o', '2001-09-09 01:46:40.005+00')$$),
	($$INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp", recommendation_id, price, amount) VALUES ('u', 'a', 1000000000005, 'r', 1.5, 2), ('u', 'b', 1000000000006, 'r', 1, NULL), ('y', 'c', 1000000000006, NULL, 1, NULL)$$),
	($$SELECT * FROM interactions_v1.get_recommendation('r')$$),
	($$SELECT * FROM interactions_v1.list_recommendation_metrics('1000000000000', '1000000001000', 'day,scenario')$$),
	($$CALL interactions.refresh_items(period => NULL)$$),
	($$SELECT item_id, baskets, cosine FROM interactions_v1.list_together_items('a', min_baskets => 1, min_users => 1)$$),
	($$SELECT * FROM interactions_v1.list_cart_together_items('{"item_ids": ["a"], "score": "count", "min_baskets": 1, "min_users": 1}')$$),
	($$SELECT * FROM interactions_v1.list_bought_together_items('a')$$),
	($$SELECT item_id, interactions, users FROM interactions_v1.list_popular_items()$$),
	($$SELECT interactions_v1.put_user(E'u\n{"name": "U", "created_at": 0}')$$),
	($$SELECT interactions.update_user('u', '{"name": "V", "created_at": 1}')$$),
	($$SELECT interactions_v1.delete_user('u')$$),
	($$SELECT interactions.erase_user('y')$$),
	($$CALL interactions.purge('recommendations', '2001-09-09 01:46:41+00')$$);

-- each time in a session of its own, so that no plan is saved
\c -
\set ECHO queries
SET client_min_messages = warning;
SET search_path = '';
SELECT statement FROM public.steps ORDER BY n \gexec
\c -
SET client_min_messages = warning;
SET search_path = hostile, pg_catalog, public;
SELECT 1 = 1;
\set ECHO none
SELECT statement FROM public.steps ORDER BY n \gexec
\set ECHO queries
\c -
CREATE TEMP TABLE views (mine text);
CREATE TEMP TABLE interactions_batch (user_id text, item_id text);
SET client_min_messages = warning;
SET search_path = pg_temp, hostile, interactions_v1, interactions, pg_catalog;
\set ECHO none
SELECT statement FROM public.steps ORDER BY n \gexec

\c -
\set ECHO queries
SET client_min_messages = warning;
DROP TABLE steps;
DROP SCHEMA hostile CASCADE;
