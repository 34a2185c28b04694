-- What refers to a user follows him into a merge, by whatever key, and by none goes what a policy hides
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_interactions_clerk, regress_interactions_shop;
CREATE ROLE regress_interactions_clerk;
CREATE ROLE regress_interactions_shop;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO regress_interactions_clerk, regress_interactions_shop;
GRANT ALL ON ALL TABLES IN SCHEMA interactions, interactions_v1 TO regress_interactions_clerk;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO regress_interactions_clerk;
GRANT SELECT, REFERENCES ON interactions.users TO regress_interactions_shop;
ALTER TABLE interactions.users ADD account integer UNIQUE, ADD parent text COLLATE "C" REFERENCES interactions.users ON DELETE CASCADE;
INSERT INTO interactions.users (user_id, name, account, parent) VALUES ('g', 'Gina', 1, NULL), ('t', 'Tom', 2, 'g'), ('z', 'Zoe', 3, 'g'), ('n', 'Nan', NULL, NULL);
-- somebody's tables, to which the caller has no right, by keys of every action
CREATE TABLE orders (user_id text COLLATE "C" REFERENCES interactions.users ON UPDATE CASCADE ON DELETE CASCADE, n integer);
CREATE TABLE invoices (account integer REFERENCES interactions.users (account) ON DELETE SET NULL, n integer);
CREATE TABLE letters (user_id text COLLATE "C" DEFAULT 'n' REFERENCES interactions.users ON DELETE SET DEFAULT, n integer);
CREATE TABLE debts (user_id text COLLATE "C" REFERENCES interactions.users, n integer);
ALTER TABLE orders OWNER TO regress_interactions_shop;
INSERT INTO orders VALUES ('g', 1), ('z', 2);
INSERT INTO invoices VALUES (1, 1);
INSERT INTO letters VALUES ('g', 1);
INSERT INTO debts VALUES ('g', 1);
ALTER TABLE interactions.views ADD invited_by text COLLATE "C" REFERENCES interactions.users ON DELETE CASCADE;
INSERT INTO interactions.views (user_id, item_id, "timestamp", invited_by) VALUES ('g', 'a', to_timestamp(1), NULL), ('z', 'b', to_timestamp(2), 'g');
CREATE VIEW state AS
	SELECT 'users' AS tab, concat_ws(' ', user_id, parent) AS row FROM interactions.users UNION ALL
	SELECT 'views', concat_ws(' ', user_id, invited_by) FROM interactions.views UNION ALL
	SELECT 'orders', user_id || ' ' || n FROM orders UNION ALL SELECT 'invoices', account || ' ' || n FROM invoices UNION ALL
	SELECT 'letters', user_id || ' ' || n FROM letters UNION ALL SELECT 'debts', user_id || ' ' || n FROM debts ORDER BY 1, 2;
BEGIN;
SET LOCAL ROLE regress_interactions_clerk;
SELECT interactions_v1.transfer_interactions('g', 't')::jsonb - 'from_user_id' - 'to_user_id';
RESET ROLE;
TABLE state;
ROLLBACK;
BEGIN;
UPDATE interactions_v1.users SET external_id = 't' WHERE external_id = 'g' RETURNING external_id, name;
SELECT count(*) FROM state;
ROLLBACK;
-- where there is nothing to refer to, or a trigger keeps a row, nothing has changed
SELECT interactions_v1.transfer_interactions('g', 'n');
\echo :LAST_ERROR_SQLSTATE
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION keep();
SELECT interactions_v1.transfer_interactions('g', 't');
DROP FUNCTION keep CASCADE;
SELECT count(*) FROM state;
-- an erasure does as the keys say
DELETE FROM debts;
SELECT interactions.erase_user('g')::jsonb -> 'user_deleted';
TABLE state;
-- what a policy hides of the interactions themselves
DROP VIEW state;
TRUNCATE interactions.users, interactions.views, orders, invoices, letters, debts;
ALTER TABLE interactions.views DROP invited_by, ADD tenant text DEFAULT 'other', ADD CONSTRAINT registered FOREIGN KEY (user_id) REFERENCES interactions.users ON DELETE CASCADE ON UPDATE CASCADE;
INSERT INTO interactions.users (user_id, name) VALUES ('g', 'G'), ('t', 'T');
INSERT INTO interactions.views (user_id, item_id, tenant) VALUES ('g', 'mine', 'regress_interactions_clerk'), ('g', 'hidden', 'other');
ALTER TABLE interactions.views ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON interactions.views USING (tenant = current_user);
ALTER TABLE interactions.views FORCE ROW LEVEL SECURITY;
SET ROLE regress_interactions_clerk;
SELECT interactions_v1.transfer_interactions('g', 't');
SELECT interactions_v1.transfer_interactions('g', 'new');
SELECT interactions.erase_user('g');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT user_id, item_id FROM interactions.views ORDER BY item_id;
DROP POLICY own ON interactions.views;
ALTER TABLE interactions.views DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
-- also by another column, for the owner himself, who forces his policies on himself, and for a registration
BEGIN;
ALTER TABLE interactions.views DROP CONSTRAINT registered, ADD invited_by text COLLATE "C" REFERENCES interactions.users ON DELETE CASCADE;
UPDATE interactions.views SET invited_by = 'g', user_id = 't' WHERE item_id = 'hidden';
CREATE POLICY own ON interactions.views USING (item_id <> 'hidden');
ALTER TABLE interactions.views ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE interactions.views OWNER TO regress_interactions_clerk;
ALTER TABLE interactions.users OWNER TO regress_interactions_clerk;
SET LOCAL ROLE regress_interactions_clerk;
SAVEPOINT one;
SELECT interactions.erase_user('g');
ROLLBACK TO one;
SELECT interactions_v1.transfer_interactions('g', 't') ->> 'user_deleted';
ALTER TABLE interactions.views NO FORCE ROW LEVEL SECURITY;
SELECT user_id, item_id, invited_by FROM interactions.views ORDER BY item_id;
ROLLBACK;
-- by a key of other types and another collation, of a table that others inherit, or that nothing is in
BEGIN;
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
ALTER TABLE interactions.users ADD email text COLLATE ci UNIQUE;
UPDATE interactions.users SET email = user_id || '@X';
-- from 18 on a key has to have the very collation of what it refers to if that is not deterministic
SELECT CASE WHEN current_setting('server_version_num')::integer >= 180000 THEN 'COLLATE ci' ELSE '' END AS collation \gset
CREATE TABLE mails (email varchar :collation REFERENCES interactions.users (email) ON DELETE CASCADE);
CREATE TABLE old_mails () INHERITS (mails);
CREATE TABLE texts (body text, user_id text COLLATE "C" GENERATED ALWAYS AS (lower(body)) STORED REFERENCES interactions.users ON DELETE CASCADE);
CREATE TABLE labels (user_id text COLLATE "en-x-icu" REFERENCES interactions.users ON DELETE CASCADE);
INSERT INTO labels VALUES ('g');
INSERT INTO mails VALUES ('g@x'), ('G@X');
INSERT INTO old_mails VALUES ('g@X');
SELECT interactions_v1.transfer_interactions('g', 't') ->> 'user_deleted';
SELECT tableoid::regclass, email FROM mails ORDER BY 1, 2;
TABLE labels;
ROLLBACK;
-- of a child of a table, and of a table that is a partition of somebody's: its rows count
ALTER TABLE interactions.views DROP CONSTRAINT registered;
BEGIN;
DROP TABLE interactions.views CASCADE;
SELECT interactions.create_tables();
CREATE TABLE kid () INHERITS (interactions.views);
ALTER TABLE kid ADD FOREIGN KEY (user_id) REFERENCES interactions.users ON DELETE CASCADE;
INSERT INTO kid (user_id, item_id, "timestamp", fingerprint) VALUES ('g', 'kid', '2024-01-01', 1), ('g', 'both', '2024-01-01', 1), ('t', 'both', '2024-01-01', 1);
SAVEPOINT one;
SELECT interactions_v1.transfer_interactions('g', 't')::jsonb #> '{transferred,views}' AS transferred;
SELECT user_id, item_id FROM kid ORDER BY 1, 2;
ROLLBACK TO one;
CREATE POLICY own ON interactions.views USING (item_id <> 'kid');
ALTER TABLE interactions.views ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT, DELETE ON interactions.views TO regress_interactions_clerk;
SAVEPOINT two;
SET LOCAL ROLE regress_interactions_clerk;
SELECT interactions.erase_user('g');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO two;
-- also by a column that the child alone has
ALTER TABLE kid DROP CONSTRAINT kid_user_id_fkey, ADD friend text COLLATE "C" REFERENCES interactions.users ON DELETE CASCADE;
UPDATE kid SET friend = 'g', user_id = 't' WHERE item_id = 'kid';
SET LOCAL ROLE regress_interactions_clerk;
SELECT interactions.erase_user('g');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
DROP TABLE interactions.views CASCADE;
SELECT interactions.create_tables();
CREATE TABLE all_views (LIKE interactions.views) PARTITION BY RANGE ("timestamp");
ALTER TABLE all_views ADD PRIMARY KEY (user_id, "timestamp", item_id, fingerprint);
ALTER TABLE all_views ATTACH PARTITION interactions.views DEFAULT;
ALTER TABLE interactions.views ADD FOREIGN KEY (user_id) REFERENCES interactions.users ON DELETE CASCADE;
INSERT INTO interactions.views (user_id, item_id, "timestamp") VALUES ('g', 'both', '2024-01-01'), ('t', 'both', '2024-01-01');
SELECT interactions_v1.transfer_interactions('g', 't')::jsonb - 'transferred' AS moved;
ROLLBACK;
-- of partitions of ours, all of which are seen
BEGIN;
DROP TABLE interactions.views CASCADE;
SELECT interactions.create_tables(partitioned => true);
CREATE TABLE late PARTITION OF interactions.views FOR VALUES FROM ('2025-01-01') TO (MAXVALUE);
ALTER TABLE interactions.views ADD FOREIGN KEY (user_id) REFERENCES interactions.users ON DELETE CASCADE;
INSERT INTO interactions.views (user_id, item_id, "timestamp") VALUES ('g', 'a', '2024-01-01'), ('g', 'b', '2026-01-01');
CREATE POLICY own ON interactions.views USING (item_id <> 'hidden');
ALTER TABLE interactions.views ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE, DELETE ON interactions.views TO regress_interactions_clerk;
SET LOCAL ROLE regress_interactions_clerk;
SAVEPOINT one;
SELECT interactions.erase_user('g')::jsonb #> '{erased,views}' AS erased;
ROLLBACK TO one;
SELECT interactions_v1.transfer_interactions('g', 't')::jsonb #> '{transferred,views}' AS transferred;
ROLLBACK;
-- from one of ours to another, of which a policy hides a row that the key would take along
BEGIN;
ALTER TABLE interactions.purchases ADD seen_at timestamptz, ADD seen text COLLATE "C", ADD seen_as bigint,
	ADD FOREIGN KEY (user_id, seen_at, seen, seen_as) REFERENCES interactions.views ON UPDATE CASCADE ON DELETE CASCADE;
INSERT INTO interactions.views (user_id, item_id) VALUES ('k', 'seen');
INSERT INTO interactions.purchases (user_id, item_id, seen_at, seen, seen_as) SELECT user_id, unnest('{shown,hidden}'::text[]), "timestamp", item_id, fingerprint FROM interactions.views WHERE user_id = 'k';
CREATE POLICY own ON interactions.purchases USING (item_id <> 'hidden');
ALTER TABLE interactions.purchases ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE, DELETE ON interactions.purchases, interactions.views TO regress_interactions_clerk;
SET LOCAL ROLE regress_interactions_clerk;
SAVEPOINT one;
SELECT interactions_v1.transfer_interactions('k', 't');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO one;
SELECT interactions.erase_user('k');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO one;
-- nor one of another user
RESET ROLE;
ALTER TABLE interactions.purchases NO FORCE ROW LEVEL SECURITY, DROP CONSTRAINT purchases_user_id_seen_at_seen_seen_as_fkey, ADD of_user text COLLATE "C";
UPDATE interactions.purchases SET of_user = user_id, user_id = 'z' WHERE item_id = 'hidden';
ALTER TABLE interactions.purchases FORCE ROW LEVEL SECURITY, ADD FOREIGN KEY (of_user, seen_at, seen, seen_as) REFERENCES interactions.views ON DELETE CASCADE;
SET LOCAL ROLE regress_interactions_clerk;
SELECT interactions.erase_user('k');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO one;
-- a key that takes nothing along hinders nothing, nor does one by which nothing refers
RESET ROLE;
ALTER TABLE interactions.purchases DROP CONSTRAINT purchases_user_id_seen_at_seen_seen_as_fkey, ADD FOREIGN KEY (recommendation_id) REFERENCES interactions.recommendations ON DELETE CASCADE,
	ADD FOREIGN KEY (recommendation_id) REFERENCES interactions.recommendations ON UPDATE CASCADE;
GRANT SELECT, UPDATE, DELETE ON interactions.recommendations TO regress_interactions_clerk;
INSERT INTO interactions.recommendations (recommendation_id, user_id) VALUES ('r', 'k');
SET LOCAL ROLE regress_interactions_clerk;
SELECT interactions.erase_user('k')::jsonb #> '{erased,purchases}' AS erased;
ROLLBACK TO one;
RESET ROLE;
ALTER TABLE interactions.purchases NO FORCE ROW LEVEL SECURITY, DROP CONSTRAINT purchases_user_id_seen_at_seen_seen_as_fkey, ADD seen_id bigint;
ALTER TABLE interactions.views ADD id bigint, ADD UNIQUE (id, "timestamp");
UPDATE interactions.views SET id = 1 WHERE user_id = 'k';
ALTER TABLE interactions.purchases ADD FOREIGN KEY (recommendation_id) REFERENCES interactions.recommendations ON DELETE CASCADE ON UPDATE CASCADE,
	ADD FOREIGN KEY (seen_id, seen_at) REFERENCES interactions.views (id, "timestamp") ON DELETE CASCADE;
GRANT SELECT, UPDATE, DELETE ON interactions.recommendations TO regress_interactions_clerk;
INSERT INTO interactions.recommendations (recommendation_id, user_id) VALUES ('r', 'k');
UPDATE interactions.purchases SET recommendation_id = 'r', seen_id = 1;
ALTER TABLE interactions.purchases FORCE ROW LEVEL SECURITY;
SAVEPOINT two;
SET LOCAL ROLE regress_interactions_clerk;
SELECT interactions_v1.transfer_interactions('k', 't')::jsonb #> '{transferred,purchases}' AS transferred;
ROLLBACK TO two;
-- it would, of a duplicate
INSERT INTO interactions.views (user_id, item_id, "timestamp") SELECT 't', item_id, "timestamp" FROM interactions.views WHERE user_id = 'k';
SET LOCAL ROLE regress_interactions_clerk;
SELECT interactions_v1.transfer_interactions('k', 't');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO one;
-- none is hidden of this one
RESET ROLE;
ALTER TABLE interactions.purchases NO FORCE ROW LEVEL SECURITY;
DELETE FROM interactions.purchases WHERE item_id = 'hidden';
ALTER TABLE interactions.purchases FORCE ROW LEVEL SECURITY;
SET LOCAL ROLE regress_interactions_clerk;
SELECT interactions_v1.transfer_interactions('k', 't')::jsonb #> '{transferred,purchases}' AS transferred;
ROLLBACK;
-- to a child of the users, or to a partition of them
BEGIN;
CREATE TABLE guests (PRIMARY KEY (user_id)) INHERITS (interactions.users);
CREATE TABLE visits (user_id text REFERENCES guests ON DELETE CASCADE);
INSERT INTO guests VALUES ('v'), ('w');
INSERT INTO visits VALUES ('v');
SAVEPOINT one;
SELECT interactions_v1.transfer_interactions('v', 't');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO one;
SELECT interactions_v1.transfer_interactions('v', 'w') ->> 'user_deleted';
TABLE visits;
ROLLBACK;
BEGIN;
-- and where the users are a partition of somebody's
CREATE TABLE all_users (LIKE interactions.users) PARTITION BY LIST (user_id);
ALTER TABLE all_users ADD PRIMARY KEY (user_id);
ALTER TABLE all_users ATTACH PARTITION interactions.users DEFAULT;
CREATE TABLE visits (user_id text REFERENCES all_users ON DELETE CASCADE);
INSERT INTO interactions.users VALUES ('v'), ('w');
INSERT INTO visits VALUES ('v');
SELECT interactions_v1.transfer_interactions('v', 'w') ->> 'user_deleted';
TABLE visits;
ROLLBACK;
BEGIN;
DROP TABLE interactions.users CASCADE;
CREATE TABLE interactions.users (user_id text COLLATE "C" PRIMARY KEY, name text, created_at timestamptz NOT NULL DEFAULT now()) PARTITION BY LIST (user_id);
CREATE TABLE vips PARTITION OF interactions.users FOR VALUES IN ('v', 'w');
CREATE TABLE others PARTITION OF interactions.users DEFAULT;
SELECT interactions.create_tables();
CREATE TABLE visits (user_id text REFERENCES vips ON DELETE CASCADE);
CREATE TABLE notes (user_id text REFERENCES interactions.users ON DELETE SET NULL);
INSERT INTO interactions.users VALUES ('v'), ('w'), ('t');
INSERT INTO visits VALUES ('v');
INSERT INTO notes VALUES ('v');
SAVEPOINT one;
SELECT interactions_v1.transfer_interactions('v', 't');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO one;
SELECT interactions_v1.transfer_interactions('t', 'w') ->> 'user_deleted';
SELECT interactions_v1.transfer_interactions('v', 'w') ->> 'user_deleted';
SELECT visits.user_id, notes.user_id FROM visits, notes;
ROLLBACK;
-- the target is there in the end
BEGIN;
CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM interactions.users WHERE user_id = 't'; RETURN NULL; END $$;
CREATE TRIGGER leave AFTER DELETE ON interactions.users FOR EACH ROW WHEN (OLD.user_id = 'g') EXECUTE FUNCTION leave();
SELECT interactions_v1.transfer_interactions('g', 't');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
-- what is not seen is not registered anew
ALTER TABLE interactions.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON interactions.users USING (user_id <> 'g') WITH CHECK (true);
SET ROLE regress_interactions_clerk;
INSERT INTO interactions_v1.users VALUES ('g', 'mine') RETURNING *;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
DROP POLICY own ON interactions.users;
ALTER TABLE interactions.users DISABLE ROW LEVEL SECURITY;
ALTER TABLE interactions.views DROP tenant;
DROP TABLE orders, invoices, letters, debts;
TRUNCATE interactions.users, interactions.views;
ALTER TABLE interactions.users DROP account, DROP parent;
DROP OWNED BY regress_interactions_clerk, regress_interactions_shop;
DROP ROLE regress_interactions_clerk, regress_interactions_shop;
-- from 18 on a key may refer to a period of a registration: what refers keeps its own
DO $$
BEGIN
	IF current_setting('server_version_num')::integer >= 180000 THEN
		CREATE EXTENSION btree_gist;
		ALTER TABLE interactions.users ADD valid tstzrange DEFAULT '[2000-01-01,)';
		EXECUTE 'ALTER TABLE interactions.users ADD CONSTRAINT once UNIQUE (user_id, valid WITHOUT OVERLAPS)';
		EXECUTE 'CREATE TABLE addresses (user_id text COLLATE "C", lived tstzrange, FOREIGN KEY (user_id, PERIOD lived) REFERENCES interactions.users (user_id, PERIOD valid))';
	ELSE
		CREATE TABLE addresses (user_id text COLLATE "C" REFERENCES interactions.users, lived tstzrange);
	END IF;
END
$$;
INSERT INTO interactions_v1.users (external_id) VALUES ('p'), ('q');
INSERT INTO addresses VALUES ('p', '[2020-01-01,2021-01-01)'), ('p', '[2021-01-01,2022-01-01)');
SELECT interactions_v1.transfer_interactions('p', 'q') -> 'user_deleted';
SELECT user_id, extract(year FROM lower(lived)) FROM addresses ORDER BY 2;
SET client_min_messages = warning;
DROP TABLE addresses;
ALTER TABLE interactions.users DROP CONSTRAINT IF EXISTS once, DROP COLUMN IF EXISTS valid;
DROP EXTENSION IF EXISTS btree_gist;
TRUNCATE interactions.users;
