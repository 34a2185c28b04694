-- A page of a list, and a row inserted into a view, lock only the partitions that they come to, however many there are
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
DROP TABLE interactions.views CASCADE;
SELECT interactions.create_tables(partitioned => true) \g /dev/null
-- one a year of the last century, and one since then
\set ECHO none
SELECT format('CREATE TABLE interactions.of_%s PARTITION OF interactions.views FOR VALUES FROM (%L) TO (%L)', year, make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC'), make_timestamptz(CASE year WHEN 2000 THEN 2200 ELSE year + 1 END, 1, 1, 0, 0, 0, 'UTC'))
FROM generate_series(1971, 2000) AS year \gexec
\set ECHO all
INSERT INTO interactions.views (user_id, item_id, "timestamp", duration) SELECT 'u', 'i', make_timestamptz(year, month, 1, 0, 0, 0, 'UTC'), 1 FROM generate_series(1971, 2000) AS year, generate_series(2, 3) AS month;
CREATE VIEW locked AS SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
	WHERE pid = pg_backend_pid() AND relispartition AND relkind = 'r';
-- the newest and the default one, then as many older ones as the page takes
BEGIN;
SELECT extract(year FROM to_timestamp("timestamp" / 1000)) AS year FROM interactions_v1.list_user_views('u', 1);
TABLE locked;
ROLLBACK;
BEGIN;
SELECT count(*) FROM interactions_v1.list_user_views('u', 3);
TABLE locked;
ROLLBACK;
-- of those after a cursor, and in a range
BEGIN;
SELECT extract(year FROM to_timestamp("timestamp" / 1000)) AS year FROM interactions_v1.list_item_views('i', 1, after => '920000000000:u');
TABLE locked;
ROLLBACK;
BEGIN;
SELECT extract(year FROM to_timestamp("timestamp" / 1000)) AS year FROM interactions_v1.list_user_views('u', from_timestamp => '910000000000', to_timestamp => '920000000000');
TABLE locked;
ROLLBACK;
-- all pages together have all rows, whatever their size, also when a partition is gone or new
SELECT count(*) FROM interactions_v1.list_user_views('u');
CREATE FUNCTION pages(size integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	cursor text;
	found bigint := 0;
	got bigint;
BEGIN
	LOOP
		SELECT count(*), min("timestamp") || ':i' INTO got, cursor FROM interactions_v1.list_user_views('u', size, cursor);
		found := found + got;
		EXIT WHEN got = 0;
	END LOOP;
	RETURN found;
END
$$;
SELECT size, pages(size) FROM generate_series(1, 9, 4) AS size;
ALTER TABLE interactions.views DETACH PARTITION interactions.of_1999;
SELECT size, pages(size) FROM generate_series(1, 9, 4) AS size;
ALTER TABLE interactions.views ATTACH PARTITION interactions.of_1999 FOR VALUES FROM ('1999-01-01 00:00+00') TO ('2000-01-01 00:00+00');
SELECT size, pages(size) FROM generate_series(1, 9, 4) AS size;
-- where only older ones have rows, and where none has, those between are not opened
INSERT INTO interactions.views (user_id, item_id, "timestamp") VALUES ('EARLY', 'E', '1975-02-01 00:00+00'), ('early', 'e', '1975-02-01 00:00+00'), ('early', 'e', '1996-02-01 00:00+00');
BEGIN;
SELECT extract(year FROM to_timestamp("timestamp" / 1000)) AS year FROM interactions_v1.list_user_views('early');
TABLE locked;
ROLLBACK;
BEGIN;
SELECT count(*) FROM interactions_v1.list_item_views('nothing');
TABLE locked;
ROLLBACK;
-- whatever partitions look like, and whatever indexes they have
ALTER TABLE interactions.views DETACH PARTITION interactions.of_1975;
CREATE TABLE interactions.swapped (fingerprint bigint NOT NULL, "timestamp" timestamptz NOT NULL, duration bigint, recommendation_id text COLLATE "C", item_id text COLLATE "C" NOT NULL, user_id text COLLATE "C" NOT NULL);
CREATE FUNCTION nocase(text, text) RETURNS integer LANGUAGE sql IMMUTABLE RETURN bttextcmp(lower($1) COLLATE "C", lower($2) COLLATE "C");
CREATE FUNCTION nocase_lt(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN nocase($1, $2) < 0;
CREATE FUNCTION nocase_le(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN nocase($1, $2) <= 0;
CREATE FUNCTION nocase_eq(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN nocase($1, $2) = 0;
CREATE FUNCTION nocase_ge(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN nocase($1, $2) >= 0;
CREATE FUNCTION nocase_gt(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN nocase($1, $2) > 0;
CREATE OPERATOR <# (LEFTARG = text, RIGHTARG = text, FUNCTION = nocase_lt);
CREATE OPERATOR <=# (LEFTARG = text, RIGHTARG = text, FUNCTION = nocase_le);
CREATE OPERATOR =# (LEFTARG = text, RIGHTARG = text, FUNCTION = nocase_eq);
CREATE OPERATOR >=# (LEFTARG = text, RIGHTARG = text, FUNCTION = nocase_ge);
CREATE OPERATOR ># (LEFTARG = text, RIGHTARG = text, FUNCTION = nocase_gt);
CREATE OPERATOR CLASS nocase_ops FOR TYPE text USING btree AS OPERATOR 1 <#, OPERATOR 2 <=#, OPERATOR 3 =#, OPERATOR 4 >=#, OPERATOR 5 >#, FUNCTION 1 nocase(text, text);
CREATE INDEX ON interactions.swapped (user_id nocase_ops);
CREATE INDEX ON interactions.swapped (user_id) WHERE duration > 0;
CREATE INDEX ON interactions.swapped (user_id text_pattern_ops);
CREATE INDEX ON interactions.swapped USING hash (user_id);
INSERT INTO interactions.swapped (user_id, item_id, "timestamp", fingerprint) SELECT user_id, item_id, "timestamp", fingerprint FROM interactions.of_1975;
DROP TABLE interactions.of_1975;
ALTER TABLE interactions.views ATTACH PARTITION interactions.swapped FOR VALUES FROM ('1975-01-01 00:00+00') TO ('1976-01-01 00:00+00');
CREATE TABLE interactions.divided PARTITION OF interactions.views FOR VALUES FROM ('1970-01-01 00:00+00') TO ('1971-01-01 00:00+00') PARTITION BY HASH (user_id);
CREATE TABLE interactions.even PARTITION OF interactions.divided FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE interactions.odd PARTITION OF interactions.divided FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO interactions.views (user_id, item_id, "timestamp") VALUES ('first', 'f', '1970-02-01 00:00+00');
SELECT extract(year FROM to_timestamp("timestamp" / 1000)) AS year FROM interactions_v1.list_user_views('early');
SELECT extract(year FROM to_timestamp("timestamp" / 1000)) AS year FROM interactions_v1.list_user_views('first');
SELECT count(*) FROM interactions_v1.list_item_views('e');
DELETE FROM interactions.views WHERE item_id IN ('e', 'E', 'f');
-- whoever may not read is told nothing, wherever the rows would be
CREATE ROLE regress_interactions_stranger;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO regress_interactions_stranger;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO regress_interactions_stranger;
SET ROLE regress_interactions_stranger;
SELECT count(*) FROM interactions_v1.list_user_views('u', to_timestamp => '300000000000');
SELECT count(*) FROM interactions_v1.list_user_views('nobody', to_timestamp => '300000000000');
SELECT count(*) FROM interactions_v1.list_item_views('nothing', 1, after => '300000000000:u');
RESET ROLE;
DROP OWNED BY regress_interactions_stranger;
DROP ROLE regress_interactions_stranger;
-- up to 15 a partition may generate a column that its table does not: every way of storing a row lets it
ALTER TABLE interactions.views DETACH PARTITION interactions.of_1976;
DROP TABLE interactions.of_1976;
CREATE TABLE interactions.generated (user_id text COLLATE "C" NOT NULL, item_id text COLLATE "C" NOT NULL, "timestamp" timestamptz NOT NULL, recommendation_id text COLLATE "C" GENERATED ALWAYS AS ('of ' || user_id) STORED, duration bigint, fingerprint bigint NOT NULL);
DO $$ BEGIN ALTER TABLE interactions.views ATTACH PARTITION interactions.generated FOR VALUES FROM ('1976-01-01 00:00+00') TO ('1977-01-01 00:00+00'); EXCEPTION WHEN OTHERS THEN NULL; END $$;
INSERT INTO interactions_v1.views VALUES ('g', '1', 200000000000, 'r');
INSERT INTO interactions_v1.views VALUES ('g', '2', 200000000000, 'r'), ('g', '3', 200000000000, 'r');
SELECT interactions_v1.create_views('[{"user_id": "g", "item_id": "4", "timestamp": 200000000000, "recommendation_id": "r"}, {"user_id": "g", "item_id": "5", "timestamp": 200000000000, "recommendation_id": "r"}]');
SELECT count(*), count(DISTINCT recommendation_id) FROM interactions.views WHERE user_id = 'g';
DELETE FROM interactions.views WHERE user_id = 'g';
DROP TABLE interactions.generated;
-- what a session knows of the partitions it need not look up again, until they change
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('u', 'new', 1);
BEGIN;
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('u', 'new', 990000000000);
TABLE locked;
ROLLBACK;
CREATE FUNCTION rename() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.item_id := 'renamed'; RETURN NEW; END $$;
CREATE TRIGGER rename BEFORE INSERT ON interactions.of_1999 FOR EACH ROW EXECUTE FUNCTION rename();
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('u', 'new', 916000000000) RETURNING item_id;
DROP FUNCTION pages, rename CASCADE;
DROP VIEW locked;
DROP FUNCTION nocase CASCADE;
DROP TABLE interactions.views CASCADE;
SELECT interactions.create_tables() \g /dev/null
