-- Whatever ties the rows of a user to each other, keys of any kind or triggers, a transfer and an erasure lose none and count each once
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION fill() RETURNS void LANGUAGE sql AS $$
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('g', 'a', 1000000000001), ('g', 'b', 1000000000002), ('t', 'a', 1000000000001);
INSERT INTO interactions_v1.cart_additions (user_id, item_id, "timestamp") VALUES ('g', 'a', 1000000000001), ('g', 'b', 1000000000002), ('t', 'a', 1000000000001);
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp") VALUES ('g', 'b', 1000000000003);
$$;
CREATE VIEW stored AS
SELECT 'views' AS tab, user_id, item_id FROM interactions.views UNION ALL
SELECT 'cart_additions', user_id, item_id FROM interactions.cart_additions UNION ALL
SELECT 'purchases', user_id, item_id FROM interactions.purchases;
SELECT fill();
-- an addition to a cart refers to the view before it, or a purchase to the addition, by keys that do as they are told
ALTER TABLE interactions.views ADD UNIQUE (user_id, item_id, "timestamp");
ALTER TABLE interactions.cart_additions ADD UNIQUE (user_id, item_id, "timestamp");
CREATE PROCEDURE try(child text, parent text, actions text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE interactions.%I ADD FOREIGN KEY (user_id, item_id, "timestamp") REFERENCES interactions.%I (user_id, item_id, "timestamp") %s', child, parent, actions);
	RAISE WARNING '% to %: %', child, parent, concat_ws(' ', actions, interactions_v1.transfer_interactions('g', 't')::jsonb - 'from_user_id' - 'to_user_id');
	RAISE WARNING '%', (SELECT string_agg(tab || ' ' || user_id || ' ' || item_id, ', ' ORDER BY tab, user_id, item_id) FROM stored);
	RAISE WARNING '%', interactions.erase_user('t');
	RAISE SQLSTATE 'XYZZY';
EXCEPTION WHEN SQLSTATE 'XYZZY' THEN NULL;
END
$$;
CALL try('cart_additions', 'views', '');
CALL try('cart_additions', 'views', 'ON UPDATE RESTRICT ON DELETE RESTRICT');
CALL try('cart_additions', 'views', 'ON UPDATE CASCADE ON DELETE CASCADE');
CALL try('views', 'cart_additions', 'ON UPDATE CASCADE ON DELETE CASCADE');
CALL try('views', 'cart_additions', 'ON DELETE SET NULL');
DROP PROCEDURE try;
-- by way of a table of somebody's
CREATE TABLE visits (user_id text COLLATE "C", item_id text COLLATE "C", "timestamp" timestamptz, PRIMARY KEY (user_id, item_id, "timestamp"),
	FOREIGN KEY (user_id, item_id, "timestamp") REFERENCES interactions.cart_additions (user_id, item_id, "timestamp") ON UPDATE CASCADE ON DELETE CASCADE);
INSERT INTO visits SELECT user_id, item_id, "timestamp" FROM interactions.cart_additions WHERE user_id = 'g';
BEGIN;
DELETE FROM interactions.views WHERE user_id = 't';
ALTER TABLE interactions.views ADD FOREIGN KEY (user_id, item_id, "timestamp") REFERENCES visits ON UPDATE CASCADE ON DELETE CASCADE;
SELECT interactions_v1.transfer_interactions('g', 'u')::jsonb - 'from_user_id' - 'to_user_id';
SELECT * FROM stored ORDER BY tab, user_id, item_id;
SELECT interactions.erase_user('u');
SELECT * FROM stored;
ROLLBACK;
DROP TABLE visits;
-- by a trigger: one that runs afterwards finds nothing left, one that comes between is refused
CREATE FUNCTION empty_cart() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN DELETE FROM interactions.cart_additions WHERE user_id = OLD.user_id AND item_id = OLD.item_id; RETURN OLD; END $$;
-- also where it is one of a partition alone
BEGIN;
DO $$ BEGIN EXECUTE format('CREATE TRIGGER empty_cart AFTER DELETE ON %s FOR EACH ROW EXECUTE FUNCTION empty_cart()', (SELECT tableoid::regclass FROM interactions.purchases)); END $$;
SELECT interactions.erase_user('g') -> 'erased';
ROLLBACK;
CREATE TRIGGER empty_cart BEFORE DELETE ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION empty_cart();
SELECT interactions.erase_user('g') -> 'erased';
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM stored;
DROP TRIGGER empty_cart ON interactions.purchases;
-- a name like those of ours makes it none of ours, nor does their schema
ALTER FUNCTION empty_cart SET SCHEMA interactions;
CREATE TRIGGER zz_check_cart AFTER DELETE ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION interactions.empty_cart();
BEGIN;
SELECT interactions.erase_user('g') -> 'erased';
ROLLBACK;
DROP FUNCTION interactions.empty_cart CASCADE;
-- what a trigger stores for the user meanwhile goes along; where it does so again and again, nothing does
CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('INSERT INTO interactions.%I (user_id, item_id) VALUES ($1, $2)', TG_ARGV[0]) USING OLD.user_id, 'of ' || OLD.item_id; RETURN OLD; END $$;
CREATE TRIGGER remember AFTER UPDATE OR DELETE ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION remember('bookmarks');
BEGIN;
SELECT interactions_v1.transfer_interactions('g', 't') -> 'transferred';
SELECT user_id, item_id FROM interactions.bookmarks;
SELECT interactions.erase_user('t') -> 'erased';
ROLLBACK;
DROP TRIGGER remember ON interactions.purchases;
CREATE FUNCTION remember_before() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO interactions.bookmarks (user_id, item_id) VALUES (OLD.user_id, 'of ' || OLD.item_id); RETURN NEW; END $$;
CREATE TRIGGER remember BEFORE UPDATE ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION remember_before();
BEGIN;
SELECT interactions_v1.transfer_interactions('g', 't') -> 'transferred';
SELECT user_id, item_id FROM interactions.bookmarks;
ROLLBACK;
DROP FUNCTION remember_before CASCADE;
CREATE TRIGGER remember AFTER UPDATE OR DELETE ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION remember('purchases');
SELECT interactions_v1.transfer_interactions('g', 't');
\echo :LAST_ERROR_SQLSTATE
SELECT interactions.erase_user('g');
\echo :LAST_ERROR_SQLSTATE
SELECT user_id, item_id FROM interactions.purchases;
DROP FUNCTION remember CASCADE;
-- one that asks whether a user is registered is answered that the target is
CREATE FUNCTION ask() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT FROM interactions.users WHERE user_id = NEW.user_id) THEN RAISE 'not registered'; END IF; RETURN NEW; END $$;
CREATE TRIGGER ask BEFORE INSERT OR UPDATE ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION ask();
BEGIN;
INSERT INTO interactions_v1.users VALUES ('g', 'G');
UPDATE interactions_v1.users SET external_id = 'new' WHERE external_id = 'g' RETURNING external_id;
SELECT interactions_v1.transfer_interactions('new', 't') -> 'transferred' -> 'purchases';
ROLLBACK;
DROP FUNCTION ask CASCADE;
-- a key of somebody's is not tried again
CREATE SEQUENCE tries;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('tries'); RAISE unique_violation USING SCHEMA = 'interactions', CONSTRAINT = 'somebodys'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION refuse();
SELECT interactions_v1.transfer_interactions('g', 't');
SELECT last_value FROM tries;
CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('tries'); RAISE unique_violation; END $$;
SELECT interactions_v1.transfer_interactions('g', 't');
SELECT last_value FROM tries;
CREATE TABLE audit (item_id text PRIMARY KEY);
INSERT INTO audit VALUES ('b');
CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('tries'); INSERT INTO audit VALUES (NEW.item_id); RETURN NEW; END $$;
SELECT interactions_v1.transfer_interactions('g', 't');
SELECT last_value FROM tries;
DROP FUNCTION refuse CASCADE;
DROP TABLE audit;
DROP SEQUENCE tries;
-- nor is a rule followed that keeps what is to go
CREATE RULE soft AS ON DELETE TO interactions.cart_additions DO INSTEAD UPDATE interactions.cart_additions SET item_id = 'gone' WHERE user_id = OLD.user_id RETURNING cart_additions.*;
SELECT interactions.erase_user('g');
\echo :LAST_ERROR_SQLSTATE
CALL interactions.purge('cart_additions', now());
DROP RULE soft ON interactions.cart_additions;
-- what is stored for a user who has nothing goes along as well; what a trigger takes of it later is told
BEGIN;
INSERT INTO interactions.users (user_id) VALUES ('only');
CREATE FUNCTION store() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO interactions.bookmarks (user_id, item_id) VALUES (OLD.user_id, 'late'); RETURN NULL; END $$;
CREATE TRIGGER store AFTER UPDATE ON interactions.users FOR EACH ROW EXECUTE FUNCTION store();
SELECT interactions_v1.transfer_interactions('only', 'new') -> 'transferred' ->> 'bookmarks';
SELECT user_id FROM interactions.bookmarks;
DELETE FROM interactions.bookmarks;
CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM interactions.purchases WHERE user_id = NEW.user_id; RETURN NULL; END $$;
CREATE TRIGGER store AFTER UPDATE ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION store();
CREATE TRIGGER take AFTER UPDATE ON interactions.bookmarks FOR EACH ROW EXECUTE FUNCTION take();
SELECT interactions_v1.transfer_interactions('g', 'new');
ROLLBACK;
-- what refers to a duplicate, and would go with it, is not lost
ALTER TABLE interactions.purchases ADD id integer DEFAULT 1, ADD UNIQUE (id, "timestamp");
ALTER TABLE interactions.views ADD purchase integer, ADD purchased timestamptz,
	ADD CONSTRAINT brought FOREIGN KEY (purchase, purchased) REFERENCES interactions.purchases (id, "timestamp") ON DELETE CASCADE;
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", id) SELECT 't', item_id, "timestamp", 2 FROM interactions.purchases WHERE user_id = 'g';
UPDATE interactions.views SET (purchase, purchased) = (SELECT id, "timestamp" FROM interactions.purchases WHERE user_id = 'g') WHERE user_id = 'g' AND item_id = 'b';
SELECT interactions_v1.transfer_interactions('g', 't');
\echo :LAST_ERROR_SQLSTATE
SELECT user_id, item_id FROM interactions.views ORDER BY user_id, item_id;
ALTER TABLE interactions.views DROP CONSTRAINT brought,
	ADD CONSTRAINT brought FOREIGN KEY (purchase, purchased) REFERENCES interactions.purchases (id, "timestamp") ON DELETE SET NULL;
SELECT interactions_v1.transfer_interactions('g', 't')::jsonb - 'from_user_id' - 'to_user_id';
SELECT user_id, item_id, purchase IS NULL FROM interactions.views ORDER BY user_id, item_id;
ALTER TABLE interactions.views DROP purchase, DROP purchased;
ALTER TABLE interactions.purchases DROP id;
ALTER TABLE interactions.views DROP CONSTRAINT views_user_id_item_id_timestamp_key;
ALTER TABLE interactions.cart_additions DROP CONSTRAINT cart_additions_user_id_item_id_timestamp_key;
TRUNCATE interactions.views, interactions.cart_additions, interactions.purchases, interactions.users;
-- others who store for the user all the while hinder nothing: that comes after the transfer
SELECT fill();
CREATE EXTENSION dblink;
SELECT dblink_connect('other', format('host=%s port=%s dbname=%s user=%s', split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database(), current_user));
CREATE FUNCTION others_store() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM dblink_exec('other', 'INSERT INTO interactions.cart_additions (user_id, item_id) VALUES (''g'', ''of another'')'); RETURN NULL; END $$;
CREATE TRIGGER others_store AFTER UPDATE ON interactions.views EXECUTE FUNCTION others_store();
SELECT interactions_v1.transfer_interactions('g', 't')::jsonb - 'from_user_id' - 'to_user_id';
SELECT * FROM stored ORDER BY 1, 2, 3;
SELECT dblink_disconnect('other');
DROP FUNCTION others_store CASCADE;
DROP EXTENSION dblink;
TRUNCATE interactions.views, interactions.cart_additions, interactions.purchases, interactions.users;
DROP VIEW stored;
DROP FUNCTION fill;
