# pg_partman takes a filled table into weekly partitions, word by word as doc/operations.md says, while clients write: none meets an error, every acknowledged write is there once, and retention drops old weeks and nothing else.

use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;
use Interactions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $extensions = `pg_config --sharedir`;
chomp $extensions;
plan skip_all => 'pg_partman is not installed' unless -e "$extensions/extension/pg_partman.control";

my ($section) = slurp_file('doc/operations.md') =~ /^## Partitions\n(.*?)^## /ms;
my ($create, $from_plain, $install, $hand_over, $nightly, @more) = $section =~ /^```sql.*?\n(.*?)^```$/msg;
ok($nightly && !@more, 'the document has the blocks that are run here');

my $seed = $ENV{TEST_SEED} // 20;
srand($seed);
note "seed $seed (TEST_SEED sets it)";
my $week = 7 * 24 * 3600 * 1000;
my $now = int(time * 1000);
my @partitioned = qw(views purchases);
my $clients = 3;
my $operations = 10000;    # more than a client can do until it is told to stop
my $serial = 0;            # each interaction has a timestamp of its own

my $folder = PostgreSQL::Test::Utils::tempdir;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'America/New_York'");    # whatever the server's, weeks are those of UTC
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE shop LOGIN;
CREATE ROLE app LOGIN;
GRANT CREATE ON DATABASE postgres TO shop;
CREATE EXTENSION interactions;
CREATE EXTENSION amcheck;
CREATE TABLE control AS SELECT false AS stop;
GRANT SELECT ON control TO app;
GRANT USAGE, CREATE ON SCHEMA interactions, interactions_v1 TO shop;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO app;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO shop, app;
SQL

# SQL as the owner of the tables
sub shop
{
	my ($sql, $db) = @_;
	return $node->safe_psql($db // 'postgres', $sql, extra_params => [ '-U', 'shop' ]);
}

# A block of the document for one table
sub block
{
	my ($sql, $type) = @_;
	$sql =~ s/views/$type/g;
	$sql =~ s/ p_type => 'native',// if $node->safe_psql('postgres', q(SELECT default_version FROM pg_available_extensions WHERE name = 'pg_partman')) !~ /^4/;
	return $sql;
}

# A client writes for users of its own, so its operations alone say what must be stored: type -> user -> timestamp -> 1.
# Returns an operation: its SQL, and what it does to that.
sub operation
{
	my ($client, $weeks) = @_;
	my ($user, $other) = map { "$client:$_" } (int(rand 3), 3 + int(rand 3));
	my $type = $partitioned[ rand @partitioned ];
	my @ms = map { $now - $week * int(rand $weeks) - ++$serial } 1 .. (rand() < 0.3 ? 1 + int(rand 100) : 1);
	my $json = join ',', map { qq({"user_id": "$user", "item_id": "i", "timestamp": $_}) } @ms;
	my $values = join ',', map { "('$user', 'i', $_)" } @ms;
	my $store = sub { $_[0]{$type}{$user}{$_} = 1 for @ms };
	my $kind = rand;

	return ("SELECT interactions_v1.create_$type('[$json]')", $store) if $kind < 0.35;
	return ("SELECT interactions_v1.create_$type('[$json]');\nSELECT interactions_v1.create_$type('[$json]')", $store) if $kind < 0.45;
	return ("INSERT INTO interactions_v1.$type (user_id, item_id, \"timestamp\") VALUES $values", $store) if $kind < 0.6;
	return ("SELECT interactions_v1.create_" . ($type =~ s/s$//r) . "('{\"user_id\": \"$user\", \"item_id\": \"i\", \"timestamp\": $ms[0]}')",
		sub { $_[0]{$type}{$user}{ $ms[0] } = 1 }) if $kind < 0.75;
	return ("INSERT INTO interactions.$type (user_id, item_id, \"timestamp\") SELECT column1, column2, interactions.timestamp_from_ms(column3::text) FROM (VALUES $values) AS rows",
		$store) if $kind < 0.85;
	# an unknown source is refused: so the source gets rows in the same transaction
	($user, $other) = ($other, $user) if rand() < 0.5;
	$values = join ',', map { "('$user', 'i', $_)" } @ms;
	return ("BEGIN \\; INSERT INTO interactions_v1.$type (user_id, item_id, \"timestamp\") VALUES $values \\; CALL interactions.transfer_interactions('$user', '$other') \\; COMMIT",
		sub {
			my ($state) = @_;
			$state->{$type}{$user}{$_} = 1 for @ms;
			for my $by_user (values %$state)
			{
				my $from = delete $by_user->{$user};
				$by_user->{$other}{$_} = 1 for keys %{ $from // {} };
			}
		});
}

my @states = map { {} } 1 .. $clients;
my (@sessions, @plans);

sub start_session
{
	my ($name, @statements) = @_;
	my $n = 0;
	open my $script, '>', "$folder/$name.sql" or die $!;
	print $script "\\o /dev/null\n";
	# between two statements it looks whether to stop, so that none is left open
	print $script "$_;\n\\echo done ", ++$n, "\nSELECT stop FROM control, pg_sleep(0.005) \\gset\n\\if :stop\n\\q\n\\endif\n" for @statements;
	close $script;
	push @sessions, IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-U', 'app', '-d', $node->connstr('postgres'), '-f', "$folder/$name.sql" ],
		'<', \undef, '>', "$folder/$name.out", '2>', "$folder/$name.err", IPC::Run::timeout(600));
}

sub start_clients
{
	my ($weeks) = @_;
	@sessions = @plans = ();
	$node->safe_psql('postgres', 'UPDATE control SET stop = false');
	for my $client (0 .. $clients - 1)
	{
		my @operations = map { [ operation($client, $weeks) ] } 1 .. $operations;
		push @plans, [ map { $_->[1] } @operations ];
		start_session($client, map { $_->[0] } @operations);
	}
	# a user to whom nothing happens has the same list at all times
	start_session('reader', (q(SELECT 1 / (count(*) = 10)::integer FROM interactions_v1.list_user_views('fixed', 100))) x $operations);
	went_on('clients began');
}

sub acknowledged
{
	my ($name) = @_;
	return scalar(() = slurp_file("$folder/$name.out") =~ /^done /mg);
}

# Every client gets on, which it would not with an error
sub went_on
{
	my ($name) = @_;
	my @names = (0 .. $clients - 1, 'reader');
	my %before = map { $_ => -e "$folder/$_.out" ? acknowledged($_) : 0 } @names;
	my $deadline = time + 60;
	my @waiting = @names;
	while (@waiting && time < $deadline)
	{
		usleep(50_000);
		@waiting = grep { acknowledged($_) <= $before{$_} } @waiting;
	}
	is("@waiting", '', "$name, and clients write on");
}

sub stop_clients
{
	my ($name) = @_;
	$node->safe_psql('postgres', 'UPDATE control SET stop = true');
	$_->finish for @sessions;
	for my $client (0 .. $clients - 1)
	{
		my $done = acknowledged($client);
		cmp_ok($done, '<', $operations, "$name, client $client: wrote to the end");
		$_->($states[$client]) for @{ $plans[$client] }[ 0 .. $done - 1 ];
	}
	is(join('', map { slurp_file("$folder/$_.err") } 0 .. $clients - 1, 'reader'), '', "$name: no client met an error");
}

# What must be stored from a time on, and what is, as text
sub same_rows
{
	my ($name, $since, $db) = @_;
	my $total = 0;
	for my $type (@partitioned)
	{
		for my $client (0 .. $clients - 1)
		{
			my $users = $states[$client]{$type} // {};
			my $expected = join "\n", map { my $user = $_; map { "$user $_" } sort { $a <=> $b } grep { $_ >= $since } keys %{ $users->{$user} } } sort keys %$users;
			my $stored = $node->safe_psql($db // 'postgres',
				qq(SELECT user_id || ' ' || "timestamp" FROM interactions_v1.$type WHERE user_id LIKE '$client:%' ORDER BY user_id COLLATE "C", "timestamp"));
			ok($stored eq $expected, "$name: client $client has in $type what was acknowledged, once");
			$total += () = $expected =~ /$/mg;
		}
	}
	note "$name: $total rows of the clients";
}

sub fixed_rows
{
	my ($type, $since) = @_;
	return $node->safe_psql('postgres', qq(SELECT count(*) FROM interactions_v1.$type WHERE user_id LIKE 'old%' AND "timestamp" >= $since));
}

# rows of 30 weeks, of a user whose list is read, and one of a client whose clock is wrong
shop('SELECT interactions.create_tables(); GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA interactions, interactions_v1 TO app');
shop(<<"SQL") for @partitioned;
INSERT INTO interactions_v1.$_ (user_id, item_id, "timestamp")
	SELECT 'old' || n % 50, 'i' || n % 70, $now - $week * (n % 30) - 1000000 - n FROM generate_series(1::bigint, 30000) AS n;
INSERT INTO interactions_v1.$_ (user_id, item_id, "timestamp") SELECT 'fixed', 'i', $now - $week * n FROM generate_series(1::bigint, 10) AS n;
INSERT INTO interactions_v1.$_ (user_id, item_id, "timestamp") VALUES ('late', 'i', 253402300799999);
SQL

start_clients(30);
for my $type (@partitioned)
{
	shop(block($from_plain, $type));
	went_on("$type: the plain table is a default partition");
}
$node->safe_psql('postgres', $install);
for my $type (@partitioned)
{
	my ($status, $out, $err) = $node->psql('postgres',
		block(q(SELECT partman.create_parent('interactions.views', 'timestamp', p_type => 'native', p_interval => '1 week')), $type), extra_params => [ '-U', 'shop' ]);
	isnt($status, 0, "$type: create_parent alone fails");
	shop(qq(INSERT INTO interactions_v1.$type (user_id, item_id, "timestamp") VALUES ('early', 'i', $now + $week * 2)));
	($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n" . block($hand_over, $type), extra_params => [ '-U', 'shop' ]);
	like($err, qr/ERROR:  23514/, "$type: and a row of the weeks to come is refused");
	is(shop("SELECT parent_table FROM partman.part_config WHERE parent_table = 'interactions.$type'; SELECT relid FROM pg_partition_tree('interactions.$type') WHERE isleaf"), "interactions.${type}_default", "$type: where nothing has changed");
	shop(qq(SELECT interactions_v1.delete_$type('early')));
	shop(block($hand_over, $type));
	went_on("$type: pg_partman has the table");
	my $began = time;
	shop(block($nightly, $type));
	note sprintf '%s: moved in %.1f s', $type, time - $began;
	went_on("$type: weeks are made");
}
stop_clients('weeks');
same_rows('weeks', 0);

my $parts = <<'SQL';
SELECT relid AS part, relowner::regrole::text AS owner, reloptions,
	substring(pg_get_expr(relpartbound, relid) FROM $$FROM \('([^']*)$$)::timestamptz AS since,
	substring(pg_get_expr(relpartbound, relid) FROM $$TO \('([^']*)$$)::timestamptz AS before
FROM pg_partition_tree('interactions.TYPE') JOIN pg_class ON oid = relid WHERE isleaf
SQL
for my $type (@partitioned)
{
	my $of = "SET timezone = 'UTC'; WITH parts AS (" . ($parts =~ s/TYPE/$type/r) . ')';
	is(fixed_rows($type, 0), 30000, "$type: every older row is there");
	is(shop("TABLE interactions.${type}_default") =~ s/\|.*//r, 'late', "$type: the default partition has the row of the future and no other");
	is(shop("$of SELECT count(*) FROM parts WHERE before - since = '7 days' AND since = date_trunc('week', since)"),
		shop("$of SELECT count(*) - 1 FROM parts"), "$type: all others are weeks of UTC");
	cmp_ok(shop("$of SELECT count(*) FROM parts WHERE since < now()"), '>=', 30, "$type: one for each");
	is(shop("$of SELECT max(before) >= now() + '4 weeks' FROM parts"), 't', "$type: and some ahead");
	is(shop("$of SELECT DISTINCT owner, reloptions FROM parts"), 'shop|{autovacuum_vacuum_scale_factor=0.05,autovacuum_analyze_scale_factor=0.02}',
		"$type: they are the owner's, and are vacuumed as the table was");
}
my ($status, $out, $err) = $node->psql('postgres', q(\set VERBOSITY sqlstate
INSERT INTO interactions.views (user_id, item_id, "timestamp") VALUES ('u', 'i', NULL)));
is($err =~ s/.*?ERROR/ERROR/sr, 'ERROR:  0A000', 'a null timestamp is refused');
is(shop(<<'SQL'), '2', 'but not where it is left out, or in a view');
INSERT INTO interactions.views (user_id, item_id) VALUES ('null', 'i');
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('null', 'i2', NULL);
SELECT count(*) FROM interactions.views WHERE user_id = 'null';
SQL

# two weeks more ahead, and all that is older than 20 weeks goes
start_clients(10);
my $since;
for my $type (@partitioned)
{
	shop("UPDATE partman.part_config SET retention = '20 weeks', premake = 6 WHERE parent_table = 'interactions.$type'");
	shop(block($nightly, $type));
	went_on("$type: retention");
	my $of = "SET timezone = 'UTC'; WITH parts AS (" . ($parts =~ s/TYPE/$type/r) . ')';
	is(shop("$of SELECT max(before) >= now() + '6 weeks' FROM parts"), 't', "$type: more weeks ahead");
	is(shop("$of SELECT min(since) BETWEEN now() - '21 weeks'::interval AND now() - '20 weeks'::interval FROM parts"), 't', "$type: the oldest week has rows to keep");
	$since = shop("$of SELECT interactions.timestamp_to_ms(min(since)) FROM parts");
}
shop("CALL interactions.purge('views', interactions.timestamp_from_ms('$since'))");
stop_clients('retention');
same_rows('retention', $since);
for my $type (@partitioned)
{
	my $kept = grep { $now - $week * ($_ % 30) - 1000000 - $_ >= $since } 1 .. 30000;
	is(fixed_rows($type, 0), $kept, "$type: older rows are there if they are not too old");
	is(shop("SELECT count(*) FROM interactions.${type}_default"), 1, "$type: the row of the future, too");
}
my @asked_for = map { (qq(updated partition constraint for default partition "${_}_default" would be violated by some row),
		qq(partition constraint of relation "${_}_default" is violated by some row)) } @partitioned;
# core ends an autovacuum that DDL waits for
is_deeply([ grep { $_ ne 'canceling autovacuum task' } slurp_file($node->logfile) =~ /^.* ERROR:  (.*)/mg ], [ @asked_for, 'moving row to another partition during a BEFORE FOR EACH ROW trigger is not supported' ],
	'the server log holds the errors that were asked for, and no other');
is(corruption($node), '', 'amcheck finds nothing');

# all of it in a dump, with which maintenance goes on
my $content = content($node, 'postgres');
$node->command_ok([ 'pg_dump', '--format=custom', '-f', "$folder/dump", '-d', $node->connstr('postgres') ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), "$folder/dump" ], 'restored');
ok(content($node, 'restored') eq $content, 'every row is back');
shop("UPDATE partman.part_config SET retention = '5 weeks'; " . block($nightly, 'views'), 'restored');
is(shop(q(SELECT min("timestamp") BETWEEN now() - '6 weeks'::interval AND now() - '4 weeks'::interval FROM interactions.views), 'restored'), 't', 'and retention goes on there');

$node->stop;
done_testing();
