-- create_tables() makes what is missing, keeps what is there, refuses what is not as it has to be; whoever calls it owns what it makes
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
-- without tables, whatever needs one says what to do
SELECT interactions_v1.create_purchase('{"user_id": "u", "item_id": "i"}');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SELECT interactions_v1.create_purchases('[{"user_id": "u", "item_id": "i"}]');
SELECT count(*) FROM interactions_v1.list_user_purchases('u');
SELECT interactions_v1.delete_purchases('u');
SELECT interactions_v1.transfer_interactions('u', 'v');
SELECT interactions.erase_user('u');
CALL interactions.purge('purchases', '-infinity');

-- an ordinary role needs no more than this
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_interactions_shop;
RESET client_min_messages;
CREATE ROLE regress_interactions_shop;
SET ROLE regress_interactions_shop;
SELECT interactions.create_tables();
RESET ROLE;
GRANT USAGE, CREATE ON SCHEMA interactions, interactions_v1 TO regress_interactions_shop;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO regress_interactions_shop;
SET ROLE regress_interactions_shop;
SELECT interactions.create_tables();
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "i", "timestamp": 1000000000001, "price": 2}');
SELECT interactions_v1.transfer_interactions('u', 'v');
SELECT interaction_type FROM interactions.stats;
RESET ROLE;
SELECT DISTINCT relowner::regrole, relkind FROM pg_class WHERE relnamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND relkind <> 'c' ORDER BY 2;
-- nothing of it belongs to the extension
SELECT count(*) FROM pg_depend WHERE deptype = 'e' AND classid = 'pg_class'::regclass
	AND objid IN (SELECT oid FROM pg_class WHERE relnamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND relkind <> 'c');
-- another role keeps what is there
SELECT interactions.create_tables();
SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'interactions'::regnamespace;

-- a statement that was prepared before a table was dropped says so, too; and where the schema has another name
BEGIN;
SAVEPOINT dropped;
DROP TABLE interactions.purchases CASCADE;
\set VERBOSITY default
SELECT interactions_v1.create_purchase('{"user_id": "u", "item_id": "i"}');
\set VERBOSITY terse
ROLLBACK TO dropped;
ALTER SCHEMA interactions RENAME TO elsewhere;
SELECT interactions_v1.create_purchase('{"user_id": "u", "item_id": "i"}');
ROLLBACK;

-- what is missing is made: a table, an index, a primary key, triggers, a view; what was added stays
BEGIN;
ALTER TABLE interactions.views ADD tenant text DEFAULT 'x';
DROP INDEX interactions.views_item_id_timestamp_idx;
ALTER TABLE interactions.views DROP CONSTRAINT views_pkey;
DROP TRIGGER zz_check_interaction ON interactions.views;
DROP TRIGGER after_insert_interaction ON interactions_v1.ratings;
DROP VIEW interactions_v1.users, interactions.stats;
DROP TABLE interactions.bookmarks CASCADE;
SELECT interactions.create_tables();
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('u', 'i', 1000000000001), ('u', 'i', 1000000000001);
SELECT user_id, tenant FROM interactions.views;
SELECT interactions_v1.create_bookmarks('[{"user_id": "u", "item_id": "i", "timestamp": 1000000000001}]');
SELECT external_id FROM interactions_v1.users ORDER BY 1;
ROLLBACK;
-- a view that goes on reading a table that had the name before is refused
BEGIN;
ALTER TABLE interactions.views RENAME TO views_2025;
ALTER INDEX interactions.views_pkey RENAME TO views_2025_pkey;
ALTER INDEX interactions.views_item_id_timestamp_idx RENAME TO views_2025_item_id_timestamp_idx;
SAVEPOINT renamed;
SELECT interactions.create_tables();
ROLLBACK TO renamed;
DROP VIEW interactions_v1.views;
SELECT interactions.create_tables();
ROLLBACK TO renamed;
DROP VIEW interactions_v1.views, interactions_v1.users;
SELECT interactions.create_tables() \g /dev/null
INSERT INTO interactions_v1.views VALUES ('u', 'i', 1000000000001) RETURNING item_id;
SELECT item_id FROM interactions_v1.views;
ROLLBACK;
-- an index of one's own that serves the lists does; a partial one does not
BEGIN;
DROP INDEX interactions.views_item_id_timestamp_idx;
CREATE INDEX mine ON interactions.views (item_id, "timestamp", duration);
DROP INDEX interactions.ratings_item_id_timestamp_idx;
CREATE INDEX part ON interactions.ratings (item_id, "timestamp") WHERE value > 4;
CREATE INDEX expression ON interactions.ratings (item_id, length(user_id));
SELECT interactions.create_tables();
SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'interactions' AND tablename IN ('views', 'ratings') ORDER BY 1, 2;
ROLLBACK;

-- what is refused, and nothing is made
CREATE FUNCTION refused(change text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE change;
	PERFORM interactions.create_tables();
	RAISE 'accepted'; -- and taken back
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SET client_min_messages = warning;
SELECT refused(change) FROM (VALUES
	(1, 'ALTER TABLE interactions.purchases DROP amount CASCADE'),
	(2, 'DROP VIEW interactions_v1.purchases; ALTER TABLE interactions.purchases ALTER amount TYPE bigint'),
	(3, 'ALTER TABLE interactions.ratings ALTER value DROP NOT NULL'),
	(4, 'DROP VIEW interactions_v1.users, interactions_v1.views; ALTER TABLE interactions.views ALTER item_id TYPE text COLLATE "POSIX"'),
	(5, 'ALTER TABLE interactions.views RENAME item_id TO item'),
	(6, 'ALTER TABLE interactions.views DROP CONSTRAINT views_pkey, ADD PRIMARY KEY (user_id, item_id, "timestamp", fingerprint)'),
	(7, 'ALTER TABLE interactions.users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (user_id, created_at)'),
	(8, 'DROP TABLE interactions.views CASCADE; CREATE VIEW interactions.views AS SELECT 1 AS user_id'),
	(9, 'DROP VIEW interactions_v1.views; CREATE TABLE interactions_v1.views (LIKE interactions.views)'),
	(10, 'DROP VIEW interactions_v1.views; CREATE VIEW interactions_v1.views AS SELECT * FROM interactions.views'),
	(11, 'DROP VIEW interactions_v1.views; CREATE VIEW interactions_v1.views AS SELECT user_id FROM interactions.views'),
	(12, 'ALTER TABLE interactions.ratings DROP value CASCADE, ADD value float8 NOT NULL GENERATED ALWAYS AS (1) STORED'),
	(13, 'SELECT interactions.create_tables(NULL)'),
	(14, 'SET LOCAL search_path = interactions'),
	(15, 'CREATE SCHEMA hostile; CREATE FUNCTION hostile.now() RETURNS timestamptz LANGUAGE plpgsql AS $f$ BEGIN RAISE ''hijacked''; END $f$; SET LOCAL search_path = hostile, pg_catalog; DROP TABLE interactions.views CASCADE; SELECT interactions.create_tables(); INSERT INTO interactions.views (user_id, item_id) VALUES (''u'', ''i'')'),
	(16, 'DROP INDEX interactions.views_item_id_timestamp_idx; CREATE INDEX views_item_id_timestamp_idx ON interactions.views (item_id) WHERE item_id > ''m''')
) AS c (n, change) ORDER BY n;
RESET client_min_messages;
DROP FUNCTION refused;
-- partitioned: said where it comes too late
BEGIN;
DROP TABLE interactions.ratings, interactions.purchases, interactions.cart_additions, interactions.bookmarks CASCADE;
SELECT interactions.create_tables(partitioned => true);
SELECT relname, relkind, reloptions, pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid) FROM pg_class WHERE relnamespace = 'interactions'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname;
ROLLBACK;

SET client_min_messages = warning;
DROP OWNED BY regress_interactions_shop CASCADE;
DROP ROLE regress_interactions_shop;
RESET client_min_messages;
-- for the tests that follow
SELECT interactions.create_tables();
