# Through pgbouncer, many clients share two server connections, transaction by transaction: each gets its own answers, and none anything of another's.

use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;
use Clients;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'usleep';

$ENV{PATH} .= ':/usr/sbin';
plan skip_all => 'pgbouncer is not installed' unless eval { IPC::Run::run([ 'pgbouncer', '--version' ], '>', \my $version) };

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
CREATE ROLE tenant;
CREATE ROLE app LOGIN IN ROLE tenant;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO app, tenant;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA interactions, interactions_v1 TO app, tenant;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO app, tenant;
-- bookmarks are each tenant's own
ALTER TABLE interactions.bookmarks ADD tenant text DEFAULT current_setting('shop.tenant', true), ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON interactions.bookmarks TO tenant USING (tenant = current_setting('shop.tenant'));
CREATE POLICY every ON interactions.bookmarks TO app USING (true);
SQL

my ($host, $port, $folder) = ($node->host, PostgreSQL::Test::Cluster::get_free_port(), PostgreSQL::Test::Utils::tempdir_short);
append_to_file("$folder/pgbouncer.ini", <<"END");
[databases]
postgres = host=$host port=${\$node->port} user=app
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir = $folder
auth_type = any
pool_mode = transaction
default_pool_size = 2
ignore_startup_parameters = extra_float_digits
END
my $pgbouncer = IPC::Run::start([ 'pgbouncer', "$folder/pgbouncer.ini" ], '<', \undef, '>&', "$folder/log");

END
{
	local $?;
	$pgbouncer->kill_kill if $pgbouncer;
}

my %where = (PGHOST => $folder, PGPORT => $port, PGUSER => 'app', PGDATABASE => 'postgres', POOLED => 1);

# Runs a program as a client of pgbouncer's
sub pooled
{
	my ($input, @command) = @_;
	my $output = '';
	local @ENV{ keys %where } = values %where;
	IPC::Run::run(\@command, '<', \$input, '>&', \$output);
	return $output;
}
my @psql = ('psql', '-X', '-q', '-A', '-t', '-v', 'VERBOSITY=sqlstate');

for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
{
	last if pooled(undef, @psql, '-c', 'SELECT 1') eq "1\n";
	usleep(100_000);
}

# The clients at once, two of each
my @started = map { my $client = $_; map { [ $client, "$client->{name}-$_", start_client($client, "$client->{name}-$_", %where) ] } 1 .. 2 }
  grep { $_->{installed} } @clients;
for (@started)
{
	my ($client, $user, $started) = @$_;
	$started->{run}->finish;
	is($started->{output}, expected($client, $user, 0), "$user, beside the others");
}

# Tenants at once: each stores for the same user, and lists what it has stored itself
append_to_file("$folder/tenant.sql", <<'SQL');
\set time random(1000000000000, 1700000000000)
BEGIN;
SELECT set_config('shop.tenant', :client_id::text, true);
SET LOCAL ROLE tenant;
SELECT 1 / (interactions_v1.create_bookmarks(json_build_array(json_build_object('user_id', 'u', 'item_id', 'of ' || :client_id, 'timestamp', :time::bigint)))->>'created')::integer;
SELECT 1 / (count(*) FILTER (WHERE "timestamp" = :time::bigint) = 1 AND bool_and(item_id = 'of ' || :client_id))::integer FROM interactions_v1.list_user_bookmarks('u');
COMMIT;
SELECT 1 / (current_setting('shop.tenant', true) = '' AND current_user = 'app' AND current_setting('response.status', true) = '')::integer;
SQL
for my $mode (qw(simple extended))
{
	like(pooled(undef, 'pgbench', '-n', '-M', $mode, '-c', 8, '-j', 2, '-t', 50, '-f', "$folder/tenant.sql"),
		qr{actually processed: 400/400}, "eight tenants, $mode protocol: each its own rows, and no setting stays");
}

my $servers = q(SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity WHERE usename = 'app');
my $two = $node->safe_psql('postgres', $servers);
like($two, qr/^\d+ \d+$/, 'two server connections did it all');

is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')), '0', 'and hold no lock of a client that has what it wanted');

# What a client leaves behind that fails, or goes away in the middle, is not the next one's
my $good = q(SELECT interactions_v1.create_ratings('[{"user_id": "w", "item_id": "i", "timestamp": 1700000000000, "value": 5}]'));
for (1 .. 4)
{
	is(pooled("BEGIN; $good; SELECT interactions_v1.create_ratings('[{}]'); ROLLBACK;\n", @psql),
		qq({"created": 1, "duplicates": 0}\nERROR:  23502\n), 'a batch is refused');
	is(pooled("COPY interactions_v1.ratings FROM STDIN;\nw\ti\t1700000000000\t\\N\t5\nw\ti\tx\n\\.\n", @psql), "ERROR:  22P02\n", 'and a COPY');
	is(pooled("BEGIN; SET LOCAL statement_timeout = '1ms'; $good, pg_sleep(10); ROLLBACK;\n", @psql), "ERROR:  57014\n", 'another is cancelled');
	is(pooled("BEGIN; $good; ROLLBACK;\n", @psql), qq({"created": 1, "duplicates": 0}\n), 'the next one finds nothing of it');
}
is($node->safe_psql('postgres', $servers), $two, 'and has the same connections');
pooled("BEGIN; SELECT interactions_v1.transfer_interactions('u', 'v');\n", @psql);
is(pooled("BEGIN; SELECT interactions_v1.transfer_interactions('u', 'v')->>'duplicates'; ROLLBACK;\n", @psql), "0\n", 'a client goes away in a transfer, and its locks with it');
is($node->safe_psql('postgres', q(SELECT count(*) FROM interactions.ratings WHERE user_id = 'w')), '0', 'nothing is stored of all that');

$node->stop;
done_testing();
