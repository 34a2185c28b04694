-- A row that a trigger refuses is shown, so that it is found among others: as core shows it, and what the role may read of it
\set SHOW_CONTEXT never
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_interactions_writer;
RESET client_min_messages;
CREATE ROLE regress_interactions_writer;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO regress_interactions_writer;
INSERT INTO interactions_v1.ratings (user_id, item_id, "timestamp", value) VALUES ('u', 'a', 1700000000000, 5), ('u', 'b', 1700000000000, 6), ('u', 'c', 1700000000000, 5);
INSERT INTO interactions.ratings (user_id, item_id, "timestamp", value) SELECT 'u', 'i' || n, '2023-11-14 22:13:20+00', n FROM generate_series(1, 9) AS n;
INSERT INTO interactions.ratings (user_id, item_id, "timestamp", value) VALUES ('u', 'a', '2023-11-14 22:13:20+00', 5);
UPDATE interactions.ratings SET value = 7, recommendation_id = '';
-- no longer than core shows a value, and never half a character
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('x' || repeat('é', 256), repeat('y', 64), 1700000000000000);
-- columns of one's own, and none that are gone
ALTER TABLE interactions.ratings ADD gone text DEFAULT 'gone', ADD note text;
ALTER TABLE interactions.ratings DROP gone;
INSERT INTO interactions.ratings (user_id, item_id, "timestamp", note) VALUES ('u', 'b', '2023-11-14 22:13:20+00', 'mine'), ('u', 'c', '2023-11-14 22:13:20+00', '');
-- some columns, none, and where policies hide rows
GRANT INSERT, SELECT (user_id, value) ON interactions.ratings TO regress_interactions_writer;
SET ROLE regress_interactions_writer;
INSERT INTO interactions.ratings (user_id, item_id, value, note) VALUES ('u', 'secret', 6, 'secret');
RESET ROLE;
REVOKE SELECT (user_id, value) ON interactions.ratings FROM regress_interactions_writer;
SET ROLE regress_interactions_writer;
INSERT INTO interactions.ratings (user_id, item_id, value, note) VALUES ('u', 'secret', 6, 'secret');
RESET ROLE;
GRANT SELECT ON interactions.ratings TO regress_interactions_writer;
ALTER TABLE interactions.ratings ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON interactions.ratings USING (true);
SET ROLE regress_interactions_writer;
INSERT INTO interactions.ratings (user_id, item_id, value, note) VALUES ('u', 'secret', 6, 'secret');
RESET ROLE;
DROP POLICY own ON interactions.ratings;
ALTER TABLE interactions.ratings DISABLE ROW LEVEL SECURITY, DROP note;
-- a row of a partition is shown by what the role may read of the whole table
BEGIN;
SET LOCAL client_min_messages = warning;
DROP TABLE interactions.views CASCADE;
SELECT interactions.create_tables(partitioned => true) \g /dev/null
GRANT INSERT, SELECT (user_id, duration) ON interactions.views TO regress_interactions_writer;
SET LOCAL ROLE regress_interactions_writer;
INSERT INTO interactions.views (user_id, item_id, duration) VALUES ('u', 'secret', -1);
ROLLBACK;
-- users, too
INSERT INTO interactions_v1.users (external_id, name) VALUES ('u', 'Ute'), ('', 'Nobody');
INSERT INTO interactions_v1.users (external_id, created_at) VALUES ('u', -1);
INSERT INTO interactions.users (user_id, name, created_at) VALUES ('u', 'Ute', '2023-11-14 22:13:20+00'), (NULL, 'Nobody', '2023-11-14 22:13:20+00');
INSERT INTO interactions.users (user_id, created_at) VALUES ('u', 'infinity');
INSERT INTO interactions_v1.users VALUES ('u', 'Ute', 1700000000000);
UPDATE interactions_v1.users SET external_id = '' WHERE external_id = 'u';
UPDATE interactions_v1.users SET created_at = NULL WHERE external_id = 'u';
-- core words it the same
ALTER TABLE interactions.users ADD CONSTRAINT named CHECK (name <> '');
UPDATE interactions.users SET name = '' WHERE user_id = 'u';
ALTER TABLE interactions.users DROP CONSTRAINT named;
UPDATE interactions.users SET user_id = repeat('u', 513) WHERE user_id = 'u';
TRUNCATE interactions.ratings, interactions.users;
DROP OWNED BY regress_interactions_writer;
DROP ROLE regress_interactions_writer;
