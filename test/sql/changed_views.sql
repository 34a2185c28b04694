-- Views, types and columns that somebody has changed are worked with, or refused as a mistake of the user's: never a crash or an internal error
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\pset null -
SELECT interactions_v1.create_views('[{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "duration": 5}, {"user_id": "u", "item_id": "b", "timestamp": 1000000000002}]');
-- a column more in a view
BEGIN;
CREATE OR REPLACE VIEW interactions_v1.views WITH (security_invoker = true) AS
	SELECT user_id, item_id, interactions.timestamp_to_ms("timestamp") AS "timestamp", recommendation_id, duration, 'x'::text AS note FROM interactions.views;
SELECT * FROM interactions_v1.list_user_views('u');
SELECT * FROM interactions_v1.list_item_views('a');
SELECT * FROM interactions_v1.create_view('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "duration": 5}');
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('u', 'c', 1000000000003) RETURNING *;
COPY interactions_v1.views FROM STDIN;
u	d	1000000000004	\N	\N	ignored
\.
SELECT * FROM interactions_v1.views ORDER BY "timestamp";
SET client_min_messages = warning;
SELECT interactions.create_tables() \g /dev/null
RESET client_min_messages;
ROLLBACK;
-- a view of another shape, or none
BEGIN;
DROP VIEW interactions_v1.views;
SELECT * FROM interactions_v1.list_user_views('u');
CREATE VIEW interactions_v1.views AS SELECT 1 AS one;
SELECT * FROM interactions_v1.create_view('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "duration": 5}');
ROLLBACK;

-- the composite type
CREATE FUNCTION tried(change text, call text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE change;
	RETURN QUERY EXECUTE call;
	RAISE 'accepted'; -- and taken back
EXCEPTION WHEN OTHERS THEN
	RETURN NEXT SQLSTATE || ' ' || SQLERRM;
END
$$;
SET client_min_messages = warning;
SELECT change, tried(change, call) FROM (VALUES
	('ALTER TYPE interactions_v1.view ADD ATTRIBUTE note text'), ('ALTER TYPE interactions_v1.view DROP ATTRIBUTE duration'),
	('ALTER TYPE interactions_v1.view ALTER ATTRIBUTE duration TYPE text'), ('ALTER TYPE interactions_v1.view DROP ATTRIBUTE duration, ADD ATTRIBUTE duration bigint')) AS c (change),
	(VALUES ($$SELECT v::text FROM interactions_v1.list_user_views('u') AS v$$), ($$SELECT v::text FROM interactions_v1.create_view('{"user_id": "u", "item_id": "c"}') AS v$$)) AS s (call)
ORDER BY change, call;
-- columns of a table: dropped, renamed, of another type
SELECT change, tried(change, call) FROM (VALUES
	('DROP VIEW interactions_v1.views; ALTER TABLE interactions.views DROP duration'), ('ALTER TABLE interactions.views RENAME duration TO length'),
	('DROP VIEW interactions_v1.views; ALTER TABLE interactions.views ALTER duration TYPE float8'),
	('DROP VIEW interactions_v1.views, interactions_v1.users; ALTER TABLE interactions.views ALTER user_id TYPE varchar(600) COLLATE "C"'),
	('DROP VIEW interactions_v1.views; ALTER TABLE interactions.views ALTER "timestamp" DROP DEFAULT, ALTER "timestamp" TYPE bigint USING 5; ALTER TABLE interactions.views DISABLE TRIGGER USER')) AS c (change),
	(VALUES ($$SELECT v::text FROM interactions_v1.list_user_views('u') AS v$$), ($$SELECT v::text FROM interactions_v1.create_view('{"user_id": "u", "item_id": "c"}') AS v$$),
		($$SELECT interactions_v1.create_views('[{"user_id": "u", "item_id": "c"}, {"user_id": "u", "item_id": "d"}]')::text$$)) AS s (call)
ORDER BY change, call;
-- of the users: in another order, with others in between
SELECT change, tried(change, call) FROM (VALUES
	('DROP VIEW interactions_v1.users; CREATE TABLE moved (note text, created_at timestamptz NOT NULL DEFAULT now(), user_id text COLLATE "C" PRIMARY KEY, name text); ALTER TABLE interactions.users RENAME TO old; ALTER TABLE moved SET SCHEMA interactions; ALTER TABLE interactions.moved RENAME TO users; SELECT interactions.create_tables()'),
	('DROP VIEW interactions_v1.users; ALTER TABLE interactions.users ALTER name TYPE int USING 5; CREATE VIEW interactions_v1.users AS SELECT user_id AS external_id, name, 1::bigint AS created_at FROM interactions.users; CREATE TRIGGER edit_user INSTEAD OF INSERT ON interactions_v1.users FOR EACH ROW EXECUTE FUNCTION interactions.edit_user()'),
	('DROP TRIGGER before_edit_user ON interactions_v1.users; INSERT INTO interactions.users VALUES (''x'', ''X'')')) AS c (change),
	(VALUES ($$INSERT INTO interactions_v1.users (external_id, created_at) VALUES ('new', 5) RETURNING external_id || ' ' || created_at$$), ($$UPDATE interactions_v1.users SET name = NULL WHERE external_id = 'x' RETURNING external_id$$)) AS s (call)
ORDER BY change, call;
RESET client_min_messages;
DROP FUNCTION tried;
-- functions of somebody else's that borrow ours
CREATE FUNCTION list_user_views(text, int DEFAULT NULL, text DEFAULT NULL, text DEFAULT NULL, text DEFAULT NULL) RETURNS SETOF int AS '$libdir/interactions', 'list_user_interactions' LANGUAGE C;
SELECT list_user_views('u');
\echo :LAST_ERROR_SQLSTATE
CREATE FUNCTION create_view(json) RETURNS record AS '$libdir/interactions', 'create_interaction' LANGUAGE C;
SELECT create_view('{"user_id": "u", "item_id": "c"}');
SELECT * FROM create_view('{"user_id": "u", "item_id": "c"}') AS v (a text, b text);
DROP FUNCTION list_user_views, create_view;
TRUNCATE interactions.views;
-- nor are columns of the users taken for what they are not
BEGIN;
INSERT INTO interactions.users VALUES ('cu', 'x');
DROP VIEW interactions_v1.users;
CREATE VIEW interactions_v1.users AS SELECT user_id AS external_id, length(user_id) AS name, 0::bigint AS created_at FROM interactions.users;
SELECT interactions.update_user('cu', '{"external_id": "cv"}');
ROLLBACK;
