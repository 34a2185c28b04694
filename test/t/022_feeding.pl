# A recommender that is fed as doc/feeding.md shows has the tables row by row: from the export and the changes after it, while clients write, and however often it or the server dies.

use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;
use Clients;
use Interactions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $libraries = `pg_config --pkglibdir`;
chomp $libraries;
-e "$libraries/wal2json.so" or plan skip_all => 'wal2json is not installed';
my ($psycopg) = grep { $_->{name} eq 'psycopg' } @clients;
$psycopg->{installed} or plan skip_all => 'python3-psycopg is not installed';

my $text = slurp_file("$FindBin::RealBin/../../doc/feeding.md");
my %blocks;
push @{ $blocks{$1} }, $2 while $text =~ /^```(\w[\w ]*)\n(.*?)^```/msg;
my ($setting_up, $changes, $end) = @{ $blocks{'sql wal2json'} };
my $load = PostgreSQL::Test::Utils::tempdir . '/load.sql';

# What clients do: batches, single interactions, transfers, renames, deletions, erasures, and what is rolled back
append_to_file($load, <<'SQL');
\set user random(1, 40)
\set other random(1, 40)
\set item random(1, 300)
\set kind random(1, 10)
SELECT interactions_v1.create_purchases(json_agg(json_build_object('user_id', 'ü' || :user, 'item_id', 'i"' || :item + i, 'timestamp', 1700000000000 + i * 1000, 'price', i / 8.0, 'amount', 1 + i)))
FROM generate_series(0, 20) AS i;
INSERT INTO interactions.views (user_id, item_id, duration, note) VALUES ('ü' || :user, 'i' || :item, :item, repeat(:item::text, 2000));
SELECT interactions_v1.create_rating(json_build_object('user_id', 'ü' || :user, 'item_id', 'i' || :item, 'value', :kind / 3.0 + 0.1));
\if :kind < 4
SELECT interactions_v1.transfer_interactions('ü' || :user, 'ü' || :other || 'x', missing_ok => true);
\elif :kind < 6
UPDATE interactions_v1.users SET external_id = 'ü' || :other WHERE external_id = 'ü' || :user || 'x';
\elif :kind < 7
SELECT interactions.erase_user('ü' || :other);
\elif :kind < 8
SELECT interactions_v1.delete_purchases(item_id => 'i"' || :item);
\elif :kind < 9
UPDATE interactions.views SET duration = duration + 1 WHERE user_id = 'ü' || :other;
\else
BEGIN;
DELETE FROM interactions.purchases WHERE user_id = 'ü' || :user;
ROLLBACK;
\endif
SQL

sub server
{
	my ($name, $partitioned) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', "wal_level = replica\nmax_wal_senders = 4");
	$node->start;
	$node->safe_psql('postgres', 'CREATE DATABASE shop');
	$node->safe_psql('shop', "CREATE EXTENSION interactions; SELECT interactions.create_tables(partitioned => $partitioned)");
	$node->safe_psql('shop', "CREATE TABLE interactions.${_}_2023 PARTITION OF interactions.$_ FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')")
	  for $partitioned eq 'true' ? @types : ();
	$node->safe_psql('shop', 'ALTER TABLE interactions.views ADD note text');
	$node->safe_psql('shop', "ALTER TABLE $_ ALTER note SET STORAGE EXTERNAL") # out of line, so that a transfer does not tell of it
	  for split /\n/, $node->safe_psql('shop', q(SELECT attrelid::regclass FROM pg_attribute WHERE attname = 'note'));
	return $node;
}

# Each row, as it would be written down
sub rows
{
	my ($node) = @_;
	return $node->safe_psql('shop', join ' UNION ALL ', map {
		my $type = $_;
		my $columns = $node->safe_psql('shop', qq(SELECT string_agg(format('coalesce(%I::text, ''-'')', attname), ', ' ORDER BY attname COLLATE "C")
			FROM pg_attribute WHERE attrelid = 'interactions.$type'::regclass AND attnum > 0));
		qq(SELECT concat_ws('|', '$type', $columns) COLLATE "C" AS line FROM interactions.$type)
	} @types) =~ s/\z/\n/r;
}

# The same of what the recommender has
sub has
{
	my ($folder) = @_;
	my $out = '';
	IPC::Run::run([ @{ $psycopg->{command} }, '-c', <<'PYTHON', "$folder/recommender.db" ], '>', \$out);
import json, sqlite3, sys
for key, row in sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute("SELECT key, row FROM rows"):
    print("|".join([json.loads(key)[0]] + ["-" if value is None else value for name, value in sorted(json.loads(row).items())]))
PYTHON
	return $out;
}

sub sorted { return join "\n", sort split /\n/, $_[0] }

for my $partitioned ('false', 'true')
{
	my $name = $partitioned eq 'true' ? 'partitioned' : 'plain';
	my $node = server($name, $partitioned);
	my $known = $node->safe_psql('shop', q(SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'));
	$node->safe_psql('shop', $_) for grep { $known || !/output_plugin/ } split /^(?<=;\n)/m, $setting_up;
	$node->restart;
	my $folder = PostgreSQL::Test::Utils::tempdir;
	append_to_file("$folder/follow.py", $blocks{python}[0]);
	append_to_file("$folder/export.sql", $blocks{'sql replication'}[0]);
	local @ENV{qw(PGHOST PGPORT PYTHONIOENCODING LC_ALL)} = ($node->host, $node->port, 'utf-8', 'C.UTF-8');

	# A program that ends by itself has failed, unless the server went away
	my $program;
	my $begin = sub { $program = IPC::Run::start([ 'env', '-C', $folder, @{ $psycopg->{command} }, 'follow.py' ], '<', \undef, '>&', "$folder/said") };
	my $kill = sub { $program->pumpable and $program->kill_kill(grace => 0) };
	my $said = sub { slurp_file("$folder/said") };

	my @pgbench = ('pgbench', '-n', '-U', $node->safe_psql('shop', 'SELECT current_user'), '--max-tries=100', '-f', $load, 'shop');
	command_ok([ @pgbench, '-c', 2, '-t', 20 ], "$name: rows from before");
	my $out = '';
	my $clients = IPC::Run::start([ @pgbench, '-c', 4, '-T', 7 ], '<', \undef, '>&', \$out);
	sleep 1;
	command_ok([ 'env', '-C', $folder, 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', 'export.sql', 'dbname=shop user=recommender replication=database' ], "$name: the export");
	my $exported = -s "$folder/purchases.csv";
	for (1 .. 4)
	{
		$begin->();
		sleep 1;
		$kill->();
		is($said->(), '', "$name: follows, time $_");
	}
	ok($clients->finish, "$name: the clients found nothing amiss") or diag $out;
	is($node->safe_psql('shop', q(SELECT sum(n_tup_upd) > 200, sum(n_tup_del) > 200 FROM pg_stat_user_tables WHERE relname !~ '^users')),
		't|t', "$name: rows were transferred, changed and removed");

	$begin->();
	$node->stop('immediate');
	eval { $program->finish };
	like($said->(), qr/\A\z|psycopg\.(?:errors\.|OperationalError)/, "$name: the server ends, and the program with it");
	$node->start;
	$begin->();
	$node->safe_psql('shop', q(INSERT INTO interactions.bookmarks (user_id, item_id) VALUES ('last', 'one')));
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		last if has($folder) =~ /^bookmarks\|.*\|last$/m || $said->() ne '';
		select undef, undef, undef, 0.1;
	}
	$kill->();
	is($said->(), '', "$name: it goes on");

	my $rows = sorted(rows($node));
	cmp_ok($rows =~ tr/\n//, '>', 500, "$name: there are rows");
	ok($exported, "$name: some of them from the export");
	ok(sorted(has($folder)) eq $rows, "$name: row by row the recommender has the same");

	is($node->safe_psql('shop', $changes), '', "$name: nothing is left to tell");
	$node->safe_psql('shop', $end);
	$node->stop;
}
done_testing();
