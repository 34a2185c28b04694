# A file of real ratings in wire format is one \copy away; each list is what plain SQL makes of the file; a second load stores nothing.

use strict;
use warnings FATAL => 'all';
use File::Basename qw(dirname);
use IO::Uncompress::Gunzip qw(gunzip);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# TEST_DATA is the folder, for tests that run in a copy of the project
my $data = $ENV{TEST_DATA} // dirname(__FILE__) . '/../../../shared/data';
my $file = "$data/movielens-ratings.csv.gz";
plan skip_all => 'there is no movielens-ratings.csv.gz' unless -r $file;

my $csv = PostgreSQL::Test::Utils::tempdir . '/ratings.csv';
gunzip($file => $csv) or die "gunzip failed";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', <<SQL);
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
CREATE TABLE file (user_id text COLLATE "C", item_id text COLLATE "C", value float8, "timestamp" bigint);
\\copy file FROM '$csv' CSV HEADER
SQL
my $copy = qq(\\copy interactions_v1.ratings (user_id, item_id, value, "timestamp") FROM '$csv' CSV HEADER);

sub value { return $node->safe_psql('postgres', $_[0]) }

value($copy);
is(value('SELECT count(*) FROM interactions.ratings'), value('SELECT count(*) FROM file'), 'every line is stored');
is(value('SELECT count(*) FROM interactions.ratings'), '100004', 'as many as MovieLens says');
is( value(q(SELECT * FROM interactions_v1.ratings WHERE user_id = '1' AND item_id = '31')), '1|31|1260759144000||2.5', 'the first line');
is(value('SELECT count(*) FROM interactions_v1.users'), '671', 'its users are known');
is( value('SELECT count(*) FROM interactions_v1.ratings JOIN file USING (user_id, item_id, value, "timestamp")'), '100004',
	'each row is one of the file');

for my $by ([ 'user', 'item' ], [ 'item', 'user' ])
{
	my ($owner, $other) = @$by;
	is( value(<<SQL), '0', "the list of each $owner is that of plain SQL, in order");
SELECT count(*) FROM (
	SELECT ${owner}_id, array_agg((${other}_id, "timestamp", value)::text ORDER BY "timestamp" DESC, ${other}_id DESC) AS rows
	FROM file GROUP BY ${owner}_id) AS plain
WHERE rows IS DISTINCT FROM ARRAY(SELECT (${other}_id, "timestamp", value)::text
	FROM interactions_v1.list_${owner}_ratings(plain.${owner}_id));
SQL

	# 21,845 rows share user and time with another: cursors fall among them
	is( value(<<SQL), '0', "pages of 7 together are the list of a $owner");
WITH RECURSIVE page AS (
	SELECT ${owner}_id, ARRAY(SELECT list FROM interactions_v1.list_${owner}_ratings(${owner}_id, 7) AS list) AS rows, 1 AS number
	FROM (SELECT ${owner}_id FROM file GROUP BY ${owner}_id ORDER BY count(*) DESC LIMIT 20) AS owners
	UNION ALL
	SELECT ${owner}_id, ARRAY(SELECT list FROM interactions_v1.list_${owner}_ratings(${owner}_id, 7,
			(rows[cardinality(rows)])."timestamp" || ':' || (rows[cardinality(rows)]).${other}_id) AS list), number + 1
	FROM page WHERE cardinality(rows) > 0),
paged AS (
	SELECT page.${owner}_id, array_agg(list.${other}_id ORDER BY number, ordinality) AS ids
	FROM page, unnest(rows) WITH ORDINALITY AS list GROUP BY page.${owner}_id)
SELECT count(*) FROM paged
WHERE ids IS DISTINCT FROM ARRAY(SELECT ${other}_id FROM interactions_v1.list_${owner}_ratings(paged.${owner}_id));
SQL
}

my $before = value('SELECT sum(fingerprint::numeric), count(*) FROM interactions.ratings');
value($copy);
is(value('SELECT sum(fingerprint::numeric), count(*) FROM interactions.ratings'), $before, 'a second load stores nothing');
is( value(q(SELECT interactions_v1.create_ratings(json_agg(file)) FROM file)), '{"created": 0, "duplicates": 100004}',
	'nor does the file as one batch');
value('TRUNCATE interactions.ratings');
is( value(q(SELECT interactions_v1.create_ratings(json_agg(file)) FROM file)), '{"created": 100004, "duplicates": 0}',
	'as one batch into an empty table');
is(value('SELECT sum(fingerprint::numeric), count(*) FROM interactions.ratings'), $before, 'the same is stored');

$node->stop;
done_testing();
