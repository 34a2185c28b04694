-- A role with the grants that the documents name does everything, one without does nothing, and row-level security holds through all ways
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_interactions_app, regress_interactions_reader, regress_interactions_tenant, regress_interactions_none;
RESET client_min_messages;
CREATE ROLE regress_interactions_app;
CREATE ROLE regress_interactions_reader;
CREATE ROLE regress_interactions_tenant;
CREATE ROLE regress_interactions_none;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO regress_interactions_app, regress_interactions_tenant;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA interactions, interactions_v1 TO regress_interactions_app, regress_interactions_tenant;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO regress_interactions_app, regress_interactions_tenant;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO regress_interactions_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA interactions, interactions_v1 TO regress_interactions_reader;
GRANT EXECUTE ON FUNCTION interactions.timestamp_to_ms TO regress_interactions_reader;
SELECT format('GRANT EXECUTE ON FUNCTION %s TO regress_interactions_reader', oid::regprocedure) FROM pg_proc
WHERE pronamespace = 'interactions_v1'::regnamespace AND proname ~ '^list_' \gexec

-- everything, by a role that owns nothing
SET ROLE regress_interactions_app;
SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001}');
SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001}');
SELECT interactions_v1.create_views('[{"user_id": "u", "item_id": "b", "timestamp": 1000000000002}, {"user_id": "u", "item_id": "a", "timestamp": 1000000000001}]');
SELECT interactions_v1.import_views('[{"user_id": "u", "item_id": "c", "timestamp": 1000000000003}, 1]');
INSERT INTO interactions.views (user_id, item_id, "timestamp") VALUES ('u', 'd', to_timestamp(1000000000.004));
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('u', 'e', 1000000000005);
UPDATE interactions.views SET duration = 7 WHERE item_id = 'e';
COPY interactions_v1.views (user_id, item_id, "timestamp") FROM STDIN (FORMAT csv);
v,a,1000000000006
\.
COPY interactions.views (user_id, item_id) TO STDOUT (FORMAT csv, FORCE_QUOTE *);
SELECT count(*) FROM interactions_v1.list_user_views('u');
SELECT count(*) FROM interactions_v1.list_item_views('a');
SELECT interactions_v1.delete_views('u', 'b');
SELECT interactions_v1.transfer_interactions('v', 'w');
CALL interactions.transfer_interactions('w', 'x');
INSERT INTO interactions_v1.users (external_id, name, created_at) VALUES ('n', 'N', 1) RETURNING *;
UPDATE interactions_v1.users SET external_id = 'm' WHERE external_id = 'n' RETURNING external_id, name;
DELETE FROM interactions_v1.users WHERE external_id = 'm' RETURNING external_id;
DELETE FROM interactions.views WHERE item_id = 'e';
SELECT interactions.timestamp_to_ms(interactions.timestamp_from_ms('5'));
-- what it was not given
TRUNCATE interactions.views;
ALTER TABLE interactions.views ADD COLUMN mine text;

-- one that reads
SET ROLE regress_interactions_reader;
SELECT count(*) FROM interactions_v1.list_user_views('u');
SELECT count(*) FROM interactions_v1.list_item_views('a');
SELECT count(*) FROM interactions_v1.views;
SELECT count(*) FROM interactions_v1.users;
SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "z"}');
SELECT interactions_v1.delete_views('u');
INSERT INTO interactions_v1.views (user_id, item_id) VALUES ('u', 'z');
INSERT INTO interactions_v1.users (external_id) VALUES ('z');
RESET ROLE;
-- with a right to the function, but to no table: it acts for who calls it
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions_v1 TO regress_interactions_reader;
GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA interactions_v1 TO regress_interactions_reader;
SET ROLE regress_interactions_reader;
SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "z"}');
SELECT interactions_v1.create_views('[{"user_id": "u", "item_id": "z"}]');
SELECT interactions_v1.import_views('[{"user_id": "u", "item_id": "z"}]');
SELECT interactions_v1.delete_views('u');
SELECT interactions_v1.transfer_interactions('u', 'v');
INSERT INTO interactions_v1.views (user_id, item_id) VALUES ('u', 'z');
INSERT INTO interactions_v1.users (external_id) VALUES ('z');
UPDATE interactions_v1.users SET external_id = 'z' WHERE external_id = 'u';
DELETE FROM interactions_v1.users WHERE external_id = 'u';

-- one without: PUBLIC has nothing
\set VERBOSITY sqlstate
SET ROLE regress_interactions_none;
SELECT interactions_v1.list_user_views('u');
SELECT * FROM interactions.views;
\set VERBOSITY terse
RESET ROLE;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO regress_interactions_none;
SELECT p.oid::regprocedure FROM pg_proc AS p
WHERE pronamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND has_function_privilege('regress_interactions_none', p.oid, 'EXECUTE');
SELECT c.oid::regclass FROM pg_class AS c
WHERE relnamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND relkind IN ('r', 'v')
	AND has_table_privilege('regress_interactions_none', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER');
SET ROLE regress_interactions_none;
SELECT interactions_v1.list_user_views('u');
SELECT * FROM interactions_v1.views;
RESET ROLE;

-- row-level security on the tables, plans saved under another role
ALTER TABLE interactions.views ENABLE ROW LEVEL SECURITY;
ALTER TABLE interactions.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY app ON interactions.views TO regress_interactions_app USING (true);
CREATE POLICY app ON interactions.users TO regress_interactions_app USING (true);
CREATE POLICY tenant ON interactions.views TO regress_interactions_tenant USING (user_id LIKE 't:%');
CREATE POLICY tenant ON interactions.users TO regress_interactions_tenant USING (user_id LIKE 't:%');
SET ROLE regress_interactions_app;
SELECT interactions_v1.create_views('[{"user_id": "t:1", "item_id": "a", "timestamp": 1000000000001}, {"user_id": "t:2", "item_id": "a", "timestamp": 1000000000001}, {"user_id": "o", "item_id": "a", "timestamp": 1000000000001}]');
INSERT INTO interactions_v1.users (external_id) VALUES ('t:1'), ('o');
CREATE TEMP TABLE seen (who text, of_item bigint, of_user bigint, in_view bigint, users text);
GRANT INSERT, SELECT ON seen TO PUBLIC;
-- seven times each, so that plans are saved under one role and used under the other
PREPARE look AS INSERT INTO seen SELECT current_user, (SELECT count(*) FROM interactions_v1.list_item_views('a')), (SELECT count(*) FROM interactions_v1.list_user_views('o')),
	(SELECT count(*) FROM interactions_v1.views), (SELECT string_agg(external_id, ' ' ORDER BY external_id COLLATE "C") FROM interactions_v1.users);
\set ECHO none
SELECT 'SET ROLE regress_interactions_app', 'EXECUTE look', 'SET ROLE regress_interactions_tenant', 'EXECUTE look' FROM generate_series(1, 7) \gexec
\set ECHO all
SELECT *, count(*) FROM seen GROUP BY who, of_item, of_user, in_view, users ORDER BY who;
SET ROLE regress_interactions_tenant;
SELECT interactions_v1.create_view('{"user_id": "o", "item_id": "b"}');
SELECT interactions_v1.create_views('[{"user_id": "t:1", "item_id": "b"}, {"user_id": "o", "item_id": "b"}]');
SELECT interactions_v1.import_views('[{"user_id": "o", "item_id": "b"}]');
INSERT INTO interactions_v1.views (user_id, item_id) VALUES ('o', 'b');
\copy interactions.views (user_id, item_id) FROM '/dev/null'
SELECT interactions_v1.create_view('{"user_id": "t:1", "item_id": "b", "timestamp": 1000000000002}');
SELECT interactions_v1.delete_views('o');
SELECT interactions_v1.delete_views(item_id => 'a', to_timestamp => '1000000000002');
SELECT interactions_v1.transfer_interactions('o', 't:1');
SELECT interactions_v1.transfer_interactions('t:1', 'o');
SELECT interactions_v1.transfer_interactions('t:1', 't:2')::jsonb -> 'transferred' -> 'views';
UPDATE interactions_v1.users SET external_id = 't:3' WHERE external_id = 'o' RETURNING external_id;
UPDATE interactions_v1.users SET external_id = 'o' WHERE external_id = 't:2' RETURNING external_id;
DELETE FROM interactions_v1.users WHERE external_id = 'o' RETURNING external_id;
INSERT INTO interactions_v1.users (external_id) VALUES ('o');
SELECT interactions_v1.delete_views(from_timestamp => '0');
RESET ROLE;
SELECT user_id, item_id, count(*) FROM interactions.views GROUP BY 1, 2 ORDER BY 1, 2;
SELECT user_id FROM interactions.users ORDER BY 1;

DROP POLICY app ON interactions.views;
DROP POLICY app ON interactions.users;
DROP POLICY tenant ON interactions.views;
DROP POLICY tenant ON interactions.users;
ALTER TABLE interactions.views DISABLE ROW LEVEL SECURITY;
ALTER TABLE interactions.users DISABLE ROW LEVEL SECURITY;
TRUNCATE interactions.views, interactions.users;
DROP OWNED BY regress_interactions_app, regress_interactions_reader, regress_interactions_tenant, regress_interactions_none;
DROP ROLE regress_interactions_app, regress_interactions_reader, regress_interactions_tenant, regress_interactions_none;
