-- Where Citus is not installed, distribute_tables says so, and nothing has changed; what shards need works on tables.
\pset tuples_only on
\pset format unaligned
DO $$
BEGIN
	PERFORM interactions.distribute_tables(4);
EXCEPTION WHEN OTHERS THEN
	RAISE NOTICE '% %', SQLSTATE, SQLERRM;
END
$$;
-- what purge has a server do with a shard, which is a table
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") SELECT 'shard', 'i', 1000000000000 + i FROM generate_series(1, 5) AS i;
CALL interactions.purge_shard('interactions.views', interactions.timestamp_from_ms('1000000000004'), 2, 0);
CALL interactions.purge_shard(NULL, now(), 2, 0);
DELETE FROM interactions.views WHERE user_id = 'shard' RETURNING item_id;
