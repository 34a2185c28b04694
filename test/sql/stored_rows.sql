-- What is given back is what is stored, whatever a trigger, a column or a unique key of the user's makes of the row
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\pset null -
CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.item_id := lower(NEW.item_id);
	NEW.price := round(NEW.price);
	RETURN CASE WHEN NEW.item_id = 'skipped' THEN NULL ELSE NEW END;
END
$$;
-- with the argument that our trigger has
CREATE TRIGGER change BEFORE INSERT ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION change('purchases');
BEGIN;
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "BOOK", "timestamp": 1000000000001, "price": 9.6}');
SHOW response.status;
-- the same again, in other words of the trigger's; the fingerprint is that of what is stored
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "Book", "timestamp": 1000000000001, "price": 10.4}');
SHOW response.status;
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "SKIPPED", "timestamp": 1000000000001}');
SHOW response.status;
-- the view: what is stored, or was already; a skipped row is none
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp", price) VALUES ('u', 'BOOK', 1000000000001, 10), ('u', 'Skipped', 1000000000001, 1), ('u', 'PEN', 1000000000002, 0.4) RETURNING item_id, price;
COPY interactions_v1.purchases (user_id, item_id, "timestamp") FROM STDIN;
u	PEN	1000000000003
u	SKIPPED	1000000000004
\.
-- a batch counts what it stored, and the rest as duplicates
SELECT interactions_v1.create_purchases('[{"user_id": "u", "item_id": "A", "timestamp": 1000000000005}, {"user_id": "u", "item_id": "a", "timestamp": 1000000000005}, {"user_id": "u", "item_id": "skipped"}]');
SELECT interactions_v1.create_purchases('[{"user_id": "u", "item_id": "skipped"}]');
SELECT item_id, "timestamp", price FROM interactions_v1.list_user_purchases('u');
-- the rows are the same to a transfer, which computes their fingerprints anew
SELECT interactions_v1.transfer_interactions('u', 'v')::jsonb -> 'transferred' -> 'purchases';
-- so does a view in the table's place, whatever the table behind it does
ALTER TABLE interactions.purchases RENAME TO behind;
CREATE VIEW interactions.purchases AS TABLE interactions.behind;
INSERT INTO interactions_v1.purchases (user_id, item_id, price) VALUES ('u', 'INK', 1.6) RETURNING item_id, price;
ROLLBACK;
-- a trigger that stores something else instead, and one that comes after the rules
CREATE OR REPLACE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() = 1 THEN
		INSERT INTO interactions.purchases (user_id, item_id, "timestamp") VALUES ('other', NEW.item_id, NEW."timestamp");
		RETURN NULL;
	END IF;
	RETURN NEW;
END
$$;
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001}');
SELECT * FROM interactions_v1.purchases;
TRUNCATE interactions.purchases;
-- one that comes after the rules and stores something else: once for a row
DROP TRIGGER change ON interactions.purchases;
CREATE TABLE archive (user_id text PRIMARY KEY);
CREATE FUNCTION archive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO archive VALUES (NEW.user_id);
	RETURN NULL;
END
$$;
CREATE TRIGGER zzzz_archive AFTER DELETE ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION archive();
CREATE TRIGGER zzz_archive BEFORE INSERT ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION archive();
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "a"}');
INSERT INTO interactions_v1.purchases (user_id, item_id) VALUES ('v', 'a');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM interactions_v1.create_purchase('{"user_id": "w", "item_id": "a"}');
COMMIT;
TABLE archive;
DROP FUNCTION archive CASCADE;
DROP TABLE archive;
TRUNCATE interactions.purchases;
CREATE TRIGGER change BEFORE INSERT ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION change();
-- one that tries to store something else, in vain
CREATE OR REPLACE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.item_id = 'VAIN' THEN
		RAISE 'in vain';
	END IF;
	BEGIN
		PERFORM interactions_v1.create_purchase('{"user_id": "u", "item_id": "VAIN"}');
	EXCEPTION WHEN raise_exception THEN
		NEW.item_id := lower(NEW.item_id);
	END;
	RETURN NEW;
END
$$;
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "A", "timestamp": 1000000000001}');
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "A", "timestamp": 1000000000001}');
DROP TRIGGER change ON interactions.purchases;
-- a constraint that stores something beside it
CREATE FUNCTION beside(user_id text) RETURNS boolean LANGUAGE sql VOLATILE AS $$ INSERT INTO interactions.bookmarks (user_id, item_id) VALUES (user_id, 'beside') RETURNING true $$;
ALTER TABLE interactions.purchases ADD CONSTRAINT beside CHECK (beside(user_id)) NOT VALID;
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001}');
ALTER TABLE interactions.purchases DROP CONSTRAINT beside;
-- or another of the same kind, also by a default
CREATE FUNCTION another(user_id text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF current_setting('test.within', true) = '1' THEN
		RETURN true;
	END IF;
	PERFORM set_config('test.within', '1', true);
	INSERT INTO interactions.purchases (user_id, item_id, "timestamp") VALUES ('like ' || user_id, 'other', '2020-01-01') ON CONFLICT DO NOTHING;
	PERFORM set_config('test.within', '', true);
	RETURN true;
END
$$;
BEGIN;
ALTER TABLE interactions.purchases ADD CONSTRAINT another CHECK (another(user_id)) NOT VALID;
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "b", "timestamp": 1000000000001}');
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "b", "timestamp": 1000000000001}');
ALTER TABLE interactions.purchases DROP CONSTRAINT another, ADD by_default boolean DEFAULT another('x');
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "b", "timestamp": 1000000000001}');
ROLLBACK;
DROP FUNCTION another;
DROP FUNCTION beside;
TRUNCATE interactions.purchases, interactions.bookmarks;
CREATE OR REPLACE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER zzz BEFORE INSERT ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION change();
SELECT * FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001}');
INSERT INTO interactions_v1.purchases (user_id, item_id) VALUES ('u', 'a') RETURNING *;
DROP TRIGGER zzz ON interactions.purchases;
DROP FUNCTION change;
-- a column that rounds
BEGIN;
DROP VIEW interactions_v1.purchases;
ALTER TABLE interactions.purchases ALTER price TYPE numeric(10, 2);
SET client_min_messages = warning;
SELECT interactions.create_tables() \g /dev/null
RESET client_min_messages;
SELECT price FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "price": 9.999}');
SELECT price FROM interactions_v1.create_purchase('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "price": 10}');
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp", price) VALUES ('u', 'b', 1000000000001, 0.001) RETURNING price;
SELECT interactions_v1.create_purchases('[{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "price": 9.998}, {"user_id": "u", "item_id": "b", "timestamp": 1000000000001, "price": 0}]');
DROP VIEW interactions_v1.purchases;
SET LOCAL client_min_messages = warning;
\set VERBOSITY sqlstate
ALTER TABLE interactions.purchases ALTER "timestamp" TYPE timestamptz(0);
\set VERBOSITY terse
SELECT interactions.create_tables() \g /dev/null
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp") VALUES ('u', 'c', 1000000001600) RETURNING "timestamp";
ROLLBACK;
-- a default, a generated column, triggers that come after: rows are stored as they are given, and in bulk
BEGIN;
ALTER TABLE interactions.purchases ADD total numeric GENERATED ALWAYS AS (price * amount) STORED, ADD note varchar(10) DEFAULT 'note';
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp", price, amount) VALUES ('u', 'a', 1000000000001, 2, 3), ('u', 'a', 1000000000001, 2, 3) RETURNING price;
SELECT total, note FROM interactions.purchases;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_LEVEL = 'STATEMENT' THEN
		RAISE NOTICE 'one statement';
	END IF;
	RETURN NEW;
END
$$;
CREATE TRIGGER statement BEFORE INSERT ON interactions.purchases EXECUTE FUNCTION note();
CREATE TRIGGER after AFTER INSERT ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER update BEFORE UPDATE ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO interactions_v1.purchases (user_id, item_id) VALUES ('u', 'b'), ('u', 'c');
ROLLBACK;

-- a unique key of the user's: what it refuses is not stored already
ALTER TABLE interactions.ratings ADD CONSTRAINT once UNIQUE (user_id, "timestamp");
SELECT * FROM interactions_v1.create_rating('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "value": 5}');
SELECT * FROM interactions_v1.create_rating('{"user_id": "u", "item_id": "b", "timestamp": 1000000000001, "value": 1}');
\echo :LAST_ERROR_SQLSTATE
SELECT interactions_v1.create_ratings('[{"user_id": "u", "item_id": "b", "timestamp": 1000000000001, "value": 1}]');
SELECT interactions_v1.import_ratings('[{"user_id": "u", "item_id": "b", "timestamp": 1000000000002, "value": 1}, {"user_id": "u", "item_id": "b", "timestamp": 1000000000001, "value": 1}]');
INSERT INTO interactions_v1.ratings (user_id, item_id, "timestamp", value) VALUES ('u', 'b', 1000000000001, 1);
INSERT INTO interactions_v1.ratings (user_id, item_id, "timestamp", value) VALUES ('u', 'b', 1000000000002, 1), ('u', 'b', 1000000000001, 1);
SELECT interactions_v1.create_ratings('[{"user_id": "u", "item_id": "b", "timestamp": 1000000000002, "value": 1}, {"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "value": 5}]');
SELECT user_id, item_id, value FROM interactions.ratings ORDER BY 2;
ALTER TABLE interactions.ratings DROP CONSTRAINT once;
TRUNCATE interactions.ratings;

-- fingerprints of 64 bits can be made to collide, as that of this row, which was stored without the trigger
INSERT INTO interactions_v1.bookmarks VALUES ('u', 'a', 1000000000001, 'x');
CREATE TEMP TABLE fingerprint AS SELECT fingerprint FROM interactions.bookmarks;
TRUNCATE interactions.bookmarks;
ALTER TABLE interactions.bookmarks DISABLE TRIGGER zz_check_interaction;
INSERT INTO interactions.bookmarks SELECT 'u', 'a', to_timestamp(1000000000.001), 'y', fingerprint FROM fingerprint;
ALTER TABLE interactions.bookmarks ENABLE TRIGGER zz_check_interaction;
\set VERBOSITY default
SELECT interactions_v1.create_bookmark('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "recommendation_id": "x"}');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
-- a transfer takes it for no duplicate, either
INSERT INTO interactions_v1.bookmarks VALUES ('v', 'a', 1000000000001, 'x');
SELECT interactions_v1.transfer_interactions('v', 'u');
\echo :LAST_ERROR_SQLSTATE
SELECT user_id, recommendation_id FROM interactions.bookmarks ORDER BY 1;
TRUNCATE interactions.bookmarks;
