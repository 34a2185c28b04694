-- A registration stays the row that it is, with what refers to it, however a user is renamed, named, merged or made a target; and what is told of users is so
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\pset null -
-- children of a user follow him also where interactions refer to users, whatever must be unique or not null
BEGIN;
ALTER TABLE interactions.users ADD email text UNIQUE, ADD country text NOT NULL DEFAULT 'de';
ALTER TABLE interactions.users ALTER country DROP DEFAULT;
ALTER TABLE interactions.purchases ADD FOREIGN KEY (user_id) REFERENCES interactions.users;
CREATE TABLE addresses (user_id text COLLATE "C" REFERENCES interactions.users ON UPDATE CASCADE ON DELETE CASCADE, street text);
INSERT INTO interactions.users VALUES ('g', 'Gina', to_timestamp(1), 'g@x', 'fr');
INSERT INTO addresses VALUES ('g', 'Main');
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp") VALUES ('g', 'a', 1000000000001), ('g', 'b', 1000000000002);
UPDATE interactions_v1.users SET external_id = 'h' WHERE external_id = 'g' RETURNING *;
TABLE addresses;
SELECT user_id, name, email, country FROM interactions.users;
SELECT interactions_v1.transfer_interactions('h', 'i') -> 'transferred' -> 'purchases';
TABLE addresses;
SELECT user_id, item_id FROM interactions.purchases ORDER BY 2;
ROLLBACK;
-- there need not be two meanwhile; where a trigger keeps one, nothing has changed
BEGIN;
ALTER TABLE interactions.users ADD email text NOT NULL UNIQUE;
ALTER TABLE interactions.purchases ADD FOREIGN KEY (user_id) REFERENCES interactions.users;
INSERT INTO interactions.users VALUES ('g', 'Gina', to_timestamp(1), 'g@x');
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp") VALUES ('g', 'a', 1000000000001);
SAVEPOINT before;
SELECT interactions_v1.transfer_interactions('g', 'h');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO before;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE UPDATE ON interactions.users FOR EACH ROW EXECUTE FUNCTION keep();
\set VERBOSITY sqlstate
SELECT interactions_v1.transfer_interactions('g', 'h');
\set VERBOSITY terse
ROLLBACK;
-- a registered user is updated, whatever it would take to insert him
BEGIN;
ALTER TABLE interactions.users ADD email text NOT NULL;
INSERT INTO interactions.users (user_id, name, email) VALUES ('e', NULL, 'e@x'), ('g', 'G', 'g@x');
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('guest', 'a', 1000000000001), ('g', 'a', 1000000000001);
SELECT interactions_v1.transfer_interactions('guest', 'e') -> 'duplicates';
SELECT interactions_v1.transfer_interactions('g', 'e', false) -> 'duplicates';
UPDATE interactions_v1.users SET name = name || '!' RETURNING external_id, name;
INSERT INTO interactions_v1.users (external_id, created_at) VALUES ('e', 2000) RETURNING *;
SELECT user_id, name, email FROM interactions.users ORDER BY 1;
ROLLBACK;
-- a rename whose other half a trigger skips is none
INSERT INTO interactions.users VALUES ('1', 'One', to_timestamp(1)), ('2', 'Two', to_timestamp(2));
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.name = 'bad' THEN NULL ELSE NEW END; END $$;
CREATE TRIGGER skip BEFORE INSERT OR UPDATE ON interactions.users FOR EACH ROW EXECUTE FUNCTION skip();
UPDATE interactions_v1.users SET external_id = '11', name = 'bad' WHERE external_id = '1' RETURNING *;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO interactions_v1.users (external_id, name) VALUES ('new', 'bad') RETURNING *;
UPDATE interactions_v1.users SET name = 'bad' WHERE external_id = '1' RETURNING *;
DROP TRIGGER skip ON interactions.users;
DROP FUNCTION skip;
-- of two UPDATEs in one statement the columns of one only are known
WITH a AS (UPDATE interactions_v1.users SET name = 'x' WHERE external_id = '1' RETURNING *)
UPDATE interactions_v1.users SET created_at = 5000 WHERE external_id = '2';
\echo :LAST_ERROR_SQLSTATE
WITH a AS (UPDATE interactions_v1.users SET name = 'x' WHERE external_id = '1' RETURNING *)
UPDATE interactions_v1.users SET created_at = 5000 FROM a WHERE users.external_id = '2';
SELECT user_id, name, interactions.timestamp_to_ms(created_at) FROM interactions.users ORDER BY 1;
-- create_tables() holds what is there to what it must be, in any words
SET quote_all_identifiers = on;
SET client_min_messages = warning;
SELECT interactions.create_tables();
RESET quote_all_identifiers;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE PROCEDURE try(change text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE change;
	PERFORM interactions.create_tables();
	RAISE WARNING '%: %', change, (SELECT count(*) FROM pg_index WHERE indrelid = 'interactions.views'::regclass);
	RAISE SQLSTATE 'XYZZY';
EXCEPTION
	WHEN SQLSTATE 'XYZZY' THEN NULL;
	WHEN OTHERS THEN RAISE WARNING '%: % %', change, SQLSTATE, SQLERRM;
END
$$;
CALL try('ALTER TABLE interactions.views DROP CONSTRAINT views_pkey, ADD PRIMARY KEY (user_id, "timestamp", item_id, fingerprint) DEFERRABLE');
CALL try('ALTER TABLE interactions.views ALTER fingerprint ADD GENERATED ALWAYS AS IDENTITY');
CALL try('DROP INDEX interactions.views_item_id_timestamp_idx; CREATE INDEX summary ON interactions.views USING brin (item_id, "timestamp")');
CALL try('DROP TRIGGER zz_check_interaction ON interactions.views; CREATE TRIGGER zz_check_interaction BEFORE INSERT ON interactions.views FOR EACH ROW EXECUTE FUNCTION nothing(''views'')');
DROP PROCEDURE try;
DROP FUNCTION nothing;
TRUNCATE interactions.users;
