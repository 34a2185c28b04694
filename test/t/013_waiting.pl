# A batch or a transfer that waits for another can be cancelled and timed out: once, with the right error, and the transaction goes on from there as core promises.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
CREATE TABLE log (what text);
INSERT INTO interactions_v1.ratings VALUES ('guest', 'a', 1000000000001, NULL, 5);
SQL

# A session that holds what the others wait for, until its transaction ends
sub holding
{
	my ($sql) = @_;
	my %session = (in => "BEGIN; $sql;\n\\echo held\n", out => '', err => '');
	$session{run} = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres') ],
		'<', \$session{in}, '>', \$session{out}, '2>', \$session{err});
	$session{run}->pump until $session{out} =~ /held/;
	return \%session;
}

sub release
{
	my ($session, $how) = @_;
	$session->{in} .= "$how;\n\\q\n";
	$session->{run}->finish;
	is($session->{err}, '', "the other session: $how");
}

# What a session says to a script: its results, and its errors as SQLSTATEs
sub run
{
	my ($script) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-X', '-q', '-A', '-t', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr('postgres') ],
		'<', \$script, '>', \$out, '2>', \$err);
	$err =~ s/^psql:<stdin>:\d+: //mg;
	return "$out$err";
}

my $equal = q(INSERT INTO interactions_v1.ratings VALUES ('u', 'a', 1000000000001, NULL, 5));
my $two = q('[{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "value": 5}, {"user_id": "u", "item_id": "b", "timestamp": 1000000000001, "value": 5}]');
my $count = 'SELECT count(*) FROM interactions.ratings';
my %calls = (
	'a batch' => "SELECT interactions_v1.create_ratings($two)",
	'an import' => "SELECT interactions_v1.import_ratings($two)",
	'an INSERT into the view' => q(INSERT INTO interactions_v1.ratings VALUES ('u', 'a', 1000000000001, NULL, 5), ('u', 'b', 1000000000001, NULL, 5)),
	'one' => q(SELECT interactions_v1.create_rating('{"user_id": "u", "item_id": "a", "timestamp": 1000000000001, "value": 5}')),
	'a transfer' => q(SELECT interactions_v1.transfer_interactions('guest', 'u')));

# Past the executor, and by INSERT
for my $way ('plain', 'with an index that INSERT has to fill')
{
	$node->safe_psql('postgres', 'CREATE INDEX part ON interactions.ratings (value) WHERE value > 3') if $way ne 'plain';
	for my $call (sort keys %calls)
	{
		my $name = "$call, $way";
		my $other = holding($equal);

		is(run("SET statement_timeout = '200ms';\n$calls{$call};\nRESET statement_timeout;\nSELECT 'next';\n$count;\n"),
			"next\n1\nERROR:  57014\n", "$name: cancelled in autocommit, and the session goes on");
		is(run("BEGIN;\nSET LOCAL statement_timeout = '200ms';\n$calls{$call};\nSELECT 'aborted';\nROLLBACK;\nSELECT 'next';\n"),
			"next\nERROR:  57014\nERROR:  25P02\n", "$name: cancelled in a transaction, which can be rolled back");
		is( run("BEGIN;\nINSERT INTO log VALUES ('before');\nSAVEPOINT s;\nSET LOCAL statement_timeout = '200ms';\n$calls{$call};\nROLLBACK TO s;\n"
				  . "INSERT INTO log VALUES ('after');\nCOMMIT;\nSELECT what FROM log;\nTRUNCATE log;\n"),
			"before\nafter\nERROR:  57014\n", "$name: cancelled after a savepoint, which can be returned to");
		is(run(<<"SQL"), "caught\nbefore\nafter\n", "$name: cancelled in a block that catches it, and what comes later is committed");
SET statement_timeout = '300ms';
\\o /dev/null
DO \$do\$
BEGIN
	INSERT INTO log VALUES ('before');
	BEGIN
		EXECUTE \$call\$$calls{$call}\$call\$;
		INSERT INTO log VALUES ('not waited');
	EXCEPTION WHEN query_canceled THEN
		INSERT INTO log VALUES ('caught');
	END;
	INSERT INTO log VALUES ('after');
END
\$do\$;
\\o
RESET statement_timeout;
SELECT what FROM log ORDER BY what = 'after', what <> 'caught';
TRUNCATE log;
SQL

		# Twice the time would mean that it was waited for twice
		my $start = time;
		is(run("SET lock_timeout = '1s';\n$calls{$call};\n$count;\n"), "1\nERROR:  55P03\n", "$name: lock_timeout");
		my $seconds = time - $start;
		cmp_ok($seconds, '<', 1.9, "$name: it is waited for once");

		# The very wait is cancelled, from another session
		my ($out, $err) = ('', '');
		my $session = IPC::Run::start(
			[ 'psql', '-X', '-q', '-A', '-t', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr('postgres') . " application_name=waiting",
				'-c', $calls{$call}, '-c', "SELECT 'next'" ],
			'<', \undef, '>', \$out, '2>', \$err);
		ok($node->poll_query_until('postgres', "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'waiting' AND wait_event_type = 'Lock')"),
			"$name: it waits while it stores");
		is($node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'waiting'"), 't', "$name: pg_cancel_backend");
		$session->finish;
		is("$out$err", "next\nERROR:  57014\n", "$name: cancelled while it waits, and the session goes on");

		release($other, 'ROLLBACK');
		is($node->safe_psql('postgres', $count), '1', "$name: nothing is stored");
	}
}

# An error of another kind is the caller's at once, as it is, and nothing is stored: a trigger counts how often a row is tried
$node->safe_psql('postgres', <<'SQL');
CREATE SEQUENCE tried;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM nextval('tried');
	RAISE 'first' USING ERRCODE = current_setting('test.code');
END
$$;
CREATE TRIGGER fail BEFORE INSERT ON interactions.ratings FOR EACH ROW WHEN (NEW.item_id = 'b') EXECUTE FUNCTION fail();
SQL
for my $code (qw(40001 40P01 53100 53200 58030 22012 P0001))
{
	is(run("SET test.code = '$code';\n$calls{'a batch'};\n$count;\nSELECT last_value, is_called FROM tried;\nALTER SEQUENCE tried RESTART;\n"),
		"1\n1|t\nERROR:  $code\n", "$code is thrown on, and nothing is tried twice");
}

$node->stop;
done_testing();
