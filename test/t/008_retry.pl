# The client may retry: where connections are cut at random and the client repeats what got no answer, the end state equals that of a run without faults.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $cuts = $ENV{TEST_LONG} ? 1000 : 50;
my $clients = 4;
my $at_once = 1000;    # operations of a session; more than it gets to do before a cut
my $seed = $ENV{TEST_SEED} // 20;
srand($seed);
note "$cuts cuts, seed $seed (TEST_SEED sets it)";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
for my $database ('faults', 'none')
{
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION interactions; SELECT interactions.create_tables()');
}
my $folder = PostgreSQL::Test::Utils::tempdir;
my $epoch = 1_000_000_000_000;
my $serial = $epoch;    # timestamps; each third one is used again

sub interaction
{
	my ($user, $client, $property) = @_;
	$serial++ if rand() > 0.3;
	return sprintf '{"user_id": "%s", "item_id": "%d:i%d", "timestamp": %d, "%s": %d}', $user, $client, rand 5, $serial, $property, 1 + rand 3;
}

# The users and items of a client are its own, so its operations alone say what must be stored.
sub operation
{
	my ($client) = @_;
	my ($user, $other) = map { "$client:$_" } (int(rand 3), 3 + int(rand 3));
	my ($type, $property) = rand() < 0.5 ? ('view', 'duration') : ('purchase', 'amount');
	my $kind = rand;
	($user, $other) = ($other, $user) if rand() < 0.5;

	return "SELECT interactions_v1.create_$type('" . interaction($user, $client, $property) . "')" if $kind < 0.4;
	return "SELECT interactions_v1.create_${type}s('["
	  . join(', ', map { interaction(rand() < 0.5 ? $user : $other, $client, $property) } 0 .. rand 200) . "]')"
	  if $kind < 0.6;
	return "SELECT interactions_v1.transfer_interactions('$user', '$other', " . (rand() < 0.5 ? 'true' : 'false') . ')' if $kind < 0.8;
	return "SELECT interactions_v1.delete_${type}s('$user', from_timestamp => '" . int(($epoch + $serial) / 2) . "')" if $kind < 0.85;
	return "SELECT interactions_v1.delete_${type}s(item_id => '$client:i" . int(rand 5) . "')" if $kind < 0.88;
	return "INSERT INTO interactions_v1.users VALUES ('$user', 'name $serial') RETURNING external_id, name" if $kind < 0.94;
	return "UPDATE interactions_v1.users SET external_id = '$other' WHERE external_id = '$user'" if $kind < 0.97;
	return "SELECT interactions.erase_user('$user')";
}

# A repetition may meet its original, which may be under way still. What comes after it is another thing.
my $wait = <<'SQL' =~ s/\n/ /gr;
DO $$
BEGIN
	WHILE EXISTS (SELECT FROM pg_stat_activity AS a JOIN pg_stat_activity AS mine ON mine.pid = pg_backend_pid()
		WHERE a.application_name = mine.application_name AND a.backend_start < mine.backend_start)
	LOOP
		PERFORM pg_sleep(0.005), pg_stat_clear_snapshot();
	END LOOP;
END
$$;
SQL

# Start a session that does the operations from $from up to, and without, $to.
sub session
{
	my ($database, $client, $operations, $from, $to) = @_;
	my $file = "$folder/$database.$client";

	open my $script, '>', "$file.sql" or die $!;
	for my $n ($from .. $to - 1)
	{
		print $script "$operations->[$n];\n\\echo done $n\n", $n == $from ? "$wait\n" : '';
	}
	close $script;
	return {
		file => $file,
		run => IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr($database) . " application_name=client_$client", '-f', "$file.sql" ],
			'<', \undef, '>', "$file.out", '2>', "$file.err") };
}

# Collect the answers that came, by number; returns what is wrong with the session. That a user is unknown is an answer.
sub answers
{
	my ($session, $answers) = @_;
	eval { $session->{run}->finish };
	my $out = slurp_file("$session->{file}.out");

	$answers->{$2} = $1 while $out =~ /\G(.*?)^done (\d+)\n/msg;
	return join '', grep { !/ERROR:  PT404$/ && !/FATAL:  57P01|server closed the connection|no connection to the server|terminated abnormally|before or while processing|connection to server was lost|could not receive|Broken pipe/ }
	  split /^/, slurp_file("$session->{file}.err");
}

my @operations = map { [] } 1 .. $clients;
my @answers = map { {} } 1 .. $clients;
my (@sessions, %repeated, $wrong);

# The answers of a session are 0 .. n - 1; go on from n.
sub proceed
{
	my ($client, $limit) = @_;
	my $from = keys %{ $answers[$client] };
	push @{ $operations[$client] }, operation($client) while @{ $operations[$client] } < $from + $limit;
	return session('faults', $client, $operations[$client], $from, $from + $limit);
}

$sessions[$_] = proceed($_, $at_once) for 0 .. $clients - 1;
$wrong = '';
my %ways = ('psql killed' => 0, 'backend terminated' => 0);
for my $cut (1 .. $cuts)
{
	my $client = int rand $clients;
	my $way = rand() < 0.5 ? 'psql killed' : 'backend terminated';

	usleep(20_000 + int rand 60_000);
	if ($way eq 'psql killed')
	{
		$sessions[$client]{run}->signal('KILL');
	}
	else
	{
		$node->safe_psql('postgres', "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'client_$client'");
	}
	$wrong .= answers($sessions[$client], $answers[$client]);
	my $next = keys %{ $answers[$client] };
	if ($next < @{ $operations[$client] })
	{
		$repeated{"$client.$next"} = 1;
		$ways{$way}++;
	}
	$sessions[$client] = proceed($client, $at_once);
}
# the last cut, and what got no answer is done in peace
for my $client (0 .. $clients - 1)
{
	$sessions[$client]{run}->signal('KILL');
	$wrong .= answers($sessions[$client], $answers[$client]);
	my $next = keys %{ $answers[$client] };
	$repeated{"$client.$next"} = 1;
	$wrong .= answers(proceed($client, 1), $answers[$client]);
	$operations[$client] = [ @{ $operations[$client] }[ 0 .. $next ] ];
}
is($wrong, '', 'with faults: no errors but the documented ones');
cmp_ok($ways{$_}, '>', $cuts / 5, "cuts at work: $_") for sort keys %ways;

# The same without faults
my @plain = map { {} } 1 .. $clients;
my @undisturbed = map { session('none', $_, $operations[$_], 0, scalar @{ $operations[$_] }) } 0 .. $clients - 1;
is(join('', map { answers($undisturbed[$_], $plain[$_]) } 0 .. $clients - 1), '', 'without faults: no errors but the documented ones');

my ($done, $differ, $already) = (0, '', 0);
for my $client (0 .. $clients - 1)
{
	is(scalar keys %{ $plain[$client] }, scalar @{ $operations[$client] }, "client $client: all was done");
	for my $n (0 .. $#{ $operations[$client] })
	{
		my ($got, $expected) = ($answers[$client]{$n}, $plain[$client]{$n});
		$done++;
		next if $got eq $expected;
		if ($repeated{"$client.$n"}) { $already++ }
		else { $differ .= "client $client: $operations[$client][$n]: $got instead of $expected" }
	}
}
is($differ, '', 'what was answered at once was answered as without faults');
cmp_ok($already, '>', 0, 'some of what was repeated had been done already');

my $state = <<'SQL';
SELECT * FROM interactions_v1.views ORDER BY views;
SELECT * FROM interactions_v1.purchases ORDER BY purchases;
SELECT external_id, name, created_at IS NOT NULL FROM interactions_v1.users ORDER BY 1;
SQL
my ($with, $without) = map { $node->safe_psql($_, $state) } 'faults', 'none';
cmp_ok(length $without, '>', 1000, 'there is something to compare');
ok($with eq $without, 'the end state is that of a run without faults');
diag sprintf '%d operations, %d cuts, %d of the repeated ones had been done already', $done, $cuts, $already;

$node->stop;
done_testing();
