-- The view of users shows every known one, and registers, names, renames, merges and erases; a guest like any other
\set SHOW_CONTEXT never
\pset format unaligned
\pset null -
\pset footer off
CREATE VIEW state AS SELECT external_id, name, created_at, (SELECT count(*) FROM interactions.bookmarks WHERE user_id = external_id) + (SELECT count(*) FROM interactions.views WHERE user_id = external_id) AS interactions
	FROM interactions_v1.users ORDER BY external_id COLLATE "C";

-- seen: in any table; once, however often
SELECT format('INSERT INTO interactions.%I (user_id, item_id%s) VALUES (%L, %L%s), (%L, %L%s)', relname, v, 'seen', 'a', n, relname, 'b', n)
FROM pg_class, LATERAL (SELECT CASE relname WHEN 'ratings' THEN ', value' END, CASE relname WHEN 'ratings' THEN ', 1' END) AS c (v, n)
WHERE relnamespace = 'interactions'::regnamespace AND relkind IN ('r', 'p') AND relname NOT IN ('users', 'recommendations', 'item_pairs', 'item_popularity') ORDER BY relname \gexec
TABLE state;

-- register: with a name, without; a registered one gets what is given, and keeps what is not
INSERT INTO interactions_v1.users (external_id, name, created_at) VALUES ('anna', 'Anna', 1000) RETURNING *;
INSERT INTO interactions_v1.users (external_id) VALUES ('bob') RETURNING external_id, name, created_at = interactions.timestamp_to_ms(now()) AS now;
INSERT INTO interactions_v1.users (external_id, name) VALUES ('anna', 'Anne') RETURNING *;
INSERT INTO interactions_v1.users (external_id) VALUES ('anna') RETURNING *;
BEGIN;
INSERT INTO interactions_v1.users (external_id) VALUES ('zoe');
SHOW response.status;
INSERT INTO interactions_v1.users (external_id) VALUES ('zoe');
SHOW response.status;
ROLLBACK;
INSERT INTO interactions_v1.users (external_id, created_at) VALUES ('anna', 2000), ('carl', 3000) RETURNING *;
INSERT INTO interactions_v1.users (external_id, name, created_at) VALUES ('seen', 'Seen', 4000) RETURNING *;
SELECT external_id, name, created_at FROM interactions_v1.users WHERE external_id = 'seen';

-- name
UPDATE interactions_v1.users SET name = 'Anna B.' WHERE external_id = 'anna' RETURNING *;
UPDATE interactions_v1.users SET name = NULL WHERE external_id = 'anna' RETURNING *;
UPDATE interactions_v1.users SET created_at = 5000 WHERE external_id = 'anna' RETURNING *;
-- a guest who is named is registered
UPDATE interactions_v1.users SET name = 'Guest', created_at = 6000 WHERE external_id = 'views' RETURNING *;
UPDATE interactions_v1.users SET name = 'Nobody' WHERE external_id = 'nobody' RETURNING *;

-- rename: all goes along; a new name is kept
UPDATE interactions_v1.users SET external_id = 'viewer' WHERE external_id = 'views' RETURNING external_id, name;
UPDATE interactions_v1.users SET external_id = 'Bob', name = 'Bobby' WHERE external_id = 'bob' RETURNING external_id, name;
-- a guest who was only seen
UPDATE interactions_v1.users SET external_id = 'collector' WHERE external_id = 'bookmarks' RETURNING external_id, name;
UPDATE interactions_v1.users SET created_at = 7000 WHERE external_id IN ('viewer', 'Bob', 'collector');
TABLE state;

-- merge, into a registered one and a seen one; the same is stored once
INSERT INTO interactions.bookmarks (user_id, item_id, "timestamp") VALUES ('guest', 'x', to_timestamp(1)), ('viewer', 'x', to_timestamp(1)), ('guest', 'y', to_timestamp(1));
UPDATE interactions_v1.users SET external_id = 'viewer' WHERE external_id = 'guest' RETURNING *;
UPDATE interactions_v1.users SET external_id = 'anna' WHERE external_id = 'viewer' RETURNING *;
UPDATE interactions_v1.users SET external_id = 'purchases', name = 'Buyer', created_at = 8000 WHERE external_id = 'collector' RETURNING *;
TABLE state;
-- by itself is nothing but a touch
UPDATE interactions_v1.users SET external_id = 'anna' WHERE external_id = 'anna' RETURNING *;
UPDATE interactions_v1.users SET external_id = 'a2' WHERE external_id = 'nobody' RETURNING *;

-- several at once, and into one
INSERT INTO interactions_v1.users (external_id, name, created_at) VALUES ('m1', NULL, 1), ('m2', 'Second', 2), ('m3', NULL, 3);
UPDATE interactions_v1.users SET name = external_id || '!' WHERE external_id ~ '^m[13]$';
UPDATE interactions_v1.users SET external_id = 'm' WHERE external_id ~ '^m\d';
UPDATE interactions_v1.users SET created_at = 9 WHERE external_id = 'm';
SELECT external_id, name IN ('Second', 'm1!', 'm3!') AS named FROM interactions_v1.users WHERE external_id ~ '^m';
UPDATE interactions_v1.users SET name = 'M' WHERE external_id = 'm';

-- erase: with every interaction; a guest, too
DELETE FROM interactions_v1.users WHERE external_id = 'anna' RETURNING *;
DELETE FROM interactions_v1.users WHERE external_id = 'ratings' RETURNING *;
DELETE FROM interactions_v1.users WHERE external_id = 'nobody' RETURNING *;
SELECT count(*) FROM interactions.ratings WHERE user_id = 'ratings';
SELECT count(*) FROM interactions.bookmarks WHERE user_id = 'anna';
TABLE state;
DELETE FROM interactions_v1.users;
SELECT count(*) FROM interactions.users;
SELECT sum(n) FROM (SELECT count(*) AS n FROM interactions.bookmarks UNION ALL SELECT count(*) FROM interactions.ratings UNION ALL SELECT count(*) FROM interactions.purchases
	UNION ALL SELECT count(*) FROM interactions.cart_additions UNION ALL SELECT count(*) FROM interactions.views) AS c;

-- what is refused
INSERT INTO interactions_v1.users (external_id, name, created_at) VALUES ('anna', 'Anna', 1000);
\set VERBOSITY terse
INSERT INTO interactions_v1.users (external_id) VALUES ('');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO interactions_v1.users (name) VALUES ('Anna');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO interactions_v1.users (external_id) VALUES (repeat('x', 513));
INSERT INTO interactions_v1.users (external_id, created_at) VALUES ('bob', -1);
INSERT INTO interactions_v1.users (external_id, created_at) VALUES ('bob', 1700000000000000);
UPDATE interactions_v1.users SET external_id = '';
UPDATE interactions_v1.users SET external_id = NULL;
UPDATE interactions_v1.users SET created_at = NULL;
UPDATE interactions_v1.users SET created_at = 253402300800000;
INSERT INTO interactions.users (user_id) VALUES ('');
INSERT INTO interactions.users (user_id) VALUES (NULL);
INSERT INTO interactions.users (user_id) VALUES (repeat('x', 513));
INSERT INTO interactions.users (user_id, created_at) VALUES ('bob', 'infinity');
INSERT INTO interactions.users (user_id, created_at) VALUES ('bob', '1960-01-01 00:00:00+00');
UPDATE interactions.users SET user_id = '';
TABLE state;

-- the table itself: a null created_at becomes now, every other is cut to the millisecond
INSERT INTO interactions.users VALUES ('bob', 'Bob', NULL), ('carl', 'Carl', to_timestamp(1.2345)) RETURNING user_id, created_at = date_trunc('milliseconds', now()) AS now, created_at = to_timestamp(1.234) AS cut;
UPDATE interactions.users SET created_at = NULL WHERE user_id = 'carl' RETURNING created_at = date_trunc('milliseconds', now()) AS now;

-- a trigger of the user's that skips the row
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER skip BEFORE INSERT ON interactions.users FOR EACH ROW EXECUTE FUNCTION skip();
INSERT INTO interactions_v1.users (external_id) VALUES ('skipped') RETURNING *;
SELECT count(*) FROM interactions_v1.users WHERE external_id = 'skipped';
DROP TRIGGER skip ON interactions.users;
-- one that does something else instead does it once
CREATE TABLE others (name text);
CREATE OR REPLACE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO others VALUES (NEW.name); RETURN NULL; END';
CREATE TRIGGER skip BEFORE INSERT OR UPDATE ON interactions.users FOR EACH ROW EXECUTE FUNCTION skip();
INSERT INTO interactions_v1.users (external_id, name) VALUES ('skipped', 'new'), ('bob', 'Robert');
UPDATE interactions_v1.users SET name = 'Bobby' WHERE external_id = 'bob';
TABLE others;
SELECT name FROM interactions_v1.users WHERE external_id = 'bob';
DROP TABLE others;
DROP TRIGGER skip ON interactions.users;
DROP FUNCTION skip;

-- a key of theirs that changes another user of the statement: no retry would help
BEGIN;
ALTER TABLE interactions.users ADD parent text COLLATE "C" REFERENCES interactions.users ON DELETE CASCADE;
INSERT INTO interactions.users (user_id, parent) VALUES ('mother', NULL), ('child', 'mother');
INSERT INTO interactions.views (user_id, item_id) VALUES ('child', 'x');
DELETE FROM interactions_v1.users WHERE external_id IN ('mother', 'child');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

BEGIN;
CREATE FUNCTION inherit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO interactions.users (user_id, name) VALUES ('child', 'heir'); RETURN NULL; END $$;
CREATE TRIGGER inherit AFTER DELETE ON interactions.users FOR EACH ROW WHEN (OLD.user_id = 'mother') EXECUTE FUNCTION inherit();
INSERT INTO interactions.users (user_id) VALUES ('mother');
INSERT INTO interactions.views (user_id, item_id) VALUES ('child', 'x');
DELETE FROM interactions_v1.users WHERE external_id IN ('mother', 'child');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- a trigger or a function of theirs that deletes another user is another statement
BEGIN;
CREATE FUNCTION forgotten(name text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN DELETE FROM interactions_v1.users WHERE external_id = 'child'; RETURN name; END $$;
INSERT INTO interactions.users (user_id) VALUES ('mother'), ('child');
UPDATE interactions_v1.users SET name = forgotten('M') WHERE external_id = 'mother' RETURNING external_id, name;
SELECT count(*) FROM interactions_v1.users WHERE external_id = 'child';
ROLLBACK;
BEGIN;
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM interactions_v1.users WHERE external_id = 'child'; RETURN NULL; END $$;
CREATE TRIGGER forget AFTER UPDATE ON interactions.users FOR EACH ROW EXECUTE FUNCTION forget();
INSERT INTO interactions.users (user_id) VALUES ('mother'), ('child');
UPDATE interactions_v1.users SET name = 'M' WHERE external_id = 'mother';
SELECT external_id, name FROM interactions_v1.users WHERE external_id IN ('mother', 'child');
ROLLBACK;

-- a filter on external_id reaches the indexes: no table is read through
CREATE TEMP TABLE many AS SELECT 'u' || n % 5000 AS u, n FROM generate_series(1, 20000) AS n;
INSERT INTO interactions.users SELECT DISTINCT u FROM many;
INSERT INTO interactions.bookmarks (user_id, item_id) SELECT u, n FROM many;
INSERT INTO interactions.ratings (user_id, item_id, value) SELECT u, n, 1 FROM many;
INSERT INTO interactions.purchases (user_id, item_id) SELECT u, n FROM many;
INSERT INTO interactions.cart_additions (user_id, item_id) SELECT u, n FROM many;
INSERT INTO interactions.views (user_id, item_id) SELECT u, n FROM many;
ANALYZE interactions.users, interactions.bookmarks, interactions.ratings, interactions.purchases, interactions.cart_additions, interactions.views;
CREATE FUNCTION plan_reads_all(statement text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
	result boolean := false;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN ' || statement LOOP
		result := result OR line ~ 'Seq Scan';
	END LOOP;
	RETURN result;
END
$$;
SELECT plan_reads_all($$SELECT * FROM interactions_v1.users WHERE external_id = 'u5'$$) AS of_one, plan_reads_all('SELECT * FROM interactions_v1.users') AS of_all;
DROP FUNCTION plan_reads_all;
DROP VIEW state;
TRUNCATE interactions.bookmarks, interactions.ratings, interactions.purchases, interactions.cart_additions, interactions.views, interactions.users;
-- one statement may rename more users than there is room for locks
BEGIN;
INSERT INTO interactions.users (user_id) SELECT 'many' || n FROM generate_series(1, 20) AS n;
UPDATE interactions_v1.users SET external_id = 'shop:' || external_id WHERE external_id LIKE 'many%';
SELECT count(*) FROM interactions.users WHERE user_id LIKE 'shop:%';
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
ROLLBACK;
-- null is what a guest has, and not what he gives to whom he is merged into
BEGIN;
INSERT INTO interactions.users VALUES ('t', 'T', to_timestamp(1));
INSERT INTO interactions_v1.views (user_id, item_id) VALUES ('guest', 'a');
SELECT interactions.update_user('guest', '{"external_id": "t", "created_at": null}');
ROLLBACK;
-- a DELETE of whom the same statement makes another is refused
BEGIN;
INSERT INTO interactions.users VALUES ('g', 'G', to_timestamp(1)), ('t', 'T', to_timestamp(1));
WITH d AS (DELETE FROM interactions_v1.users WHERE external_id = 't' RETURNING *) UPDATE interactions_v1.users SET external_id = 't' WHERE external_id = 'g' RETURNING *;
ROLLBACK;
