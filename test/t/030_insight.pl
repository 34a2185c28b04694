# What goes together in real ratings, and in passes, is what a plain query counts; a refresh says what it did, and how far it is, and can be cancelled.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'work_mem = 256MB');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION interactions; SELECT interactions.create_tables()');

my $ratings = ($ENV{TEST_DATA} // '') . '/movielens-ratings.csv.gz';
if (-f $ratings)
{
	$node->safe_psql('postgres', "COPY interactions_v1.ratings (user_id, item_id, value, \"timestamp\") FROM PROGRAM 'gzip -dc $ratings' CSV HEADER");
}
else
{
	note 'no real ratings here: some that are made up';
	$node->safe_psql('postgres', <<'SQL');
INSERT INTO interactions.ratings (user_id, item_id, value, "timestamp")
SELECT 'u' || n / 150, 'i' || (hashint4(n) & 1023) * (hashint4(n + 1) & 1023) / 1024, 3, '2020-01-01'::timestamptz + n / 5 * interval '10 minutes' FROM generate_series(1, 100000) AS n
SQL
}

# Baskets, pairs and users by window functions and a self-join
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE kept AS
WITH steps AS (SELECT user_id, item_id, "timestamp", ("timestamp" - lag("timestamp") OVER (PARTITION BY user_id ORDER BY "timestamp") <= '30 minutes') IS NOT TRUE AS begins FROM interactions.ratings),
	baskets AS (SELECT DISTINCT user_id, count(*) FILTER (WHERE begins) OVER (PARTITION BY user_id ORDER BY "timestamp") AS basket, item_id FROM steps),
	sized AS (SELECT *, count(*) OVER (PARTITION BY user_id, basket) AS items FROM baskets)
SELECT user_id, basket, item_id FROM sized WHERE items <= 100;
ANALYZE kept;
CREATE TABLE counted AS
WITH items AS (SELECT item_id, count(*) AS n FROM kept GROUP BY 1), total AS (SELECT count(*) AS t FROM (SELECT DISTINCT user_id, basket FROM kept) AS k),
	pairs AS (SELECT one.item_id, other.item_id AS other_item_id, count(*) AS baskets, count(DISTINCT one.user_id) AS users
		FROM kept AS one JOIN kept AS other USING (user_id, basket) WHERE one.item_id <> other.item_id GROUP BY 1, 2)
SELECT 'ratings' AS interaction_type, pairs.*, one.n AS item_baskets, other.n AS other_baskets, t AS total_baskets
FROM pairs JOIN items AS one USING (item_id) JOIN items AS other ON other.item_id = other_item_id CROSS JOIN total WHERE baskets * t > one.n * other.n;
SQL
my $different = <<'SQL';
SELECT count(*) FROM (
	(SELECT interaction_type, item_id, other_item_id, baskets, users, item_baskets, other_baskets, total_baskets FROM interactions.item_pairs EXCEPT TABLE counted)
	UNION ALL (TABLE counted EXCEPT SELECT interaction_type, item_id, other_item_id, baskets, users, item_baskets, other_baskets, total_baskets FROM interactions.item_pairs)) AS d
SQL

my $pairs = $node->safe_psql('postgres', 'SELECT count(*) FROM counted');
my $baskets = $node->safe_psql('postgres', 'SELECT count(*) FROM (SELECT DISTINCT user_id, basket FROM kept) AS baskets');
cmp_ok($pairs, '>', 100_000, 'there are pairs to compare');
for my $memory ('64MB', '1MB')
{
	my (undef, undef, $notice) = $node->psql('postgres', "SET maintenance_work_mem = '$memory'; CALL interactions.refresh_items('ratings', period => NULL, items_kept => 1000000)");
	like($notice, qr/NOTICE:  ratings: $baskets baskets, \d+ larger ones left out; \d+ items, $pairs pairs; \d+\.\d seconds/, "$memory: it says what it did");
	is($node->safe_psql('postgres', $different), 0, "$memory: $pairs pairs, none is different");
}
is($node->safe_psql('postgres', <<'SQL'), 0, 'of each item the best are kept');
SET client_min_messages = warning;
CALL interactions.refresh_items('ratings', period => NULL, items_kept => 20);
SELECT count(*) FROM (SELECT item_id, other_item_id, row_number() OVER (PARTITION BY item_id ORDER BY
		interactions.log_likelihood_ratio(baskets, item_baskets, other_baskets, total_baskets) DESC, other_item_id COLLATE "C") AS place FROM counted) AS own
	FULL JOIN interactions.item_pairs AS kept USING (item_id, other_item_id) WHERE (place <= 20) IS DISTINCT FROM (kept.item_id IS NOT NULL)
SQL

# At any time: while rows are read, pairs counted, and stored
my $before = $node->safe_psql('postgres', 'SELECT count(*), sum(baskets) FROM interactions.item_pairs');
for my $ms (5, 50, 100, 200, 400)
{
	$node->psql('postgres', "SET statement_timeout = $ms; SET maintenance_work_mem = '1MB'; CALL interactions.refresh_items('ratings', period => NULL, items_kept => 1000000)");
	my $now = $node->safe_psql('postgres', 'SELECT count(*), sum(baskets) FROM interactions.item_pairs');
	ok($now eq $before || $now =~ /^$pairs\|/, "a refresh of $ms ms left all as it was, or was done");
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_ls_tmpdir()'), 0, 'no temporary file is left');

$node->stop;
done_testing();
