# What was acknowledged survives a SIGKILL of the whole server, no half of a batch or a transfer does, and amcheck finds nothing.

use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;
use Interactions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $kills = $ENV{TEST_LONG} ? 50 : 3;
my $clients = 4;
my $operations = 2000;    # more than a client can do until then
my $seed = $ENV{TEST_SEED} // 20;
srand($seed);
note "$kills kills, seed $seed (TEST_SEED sets it)";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION interactions; SELECT interactions.create_tables(); CREATE EXTENSION amcheck');
my $folder = PostgreSQL::Test::Utils::tempdir;
my $serial = 0;    # each interaction has a timestamp of its own

# A client writes for users of its own, so its operations alone say what must be stored: user -> timestamp -> 1.
# Returns an operation: its SQL, and what it does to that.
sub operation
{
	my ($client) = @_;
	my ($user, $other) = map { "$client:$_" } (int(rand 3), 3 + int(rand 3));
	my $kind = rand;

	if ($kind < 0.5)
	{
		my $ms = ++$serial;
		return ("SELECT FROM interactions_v1.create_view('{\"user_id\": \"$user\", \"item_id\": \"i\", \"timestamp\": $ms}')",
			sub { $_[0]{$user}{$ms} = 1 });
	}
	if ($kind < 0.7)
	{
		my @ms = map { ++$serial } 1 .. 1 + int(rand 300);
		my $json = join ',', map { qq({"user_id": "$user", "item_id": "i", "timestamp": $_}) } @ms;
		return ("SELECT interactions_v1.create_views('[$json]') \\g /dev/null", sub { $_[0]{$user}{$_} = 1 for @ms });
	}
	if ($kind < 0.9)
	{
		($user, $other) = ($other, $user) if rand() < 0.5;
		# an unknown source is refused: so the source gets one in the same transaction
		my $ms = ++$serial;
		return ("BEGIN \\; INSERT INTO interactions_v1.views VALUES ('$user', 'i', $ms) \\; CALL interactions.transfer_interactions('$user', '$other') \\; COMMIT",
			sub { my $from = delete $_[0]{$user}; $_[0]{$other}{$_} = 1 for $ms, keys %{ $from // {} } });
	}
	if ($kind < 0.98)
	{
		return ("DELETE FROM interactions_v1.users WHERE external_id = '$user'", sub { delete $_[0]{$user} });
	}
	return ('CHECKPOINT', sub { });
}

# The expected or stored state as text, for one client
sub as_text
{
	my ($state) = @_;
	return join "\n", map { my $user = $_; map { "$user $_" } sort { $a <=> $b } keys %{ $state->{$user} } } sort keys %$state;
}

sub stored
{
	my ($client) = @_;
	return $node->safe_psql('postgres',
		qq(SELECT user_id || ' ' || "timestamp" FROM interactions_v1.views WHERE user_id LIKE '$client:%' ORDER BY user_id, "timestamp"));
}

# SIGKILL the postmaster, then its children, so that none can finish what it does
sub kill_server
{
	my $pid = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	my $children = `ps -o pid= --ppid $pid`;
	$node->kill9;
	kill 'KILL', split ' ', $children;
	usleep(10_000) while grep { kill 0, $_ } split ' ', $children;
}

my @states = map { {} } 1 .. $clients;
my ($acknowledged, $in_flight) = (0, 0);
for my $round (1 .. $kills)
{
	my (@sessions, @plans);
	for my $client (0 .. $clients - 1)
	{
		my @effects;
		open my $script, '>', "$folder/$client.sql" or die $!;
		for my $n (1 .. $operations)
		{
			my ($sql, $effect) = operation($client);
			print $script $sql, ($sql =~ /\\g/ ? "\n" : ";\n"), "\\echo done $n\n";
			push @effects, $effect;
		}
		close $script;
		push @plans, \@effects;
		push @sessions,
		  IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', "$folder/$client.sql" ],
			'<', \undef, '>', "$folder/$client.out", '2>', "$folder/$client.err");
	}
	usleep(200_000 + int rand 800_000);
	kill_server();
	$_->finish for @sessions;
	$node->start;

	for my $client (0 .. $clients - 1)
	{
		my @done = slurp_file("$folder/$client.out") =~ /^done (\d+)$/mg;
		my $done = @done ? $done[-1] : 0;
		my $effects = $plans[$client];
		my $error = slurp_file("$folder/$client.err");
		my ($stored, $state) = (stored($client), $states[$client]);

		cmp_ok($done, '<', $operations, "kill $round, client $client: was killed at work");
		unlike($error, qr/ERROR:/, "kill $round, client $client: no error before");
		$acknowledged += $done;
		$effects->[$_]->($state) for 0 .. $done - 1;
		if ($stored ne as_text($state))
		{
			# the operation that was under way is there as a whole, or not at all
			$effects->[$done]->($state);
			$in_flight++;
		}
		ok($stored eq as_text($state), "kill $round, client $client: what was acknowledged is stored, $done operations");
	}
	is(corruption($node), '', "kill $round: amcheck finds nothing");
}
note "$acknowledged operations acknowledged; $in_flight committed, but were not acknowledged";
cmp_ok($acknowledged, '>', 20 * $kills, 'there was something to lose');

$node->stop;
done_testing();
