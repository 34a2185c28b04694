-- A batch goes to the partitions that core would put its rows into, whatever these look like, or is refused as core refuses it
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
BEGIN;
SET LOCAL client_min_messages = warning;
DROP TABLE interactions.views CASCADE;
SELECT interactions.create_tables(partitioned => true) \g /dev/null
-- with a gap between 30 and 40, and one part that is partitioned itself
CREATE TABLE interactions.early PARTITION OF interactions.views FOR VALUES FROM (MINVALUE) TO ('2001-09-09 01:46:40.01+00');
CREATE TABLE interactions.ten PARTITION OF interactions.views FOR VALUES FROM ('2001-09-09 01:46:40.01+00') TO ('2001-09-09 01:46:40.02+00');
CREATE TABLE interactions.twenty PARTITION OF interactions.views FOR VALUES FROM ('2001-09-09 01:46:40.02+00') TO ('2001-09-09 01:46:40.03+00');
CREATE TABLE interactions.forty PARTITION OF interactions.views FOR VALUES FROM ('2001-09-09 01:46:40.04+00') TO ('2001-09-09 01:46:40.05+00') PARTITION BY HASH (user_id);
CREATE TABLE interactions.even PARTITION OF interactions.forty FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE interactions.odd PARTITION OF interactions.forty FOR VALUES WITH (MODULUS 2, REMAINDER 1);
-- n rows of each of some milliseconds, in a batch, and where they lie
CREATE FUNCTION pg_temp.send(VARIADIC ms integer[]) RETURNS text LANGUAGE sql AS $$
	SELECT (interactions_v1.create_views(json_agg(json_build_object('user_id', 'u' || n % 7, 'item_id', 'i' || n, 'timestamp', 1000000000000 + t))))::text
	FROM unnest(ms) AS t, generate_series(1, 20) AS n
$$;
CREATE VIEW pg_temp.parts AS
	SELECT tableoid::regclass AS part, count(*), min(interactions.timestamp_to_ms("timestamp")), max(interactions.timestamp_to_ms("timestamp")) FROM interactions.views GROUP BY tableoid ORDER BY 3, tableoid::regclass::text;
SELECT pg_temp.send(5, 9, 10, 15, 19, 20, 29, 30, 39, 50);
TABLE pg_temp.parts;
SELECT pg_temp.send(9, 10, 11, 30, 31);
SELECT pg_temp.send(39, 40, 44, 49, 50);
TABLE pg_temp.parts;
SELECT count(*) FROM interactions_v1.list_user_views('u1');
SELECT string_agg("timestamp"::text, ' ') FROM interactions_v1.list_user_views('u1', page_size => 4);
SELECT interactions_v1.transfer_interactions('u1', 'u2') ->> 'transferred';
-- the columns of one lie elsewhere, one has a rule of its own
ALTER TABLE interactions.views DETACH PARTITION interactions.ten;
DROP TABLE interactions.ten;
CREATE TABLE interactions.ten (item_id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL, "timestamp" timestamptz NOT NULL, recommendation_id text COLLATE "C", duration bigint, fingerprint bigint NOT NULL, gone int);
ALTER TABLE interactions.ten DROP gone;
ALTER TABLE interactions.views ATTACH PARTITION interactions.ten FOR VALUES FROM ('2001-09-09 01:46:40.01+00') TO ('2001-09-09 01:46:40.02+00');
SELECT pg_temp.send(8, 10, 19, 22);
SELECT user_id, item_id, "timestamp" FROM interactions_v1.views WHERE item_id = 'i20' AND "timestamp" BETWEEN 1000000000008 AND 1000000000022 ORDER BY 3;
-- all have a trigger of statements, which is the parent's alone
CREATE FUNCTION pg_temp.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING '% rows', (SELECT count(*) FROM added); RETURN NULL; END $$;
CREATE TRIGGER tell AFTER INSERT ON interactions.views REFERENCING NEW TABLE AS added EXECUTE FUNCTION pg_temp.tell();
SELECT pg_temp.send(7, 25);
DROP TRIGGER tell ON interactions.views;
-- one has a trigger of its own: what is given back is what is stored
CREATE FUNCTION pg_temp.change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.item_id := upper(NEW.item_id); RETURN NEW; END $$;
CREATE TRIGGER change BEFORE INSERT ON interactions.twenty FOR EACH ROW EXECUTE FUNCTION pg_temp.change();
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('u', 'one', 1000000000005), ('u', 'other', 1000000000025) RETURNING item_id;
DROP TRIGGER change ON interactions.twenty;
ALTER TABLE interactions.twenty ADD CHECK (item_id <> 'i13') NOT VALID;
SAVEPOINT refused;
SELECT pg_temp.send(8, 21);
ROLLBACK TO refused;
DROP TABLE interactions.views_default;
SELECT pg_temp.send(8, 33);
ROLLBACK TO refused;
DROP TABLE interactions.views_default;
CREATE TABLE interactions.late (item_id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL, "timestamp" timestamptz NOT NULL, recommendation_id text COLLATE "C", duration bigint, fingerprint bigint NOT NULL);
ALTER TABLE interactions.views ATTACH PARTITION interactions.late FOR VALUES FROM ('2001-09-09 01:46:40.05+00') TO (MAXVALUE);
SELECT pg_temp.send(8, 60, 70);
SELECT count(*), min(user_id) FROM interactions.late;
-- a row that a transfer moves from one partition to another is not lost where a trigger keeps it from coming
SAVEPOINT moved;
INSERT INTO interactions.views (user_id, item_id, "timestamp") SELECT 'm' || n, 'i' || n, '2001-09-09 01:46:40.044+00' FROM generate_series(1, 9) AS n;
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER skip BEFORE INSERT ON interactions.views FOR EACH ROW EXECUTE FUNCTION skip();
DO $$
BEGIN
	FOR n IN 1..8 LOOP
		BEGIN
			PERFORM interactions_v1.transfer_interactions('m' || n, 'm9');
		EXCEPTION WHEN triggered_data_change_violation THEN NULL;
		END;
	END LOOP;
END $$;
SELECT count(*) FROM interactions.views WHERE user_id ~ '^m';
ROLLBACK TO moved;
-- a key of one partition alone is one of the table
SAVEPOINT key;
DELETE FROM interactions.early;
INSERT INTO interactions.users VALUES ('k', 'K'), ('l', 'L');
ALTER TABLE interactions.early ADD FOREIGN KEY (user_id) REFERENCES interactions.users ON UPDATE CASCADE ON DELETE CASCADE;
INSERT INTO interactions.views (user_id, item_id, "timestamp") VALUES ('k', 'one', to_timestamp(1)), ('k', 'both', to_timestamp(1)), ('l', 'both', to_timestamp(1));
SELECT interactions_v1.transfer_interactions('k', 'l')::jsonb - 'from_user_id' - 'to_user_id';
ROLLBACK TO key;
-- by an order of somebody's, or with a column that is generated there alone, rows go as core has it
SAVEPOINT own;
CREATE FUNCTION backwards(timestamptz, timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE RETURN timestamptz_cmp($2, $1);
CREATE OPERATOR CLASS backwards FOR TYPE timestamptz USING btree AS OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 backwards(timestamptz, timestamptz);
DROP TABLE interactions.views CASCADE;
CREATE TABLE interactions.views (user_id text COLLATE "C" NOT NULL, item_id text COLLATE "C" NOT NULL, "timestamp" timestamptz NOT NULL, recommendation_id text COLLATE "C", duration bigint, fingerprint bigint NOT NULL) PARTITION BY RANGE ("timestamp" backwards);
CREATE TABLE interactions.new PARTITION OF interactions.views FOR VALUES FROM (MINVALUE) TO ('2001-09-09 01:46:40.02+00');
CREATE TABLE interactions.old PARTITION OF interactions.views FOR VALUES FROM ('2001-09-09 01:46:40.02+00') TO (MAXVALUE);
SELECT interactions.create_tables() \g /dev/null
SELECT pg_temp.send(5, 30);
SELECT tableoid::regclass, count(*) FROM interactions.views GROUP BY 1 ORDER BY 2, 1;
ROLLBACK TO own;
DROP TABLE interactions.early, interactions.ten, interactions.twenty, interactions.forty, interactions.late;
SELECT pg_temp.send(8);
ROLLBACK;
