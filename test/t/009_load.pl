# Under load on few users nothing fails but by a deadlock of a transfer and a batch, and no row is lost: what was created, less what was deleted, is there.

use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;
use Interactions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{TEST_LONG} ? 600 : 20;
my $clients = 16;
my $seed = $ENV{TEST_SEED} // 20;
note "$clients clients, $seconds s, seed $seed for pgbench (TEST_SEED sets it)";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "max_connections = 50\ndeadlock_timeout = 200ms\nautovacuum_naptime = 1s");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
CREATE EXTENSION amcheck;
CREATE TABLE ledger (kind text, n bigint);

-- some of 6 users and 30 items, and often the same once more
CREATE FUNCTION body(n integer, property text) RETURNS json LANGUAGE sql VOLATILE AS $$
	SELECT json_agg(json_build_object('user_id', 'u' || (random() * 5)::integer, 'item_id', 'i' || (random() * 29)::integer,
		'timestamp', 1000000000000 + (random() * 5000)::integer, property, 1 + (random() * 2)::integer))
	FROM generate_series(1, n)
$$;

-- a user who has nothing is unknown, which is documented
CREATE FUNCTION transfer(from_user_id text, to_user_id text, delete_user boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO ledger SELECT 'duplicates', (interactions_v1.transfer_interactions(from_user_id, to_user_id, delete_user)->>'duplicates')::bigint;
EXCEPTION WHEN SQLSTATE 'PT404' THEN
	INSERT INTO ledger VALUES ('unknown', 1);
END
$$;
SQL

# name and weight -> script; each statement is a transaction
my %scripts = (
	'create@6' => <<'SQL',
WITH created AS (SELECT (interactions_v1.create_view(body(1, 'duration')->0)).item_id)
INSERT INTO ledger SELECT 'create', (current_setting('response.status') = '201')::integer FROM created WHERE item_id IS NOT NULL;
SQL
	'batch@6' => <<'SQL',
\set n random(1, 200)
INSERT INTO ledger SELECT 'create', (interactions_v1.create_views(body(:n, 'duration'))->>'created')::bigint;
INSERT INTO ledger SELECT 'create', (interactions_v1.create_purchases(body(:n, 'amount'))->>'created')::bigint;
SQL
	'insert@1' => <<'SQL',
INSERT INTO interactions_v1.users VALUES ('u' || (random() * 5)::integer, 'name');
UPDATE interactions_v1.users SET name = 'other name' WHERE external_id = 'u' || (random() * 5)::integer;
SQL
	'list@6' => <<'SQL',
\set n random(0, 29)
SELECT count(*) FROM interactions_v1.list_user_views('u' || :n % 6, 100);
SELECT count(*) FROM interactions_v1.list_item_purchases('i' || :n);
SQL
	'delete@3' => <<'SQL',
\set n random(0, 29)
INSERT INTO ledger SELECT 'delete', (interactions_v1.delete_views('u' || :n % 6, 'i' || :n)->>'deleted')::bigint;
INSERT INTO ledger SELECT 'delete', (interactions_v1.delete_purchases(item_id => 'i' || :n)->>'deleted')::bigint;
SQL
	'delete_old@1' => <<'SQL',
\set ms random(1000000000000, 1000000002500)
INSERT INTO ledger SELECT 'delete', (interactions_v1.delete_views(to_timestamp => :ms::text)->>'deleted')::bigint;
SQL
	'erase@1' => <<'SQL',
\set n random(0, 5)
INSERT INTO ledger SELECT 'delete', sum(value::bigint) FROM json_each_text(interactions.erase_user('u' || :n)->'erased');
SQL
	'purge@1' => <<'SQL',
\set ms random(1000000000000, 1000000002500)
CALL interactions.purge('purchases', interactions.timestamp_from_ms(':ms'), 500);
SQL
	'transfer@8' => "\\set from random(0, 5)\n\\set to (:from + random(1, 5)) % 6\nSELECT transfer('u' || :from, 'u' || :to, random() < 0.5);\n");

my $folder = PostgreSQL::Test::Utils::tempdir;
my @files;
for my $name (sort keys %scripts)
{
	my ($file, $weight) = split /@/, $name;
	append_to_file("$folder/$file.sql", $scripts{$name});
	push @files, '-f', "$folder/$file.sql\@$weight";
}
my ($out, $err) = run_command(
	[ 'pgbench', '-n', '--max-tries', 10, '-c', $clients, '-j', 2, '-T', $seconds, '--random-seed', $seed, @files, '-h', $node->host, '-p', $node->port, 'postgres' ]);

my $purged = 0;
$purged += $1 while $err =~ /purged (\d+) of purchases$/mg;
is(join('', grep { !/NOTICE:  (purged|user does not exist)/ && !/^pgbench( \(|: setting random seed)/ } split /^/, $err), '', 'no client met an error');
like($out, qr/^number of failed transactions: 0 /m, 'no transaction failed');
# a batch that repeats rows of both users may meet a transfer so, and is sent again
my $log = slurp_file($node->logfile);
unlike($log, qr/ERROR:  (?!deadlock detected)/, 'the server log holds no other error than a deadlock');
my @deadlocks = $log =~ /^.*ERROR:  deadlock detected\n(?:.*\n)*?.*STATEMENT:  (.*)/mg;
is(join("\n", grep { !/transfer\(|create_(view|purchase)s/ } @deadlocks), '', 'only transfers and batches deadlock');

my %ledger = map { split /\|/ } split /\n/, $node->safe_psql('postgres', 'SELECT kind, sum(n) FROM ledger GROUP BY kind');
my $stored = $node->safe_psql('postgres', 'SELECT (SELECT count(*) FROM interactions.views) + (SELECT count(*) FROM interactions.purchases)');
cmp_ok($ledger{$_}, '>', 0, "there was something to count: $_") for qw(create delete duplicates);
cmp_ok($purged, '>', 0, 'there was something to count: purged');
is($stored, $ledger{create} - $ledger{delete} - $ledger{duplicates} - $purged, 'what was created, less what was deleted, is there');
is(corruption($node), '', 'amcheck finds nothing');
my ($operations) = $out =~ /^number of transactions actually processed: (\d+)/m;
diag sprintf '%d operations in %d s; created %d, deleted %d, purged %d, merged %d, users unknown to a transfer %d',
  $operations, $seconds, @ledger{ 'create', 'delete' }, $purged, $ledger{duplicates}, $ledger{unknown} // 0;

$node->stop;
done_testing();
