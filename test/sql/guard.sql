-- The extension is not dropped while its tables hold rows, by name or along with something else, unless that is asked for.
SET interactions.allow_drop = on;
CREATE SCHEMA home;
DROP EXTENSION interactions;
CREATE EXTENSION interactions SCHEMA home;
RESET interactions.allow_drop;
INSERT INTO interactions.views (user_id, item_id) VALUES ('u', 'i');
DROP EXTENSION interactions;
DROP EXTENSION IF EXISTS nosuch, interactions CASCADE;
DROP SCHEMA home;
DROP SCHEMA home CASCADE;
SELECT extowner::regrole AS owner FROM pg_extension WHERE extname = 'interactions' \gset
\set VERBOSITY terse
DROP OWNED BY :"owner";
\set VERBOSITY default
-- a registered user counts, too
DELETE FROM interactions.views;
INSERT INTO interactions.users (user_id) VALUES ('u');
DROP EXTENSION interactions;
SELECT count(*) FROM interactions.users;
-- what has nothing to do with the extension is not hindered
CREATE SCHEMA other;
CREATE TABLE other.rows (i integer);
CREATE ROLE regress_interactions_owner;
DROP SCHEMA other CASCADE;
DROP OWNED BY regress_interactions_owner;
DROP ROLE regress_interactions_owner;
DROP EXTENSION IF EXISTS nosuch;
CREATE EVENT TRIGGER regress_guard_all ON ddl_command_start EXECUTE FUNCTION interactions.guard_rows();
CREATE TABLE other ();
DROP TABLE other;
DROP EVENT TRIGGER regress_guard_all;
-- and the function is an event trigger's
SELECT interactions.guard_rows();
-- on purpose
SET interactions.allow_drop = on;
DROP SCHEMA home CASCADE;
SELECT count(*) FROM pg_extension WHERE extname = 'interactions';
RESET interactions.allow_drop;
-- and without rows
CREATE EXTENSION interactions;
DROP EXTENSION interactions;
CREATE EXTENSION interactions;
