-- on tables that are partitioned by time the tests that follow find the same, as `test/run partitions` runs them
\set VERBOSITY terse
\pset tuples_only on
\pset format unaligned
SELECT interactions.create_tables(partitioned => true);
-- some of the times that they use are in the default partition
\set ECHO none
CREATE SCHEMA parts;
SELECT format('ALTER TABLE interactions.%I SET SCHEMA parts', relname) FROM pg_class WHERE relnamespace = 'interactions'::regnamespace AND relispartition AND relkind = 'r' ORDER BY 1
\gexec
SELECT format('CREATE TABLE parts.%s_%s PARTITION OF interactions.%I FOR VALUES FROM (%L) TO (%L)', type, n, type, since, before)
FROM unnest(ARRAY['bookmarks', 'ratings', 'purchases', 'cart_additions', 'views']) AS type,
	(VALUES (1, '2001-09-09 01:46:40.002+00', '2001-09-09 01:46:40.005+00'), (2, '2001-09-09 01:46:40.005+00', '2010-01-01 00:00+00'),
		(3, '2010-01-01 00:00+00', '2024-01-01 00:00+00'), (4, '2026-01-01 00:00+00', '2100-01-01 00:00+00')) AS parts (n, since, before)
\gexec
\set ECHO all
SELECT relid, pg_get_expr(relpartbound, relid) FROM pg_partition_tree('interactions.views') JOIN pg_class ON oid = relid WHERE isleaf ORDER BY relid::text;
