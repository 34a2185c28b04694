-- Whatever is added to a table holds for batches, too, though they pass the executor by where nothing is; and so do grants
\set VERBOSITY terse
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE EXTENSION amcheck;
CREATE EXTENSION pgstattuple;
DROP ROLE IF EXISTS regress_interactions_columns, regress_interactions_reader;
RESET client_min_messages;
-- so many that they are stored in several steps; the last one is of interest
CREATE FUNCTION send(users int DEFAULT 300, price numeric DEFAULT 1) RETURNS json LANGUAGE sql AS $$
	SELECT interactions_v1.create_purchases(json_agg(json_build_object('user_id', n, 'item_id', n % 7, 'timestamp', 1000000000000 + n,
		'price', CASE n WHEN users THEN price END, 'amount', n % 3 + 1, 'recommendation_id', 'r' || n) ORDER BY n DESC))
	FROM generate_series(1, users) AS n
$$;
-- removes all rows, and says how many they were; each has to be in each B-tree, in its place
CREATE FUNCTION taken() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	index regclass;
	result bigint;
BEGIN
	FOR index IN SELECT indexrelid FROM pg_index WHERE indrelid = 'interactions.purchases'::regclass
		AND pg_get_indexdef(indexrelid) LIKE '%USING btree%' AND indisready
	LOOP
		PERFORM bt_index_check(index, true);
	END LOOP;
	PERFORM FROM verify_heapam('interactions.purchases');
	ASSERT NOT FOUND, 'the table is corrupt';
	SELECT count(*) INTO result FROM interactions.purchases;
	TRUNCATE interactions.purchases;
	RETURN result;
END
$$;

-- nothing added: all new, all stored already, which leaves next to nothing behind, some
SELECT send();
SELECT send();
SELECT dead_tuple_count FROM pgstattuple('interactions.purchases');
SELECT send(400, 2);
SELECT taken();

-- constraints
ALTER TABLE interactions.purchases ADD CONSTRAINT cheap CHECK (price < 100);
SELECT send(price => 100);
ALTER TABLE interactions.purchases DROP CONSTRAINT cheap;
ALTER TABLE interactions.purchases ALTER price SET NOT NULL;
SELECT send();
ALTER TABLE interactions.purchases ALTER price DROP NOT NULL;
ALTER TABLE interactions.purchases ALTER recommendation_id SET NOT NULL;
SELECT interactions_v1.create_purchases('[{"user_id": "u", "item_id": "a"}, {"user_id": "u", "item_id": "b"}]');
ALTER TABLE interactions.purchases ALTER recommendation_id DROP NOT NULL;
CREATE TABLE known (price numeric PRIMARY KEY);
INSERT INTO known VALUES (1);
ALTER TABLE interactions.purchases ADD CONSTRAINT known FOREIGN KEY (price) REFERENCES known;
SELECT send(price => 3);
ALTER TABLE interactions.purchases DROP CONSTRAINT known;
ALTER TABLE interactions.purchases ADD CONSTRAINT alone EXCLUDE USING btree (price WITH =);
INSERT INTO interactions.purchases (user_id, item_id, price) VALUES ('u', 'a', 1);
SELECT send();
ALTER TABLE interactions.purchases DROP CONSTRAINT alone;
SELECT taken();
-- another unique key is an error, at once or at the end of the transaction: stored already means the primary key
ALTER TABLE interactions.purchases ADD CONSTRAINT once UNIQUE (amount, recommendation_id);
SELECT send();
SELECT send(price => 2);
ALTER TABLE interactions.purchases DROP CONSTRAINT once;
SELECT taken();
ALTER TABLE interactions.purchases ADD CONSTRAINT later UNIQUE (price) DEFERRABLE INITIALLY DEFERRED;
INSERT INTO interactions.purchases (user_id, item_id, price) VALUES ('u', 'a', 1);
SELECT send();
BEGIN;
SELECT send();
DELETE FROM interactions.purchases WHERE user_id = 'u';
COMMIT;
ALTER TABLE interactions.purchases DROP CONSTRAINT later;
SELECT taken();

-- indexes: of part of the rows, of an expression, in another order, of other methods
CREATE INDEX part ON interactions.purchases (amount) WHERE price IS NOT NULL;
SELECT send();
SET enable_seqscan = off;
SELECT count(*) FROM interactions.purchases WHERE price IS NOT NULL;
SELECT taken();
DROP INDEX interactions.part;
CREATE INDEX expression ON interactions.purchases (length(user_id));
SELECT send();
SELECT taken();
DROP INDEX interactions.expression;
CREATE INDEX other ON interactions.purchases (price DESC, recommendation_id) INCLUDE (amount);
CREATE INDEX hashed ON interactions.purchases USING hash (recommendation_id);
CREATE INDEX summarized ON interactions.purchases USING brin (item_id) WITH (pages_per_range = 1, autosummarize = on);
SELECT send();
SELECT send(400, 2);
SELECT user_id FROM interactions.purchases WHERE recommendation_id = 'r399';
RESET enable_seqscan;
SELECT taken();
DROP INDEX interactions.other, interactions.hashed, interactions.summarized;

-- triggers, also those of statements; one that does not fire on INSERT
CREATE TABLE seen (what text);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_LEVEL = 'ROW' THEN
		INSERT INTO seen VALUES (TG_OP);
	ELSE
		INSERT INTO seen SELECT 'STATEMENT' FROM added;
	END IF;
	RETURN NULL;
END
$$;
CREATE TRIGGER see AFTER INSERT ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION see();
SELECT send();
DROP TRIGGER see ON interactions.purchases;
CREATE TRIGGER see AFTER INSERT ON interactions.purchases REFERENCING NEW TABLE AS added EXECUTE FUNCTION see();
SELECT send(400);
DROP TRIGGER see ON interactions.purchases;
CREATE TRIGGER see AFTER DELETE ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION see();
SELECT send(500);
SELECT taken();
SELECT send(500);
SELECT send(500);
-- past the executor, where two rows of one that is stored already are tried
SELECT dead_tuple_count FROM pgstattuple('interactions.purchases');
SELECT what, count(*) FROM seen GROUP BY what ORDER BY what;
DROP TRIGGER see ON interactions.purchases;
SELECT taken();

-- rules: one that does more, one that leaves some out, some that send the rows elsewhere
CREATE TABLE elsewhere (LIKE interactions.purchases);
CREATE TABLE everything (LIKE interactions.purchases) PARTITION BY RANGE ("timestamp");
CREATE RULE other AS ON INSERT TO interactions.purchases DO ALSO INSERT INTO known VALUES (4) ON CONFLICT DO NOTHING;
SELECT send();
TABLE known;
SELECT taken();
CREATE OR REPLACE RULE other AS ON INSERT TO interactions.purchases WHERE NEW.amount = 2 DO INSTEAD NOTHING;
SELECT send();
SELECT taken();
CREATE OR REPLACE RULE other AS ON INSERT TO interactions.purchases DO INSTEAD INSERT INTO elsewhere SELECT NEW.*;
SELECT send();
CREATE OR REPLACE RULE other AS ON INSERT TO interactions.purchases DO INSTEAD INSERT INTO elsewhere SELECT NEW.* FROM generate_series(1, 0);
SELECT send();
CREATE OR REPLACE RULE other AS ON INSERT TO interactions.purchases DO INSTEAD INSERT INTO elsewhere
	SELECT NEW.item_id, NEW.user_id, NEW."timestamp", NEW.recommendation_id, NEW.price, NEW.amount, NEW.fingerprint;
SELECT send();
SELECT count(*), count(*) FILTER (WHERE item_id = '100') FROM elsewhere;
CREATE OR REPLACE RULE other AS ON INSERT TO interactions.purchases DO INSTEAD INSERT INTO everything SELECT NEW.*;
SELECT send();
-- one whose condition does not look at the row
CREATE OR REPLACE RULE other AS ON INSERT TO interactions.purchases WHERE current_user = session_user DO INSTEAD NOTHING;
SELECT send();
-- one that takes another key's rows for stored, and our own trigger for another type, or fired at another time
CREATE OR REPLACE RULE other AS ON INSERT TO interactions.purchases DO INSTEAD INSERT INTO elsewhere SELECT NEW.* ON CONFLICT DO NOTHING;
SELECT send();
DROP RULE other ON interactions.purchases;
CREATE TRIGGER foreign_rules BEFORE INSERT ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION interactions.check_interaction('views');
SELECT send();
DROP TRIGGER foreign_rules ON interactions.purchases;
CREATE TRIGGER late_rules AFTER INSERT ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION interactions.check_interaction('purchases');
SELECT send();
DROP TRIGGER late_rules ON interactions.purchases;
CREATE TRIGGER statement_rules BEFORE INSERT ON interactions.purchases EXECUTE FUNCTION interactions.check_interaction('purchases');
SELECT send();
DROP TRIGGER statement_rules ON interactions.purchases;
SELECT taken();

-- a partition
ALTER TABLE everything ATTACH PARTITION interactions.purchases FOR VALUES FROM ('2001-09-09 01:46:40+00') TO ('2001-09-09 01:46:40.35+00');
SELECT send(400);
SELECT send();
ALTER TABLE everything DETACH PARTITION interactions.purchases;
SELECT taken();

-- who may not write: by grants, by policies, in a READ ONLY transaction
CREATE ROLE regress_interactions_columns;
CREATE ROLE regress_interactions_reader;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO regress_interactions_columns, regress_interactions_reader;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions_v1 TO regress_interactions_columns, regress_interactions_reader;
GRANT SELECT ON interactions.purchases TO regress_interactions_columns, regress_interactions_reader;
GRANT INSERT (user_id, item_id, "timestamp", recommendation_id, price, amount, fingerprint) ON interactions.purchases TO regress_interactions_columns;
SET ROLE regress_interactions_reader;
SELECT send();
SET ROLE regress_interactions_columns;
SELECT send();
RESET ROLE;
REVOKE INSERT (price) ON interactions.purchases FROM regress_interactions_columns;
SET ROLE regress_interactions_columns;
SELECT interactions_v1.create_purchases('[{"user_id": "u", "item_id": "a"}, {"user_id": "u", "item_id": "b"}]');
RESET ROLE;
GRANT INSERT ON interactions.purchases TO regress_interactions_columns;
ALTER TABLE interactions.purchases ENABLE ROW LEVEL SECURITY;
CREATE POLICY cheap ON interactions.purchases USING (true) WITH CHECK (price < 5);
SET ROLE regress_interactions_columns;
SELECT interactions_v1.create_purchases('[{"user_id": "p", "item_id": "a", "price": 4}, {"user_id": "p", "item_id": "b", "price": 4}]');
SELECT interactions_v1.create_purchases('[{"user_id": "p", "item_id": "c", "price": 4}, {"user_id": "p", "item_id": "d", "price": 5}]');
RESET ROLE;
DROP POLICY cheap ON interactions.purchases;
ALTER TABLE interactions.purchases DISABLE ROW LEVEL SECURITY;
SELECT taken();
BEGIN READ ONLY;
SELECT send();
ROLLBACK;
SELECT taken();

-- columns, at last, since what is dropped stays in the rows: a default, a generated one, one that is gone
ALTER TABLE interactions.purchases ADD extra int DEFAULT 7;
SELECT send();
SELECT count(*) FROM interactions.purchases WHERE extra = 7;
ALTER TABLE interactions.purchases DROP extra;
SELECT taken();
SELECT send();
SELECT sum(amount) FROM interactions.purchases;
SELECT taken();
ALTER TABLE interactions.purchases ADD total numeric GENERATED ALWAYS AS (price * amount) STORED;
SELECT send(price => 5);
SELECT total FROM interactions.purchases WHERE price = 5;
ALTER TABLE interactions.purchases DROP total;
SELECT taken();
-- the columns in another order
BEGIN;
SET LOCAL client_min_messages = warning;
DROP TABLE interactions.purchases CASCADE;
CREATE TABLE interactions.purchases (item_id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL, "timestamp" timestamptz NOT NULL, recommendation_id text COLLATE "C", price numeric, amount int, fingerprint bigint NOT NULL);
SELECT interactions.create_tables() \g /dev/null
SELECT send();
SELECT user_id, item_id FROM interactions.purchases WHERE recommendation_id = 'r300';
ROLLBACK;
-- a null that somebody lets in is told, and not taken for a value
BEGIN;
ALTER TABLE interactions.purchases DROP CONSTRAINT purchases_pkey;
ALTER TABLE interactions.purchases ALTER item_id DROP NOT NULL, DISABLE TRIGGER USER;
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", recommendation_id, fingerprint) VALUES ('nulls', NULL, '2024-01-01', repeat('r', 100), 1);
SAVEPOINT nulls;
SELECT * FROM interactions_v1.list_user_purchases('nulls');
ROLLBACK TO nulls;
CALL interactions.refresh_items(period => NULL);
ROLLBACK;
-- a rule that stores nothing; core would keep that plan
CREATE RULE other AS ON INSERT TO interactions.purchases DO INSTEAD NOTIFY nothing;
SELECT send();
DROP RULE other ON interactions.purchases;

DROP OWNED BY regress_interactions_columns, regress_interactions_reader;
DROP ROLE regress_interactions_columns, regress_interactions_reader;
DROP TABLE known, seen, elsewhere, everything;
DROP FUNCTION send, taken, see;
DROP EXTENSION amcheck, pgstattuple;
-- a unique index of one's own is no primary key, whatever its collation: what it keeps out is an error
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE UNIQUE INDEX once ON interactions.views (item_id COLLATE ci, user_id, "timestamp", fingerprint);
CREATE UNIQUE INDEX once_registered ON interactions.users (user_id COLLATE ci);
CREATE UNIQUE INDEX once_shown ON interactions.recommendations (recommendation_id COLLATE ci);
SELECT interactions_v1.create_views('[{"user_id": "a", "item_id": "Book", "timestamp": 1700000000000}]');
SELECT interactions_v1.create_views('[{"user_id": "a", "item_id": "Book", "timestamp": 1700000000000}, {"user_id": "a", "item_id": "book", "timestamp": 1700000000000}]');
SELECT interactions_v1.create_view('{"user_id": "a", "item_id": "BOOK", "timestamp": 1700000000000}');
INSERT INTO interactions_v1.views VALUES ('a', 'booK', 1700000000000);
SELECT item_id FROM interactions.views;
INSERT INTO interactions_v1.users VALUES ('anna', 'Anna');
INSERT INTO interactions_v1.users VALUES ('ANNA', 'Other');
SELECT interactions_v1.transfer_interactions('a', 'ANNA');
SELECT external_id, name FROM interactions_v1.users ORDER BY 1;
SELECT recommendation_id FROM interactions_v1.create_recommendation('{"recommendation_id": "r"}');
SELECT recommendation_id FROM interactions_v1.create_recommendation('{"recommendation_id": "R"}');
DROP INDEX interactions.once, interactions.once_registered, interactions.once_shown;
DROP COLLATION ci;
TRUNCATE interactions.views, interactions.users, interactions.recommendations;
-- a child that inherits from a table may have the keys that it has, and moves along where tables are tied
CREATE TABLE old_views () INHERITS (interactions.views);
INSERT INTO interactions.views (user_id, item_id, "timestamp") VALUES ('g', 'a', '2024-01-01');
INSERT INTO old_views SELECT * FROM interactions.views;
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER look AFTER UPDATE ON interactions.views EXECUTE FUNCTION look();
SELECT interactions_v1.transfer_interactions('g', 't')::jsonb - 'from_user_id' - 'to_user_id';
SELECT user_id, tableoid::regclass FROM interactions.views ORDER BY 2;
DROP TABLE old_views;
DROP FUNCTION look CASCADE;
TRUNCATE interactions.views, interactions.users;
