# Logical decoding has every change: a subscriber gets each row of batches, COPY into the views and transfers, from plain tables into partitions and back; what wal2json tells adds up to the tables.

use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;
use Interactions;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $libraries = `pg_config --pkglibdir`;
chomp $libraries;
my $wal2json = -e "$libraries/wal2json.so";

sub server
{
	my ($name, $partitioned) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(allows_streaming => 'logical');
	$node->append_conf('postgresql.conf', "timezone = 'UTC'");
	$node->start;
	$node->safe_psql('postgres', "CREATE EXTENSION interactions; SELECT interactions.create_tables(partitioned => $partitioned)");
	# since 15.19, and what came with it
	if ($node->safe_psql('postgres', q(SELECT EXISTS (SELECT FROM pg_settings WHERE name = 'output_plugin_libraries'))) eq 't')
	{
		$node->append_conf('postgresql.conf', "output_plugin_libraries = 'pgoutput, wal2json'");
		$node->restart;
	}
	return $node;
}

my $plain = server('plain', 'false');
my $partitioned = server('partitioned', 'true');
$partitioned->safe_psql('postgres', "CREATE TABLE interactions.${_}_2023 PARTITION OF interactions.$_ FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')")
  for @types;

# Many rows by every way in, and every change to them
my $changes = <<'SQL';
CREATE FUNCTION pg_temp.body(user_id text, n integer, property text) RETURNS json LANGUAGE sql AS $$
	SELECT json_agg(json_build_object('user_id', user_id, 'item_id', 'i"' || i, 'timestamp', i * 3000000000::bigint, property, 1 + i % 4))
	FROM generate_series(1, n) AS i
$$;
SELECT interactions_v1.create_views(pg_temp.body('guest', 1200, 'duration'));
SELECT interactions_v1.create_views(pg_temp.body('guest', 1201, 'duration')); -- of which one is new
SELECT interactions_v1.create_ratings(pg_temp.body('anna', 500, 'value')), interactions_v1.import_purchases(pg_temp.body('guest', 500, 'price'));
SELECT interactions_v1.create_cart_addition('{"user_id": "guest", "item_id": "i", "price": 9.50}');
COPY (SELECT 'guest', 'j' || i, i * 3000000000::bigint, NULL FROM generate_series(1, 1100) AS i) TO :'file';
COPY interactions_v1.bookmarks FROM :'file';
INSERT INTO interactions_v1.views VALUES ('anna', 'i"1', 3000000000, NULL, 2), ('anna', 'i"2', 1, E'r\\\n', NULL); -- one is the guest's, too
INSERT INTO interactions_v1.users VALUES ('anna', 'Anna'), ('ben', 'Ben');
SELECT interactions_v1.transfer_interactions('guest', 'anna');
SELECT interactions_v1.delete_purchases('anna', from_timestamp => '1400000000000');
UPDATE interactions_v1.users SET external_id = 'annabel' WHERE external_id = 'anna';
UPDATE interactions.views SET "timestamp" = "timestamp" + interval '9 years' WHERE item_id = 'i"467'; -- of 2014
SELECT interactions.erase_user('ben');
CALL interactions.purge('ratings', '1980-01-01');
BEGIN;
SELECT interactions_v1.create_views(pg_temp.body('nobody', 100, 'duration'));
ROLLBACK;
SQL

# The rows that the changes lead to which wal2json tells, each by its key
sub replayed
{
	my (@changes) = @_;
	my (%rows, %lost);
	for (map { decode_json($_) } @changes)
	{
		my ($table, $action) = (@$_{qw(table action)});
		$table =~ s/_(?:2023|default)$//;
		my ($row, $old) = map { my %values = map { ($_->{name} => $_->{value}) } @$_; \%values } map { $_ // [] } @$_{qw(columns identity)};
		my $key = sub { join '|', $table, map { $_ // () } @{ $_[0] }{qw(user_id timestamp item_id fingerprint)} };
		$lost{ $key->($old) }++ if $action ne 'I' && !delete $rows{ $key->($old) };
		$rows{ $key->($row) } = { table => $table, %$row } if $action ne 'D';
	}
	is_deeply(\%lost, {}, 'what is changed or deleted was told of');
	return [ map { JSON::PP->new->canonical->encode($_) } values %rows ];
}

# The same of the tables
sub rows
{
	my ($node) = @_;
	return [ map { JSON::PP->new->canonical->encode(decode_json($_)) } split /\n/, $node->safe_psql('postgres', join ";\n",
			'SELECT to_jsonb(u) || jsonb_build_object(\'table\', \'users\', \'created_at\', created_at::text) FROM interactions.users AS u',
			map { qq(SELECT to_jsonb(t) || jsonb_build_object('table', '$_', 'timestamp', "timestamp"::text) FROM interactions.$_ AS t) } @types) ];
}

for ([ $plain, $partitioned ], [ $partitioned, $plain ])
{
	my ($publisher, $subscriber) = @$_;
	my ($from, $tables) = ($publisher->connstr . ' dbname=postgres', join ', ', map { "interactions.$_" } @types, 'users');
	$_->safe_psql('postgres', "TRUNCATE $tables") for @$_;
	$publisher->safe_psql('postgres', "CREATE PUBLICATION p FOR TABLE $tables WITH (publish_via_partition_root = true)");
	$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION s CONNECTION '$from' PUBLICATION p");
	$subscriber->wait_for_subscription_sync($publisher, 's');
	$publisher->safe_psql('postgres', "SELECT pg_create_logical_replication_slot('json', 'wal2json')") if $wal2json;

	my $file = PostgreSQL::Test::Utils::tempdir . '/bookmarks';
	IPC::Run::run([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-v', "file=$file", '-o', '/dev/null', '-d', $publisher->connstr('postgres') ], '<', \$changes)
	  or die 'the changes have failed';
	my $content = content($publisher, 'postgres');
	cmp_ok($content =~ tr/\n//, '>', 3000, $publisher->name . ' publishes many rows');
	$publisher->wait_for_catchup('s');
	ok(content($subscriber, 'postgres') eq $content, $subscriber->name . ' has the same');
	$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION s');

	SKIP:
	{
		skip 'wal2json is not installed', 2 unless $wal2json;
		my @told = split /\n/, $publisher->safe_psql('postgres', <<'SQL');
SELECT data FROM pg_logical_slot_get_changes('json', NULL, NULL, 'format-version', '2', 'include-transaction', 'false');
SQL
		ok(join("\n", sort @{ replayed(@told) }) eq join("\n", sort @{ rows($publisher) }), 'wal2json tells of every change');
	}
}

$_->stop for $plain, $partitioned;
done_testing();
