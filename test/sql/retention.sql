-- Old interactions are purged batch by batch, a person's data is erased with counts, and stats shows what there is.
\set SHOW_CONTEXT never
SELECT interactions_v1.create_views((SELECT json_agg(json_build_object('user_id', 'u' || i % 3, 'item_id', 'i', 'timestamp', 1000000000000 + i, 'duration', i)) FROM generate_series(1, 10) i));
SELECT interactions_v1.create_purchases('[{"user_id": "u1", "item_id": "i", "timestamp": 1000000000001}]');
CALL interactions.purge('views', interactions.timestamp_from_ms('1000000000008'), 3);
SELECT user_id, "timestamp" FROM interactions_v1.views ORDER BY "timestamp";
SELECT count(*) FROM interactions.purchases;
CALL interactions.purge('views', '-infinity');
-- what is refused removes nothing
CALL interactions.purge('users', now());
CALL interactions.purge('views', NULL);
CALL interactions.purge(NULL, now());
CALL interactions.purge('views', now(), 0);
CALL interactions.purge('views', now(), NULL);
CALL interactions.purge('views', now() + '1 second');
CALL interactions.purge('views', 'infinity');
BEGIN;
CALL interactions.purge('views', now());
ROLLBACK;
CALL interactions.purge_shard(0::regclass, '2020-01-01', 10, 0);
SELECT count(*) FROM interactions.views;
-- a batch that fails leaves those before it removed
CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'stopped'; END $$;
CREATE TRIGGER stop BEFORE DELETE ON interactions.views FOR EACH ROW WHEN (OLD.duration = 8) EXECUTE FUNCTION stop();
CALL interactions.purge('views', now(), 1);
SELECT "timestamp" FROM interactions_v1.views ORDER BY 1;
DROP TRIGGER stop ON interactions.views;
DROP FUNCTION stop;
-- a foreign table among those that inherit is refused
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE far () INHERITS (interactions.ratings) SERVER nowhere;
CALL interactions.purge('ratings', now(), 1);
DROP FOREIGN DATA WRAPPER nowhere CASCADE;
-- rows that another holds are passed over: nobody waits (this session only shows that a second call finds the rest)
CALL interactions.purge('views', now(), 1);
-- how far it is comes no more often than once a second
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.6); RETURN OLD; END $$;
CREATE TRIGGER wait BEFORE DELETE ON interactions.views FOR EACH ROW EXECUTE FUNCTION wait();
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('u', 'i', 1000000000001), ('u', 'i', 1000000000002), ('u', 'i', 1000000000003);
CALL interactions.purge('views', now(), 1);
DROP TRIGGER wait ON interactions.views;
DROP FUNCTION wait();

INSERT INTO interactions_v1.users (external_id) VALUES ('u1');
SELECT interactions.erase_user('u1');
SELECT interactions.erase_user('u1');
SELECT interactions.erase_user('');
SELECT interactions.erase_user(NULL);

-- none, or null before the first VACUUM
SELECT interaction_type, nullif(rows, 0) AS rows, oldest, newest FROM interactions.stats WHERE interaction_type = 'bookmarks';
INSERT INTO interactions_v1.bookmarks (user_id, item_id, "timestamp") SELECT 'u', 'i', 1000000000000 + i FROM generate_series(1, 5) i;
ANALYZE interactions.bookmarks;
SELECT interaction_type, rows, bytes = pg_total_relation_size('interactions.bookmarks') AS bytes,
	interactions.timestamp_to_ms(oldest) AS oldest, interactions.timestamp_to_ms(newest) AS newest
FROM interactions.stats WHERE interaction_type = 'bookmarks';
SELECT interaction_type FROM interactions.stats ORDER BY interaction_type;
-- a few days hold most of the rows: the oldest and the newest are among them, or not; other tables are not shown
CREATE TABLE interactions.other (n int);
CREATE TEMP TABLE bookmarks (n int);
TRUNCATE interactions.bookmarks;
INSERT INTO interactions.bookmarks (user_id, item_id, "timestamp") SELECT 'u' || i, 'i', to_timestamp(1000000000 + 86400 * (i % 3)) FROM generate_series(1, 3000) AS i;
ANALYZE interactions.bookmarks;
SELECT rows, interactions.timestamp_to_ms(oldest) AS oldest, interactions.timestamp_to_ms(newest) AS newest FROM interactions.stats WHERE interaction_type = 'bookmarks';
SELECT interaction_type FROM interactions.stats;
DROP TABLE interactions.other;
-- a failed purge leaves no plan behind, nor does one that is repeated
CALL interactions.purge('views', '-infinity');
SELECT count(*) AS plans FROM pg_backend_memory_contexts WHERE name = 'CachedPlanSource' \gset
BEGIN; CALL interactions.purge('views', now()); ROLLBACK;
CALL interactions.purge('views', '-infinity');
CALL interactions.purge('views', '-infinity');
SELECT count(*) = :plans AS same FROM pg_backend_memory_contexts WHERE name = 'CachedPlanSource';
-- all of a type
SELECT interactions_v1.delete_bookmarks(user_id => 'u', delete_all => true);
SELECT interactions_v1.delete_bookmarks(delete_all => false);
SELECT interactions_v1.delete_bookmarks(delete_all => true);
-- zeros, however many, are integers
SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "i", "timestamp": 1000000000001, "duration": 0.00000000000000000000}');
SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "i", "timestamp": 1000000000001, "duration": 0.00000000000000000001}');
TRUNCATE interactions.bookmarks, interactions.views;
-- whatever the session's way of writing times
BEGIN;
SET LOCAL datestyle = 'Postgres';
SET LOCAL timezone = 'Asia/Shanghai';
INSERT INTO interactions.views (user_id, item_id, "timestamp") SELECT 'stats', 'i', timestamptz '2024-01-01 00:00+00' + n * interval '1 hour' FROM generate_series(0, 99) AS n;
ANALYZE interactions.views;
SELECT oldest = min("timestamp") AS oldest, newest = max("timestamp") AS newest FROM interactions.stats, interactions.views WHERE interaction_type = 'views' GROUP BY oldest, newest;
ROLLBACK;
