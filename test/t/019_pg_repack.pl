# pg_repack repacks a filled table while batches, COPY, transfers and deletions go on, and loses nothing: a hand-written copy of every row agrees at the end.

use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;
use Interactions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $libraries = `pg_config --pkglibdir`;
chomp $libraries;
plan skip_all => 'pg_repack is not installed' unless -e "$libraries/pg_repack.so";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'autovacuum = off'); # so that only pg_repack makes the table smaller
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION pg_repack;
CREATE EXTENSION amcheck;
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
INSERT INTO interactions.views (user_id, item_id, "timestamp", duration)
	SELECT 'old' || n % 1000, 'i' || n, to_timestamp(n), n FROM generate_series(1, 60000) AS n;
DELETE FROM interactions.views WHERE duration % 3 > 0;
CREATE TABLE copy AS SELECT user_id, item_id, "timestamp", duration FROM interactions.views;
CREATE INDEX ON copy (user_id);
CREATE TABLE done (writer integer, turn integer);
CREATE TABLE stop ();

-- Each turn, a transaction, changes the table by the extension and the copy by hand
CREATE PROCEDURE write(writer integer, file text) LANGUAGE plpgsql AS $$
DECLARE
	turn integer := 0;
	guest text;
	moved integer;
BEGIN
	WHILE NOT EXISTS (SELECT FROM stop) LOOP
		turn := turn + 1;
		guest := format('guest %s of %s', turn, writer);
		CREATE TEMP TABLE batch ON COMMIT DROP AS SELECT guest AS user_id, 'i' || n AS item_id, 1000000000000 + n AS "timestamp", turn AS duration FROM generate_series(1, 50) AS n;
		PERFORM interactions_v1.create_views((SELECT json_agg(batch) FROM batch WHERE "timestamp" <= 1000000000025));
		EXECUTE format('COPY (SELECT * FROM batch WHERE "timestamp" > 1000000000025) TO %L', file || writer);
		EXECUTE format('COPY interactions_v1.views (user_id, item_id, "timestamp", duration) FROM %L', file || writer);
		INSERT INTO copy SELECT user_id, item_id, interactions.timestamp_from_ms("timestamp"::text), duration FROM batch;
		-- also of what was there before
		moved := 2 * (turn % 400) + writer;
		IF turn % 2 = 0 THEN
			PERFORM interactions_v1.transfer_interactions(guest, format('user of %s', writer));
			UPDATE copy SET user_id = format('user of %s', writer) WHERE user_id = guest;
			PERFORM interactions_v1.transfer_interactions('old' || moved, format('old of %s', writer), missing_ok => true);
			UPDATE copy SET user_id = format('old of %s', writer) WHERE user_id = 'old' || moved;
		ELSE
			PERFORM interactions_v1.delete_views('old' || moved);
			DELETE FROM copy WHERE user_id = 'old' || moved;
		END IF;
		INSERT INTO done VALUES (writer, turn);
		COMMIT;
		PERFORM pg_sleep(0.01);
	END LOOP;
END
$$;
SQL

sub run_in_background
{
	my (@command) = @_;
	my %job = (output => '');
	local $ENV{PGOPTIONS} = '-c statement_timeout=300s';
	$job{run} = IPC::Run::start(\@command, '<', \undef, '>&', \$job{output});
	return \%job;
}

sub wait_for_turns
{
	my ($when) = @_;
	my $turn = 5 + $node->safe_psql('postgres', 'SELECT coalesce(max(turn), 0) FROM done');
	ok($node->poll_query_until('postgres', "SELECT count(*) = 2 FROM done WHERE turn = $turn"), "both writers go on $when");
}

my $file = PostgreSQL::Test::Utils::tempdir . '/batch';
my @psql = ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'));
my @writers = map { run_in_background(@psql, '-c', "CALL write($_, '$file')") } 0, 1;
wait_for_turns('before');

# pg_repack waits for who was there before it: meanwhile the copy it makes falls behind the table
my $older = $node->background_psql('postgres');
$older->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;');
my $place = q(SELECT pg_relation_filepath('interactions.views'));
my $before = $node->safe_psql('postgres', $place);
my $repack = run_in_background('pg_repack', '--host', $node->host, '--port', $node->port, '--no-kill-backend', '--wait-timeout', 300, '--dbname', 'postgres', '--table', 'interactions.views');
$repack->{run}->pump until $repack->{output} =~ /Waiting for \d+ transactions? to finish/i;
wait_for_turns('while it is repacked');
$older->query_safe('COMMIT');
$older->quit;
ok($repack->{run}->finish, 'pg_repack ends well');
note $repack->{output};
wait_for_turns('afterwards');
$node->safe_psql('postgres', 'INSERT INTO stop DEFAULT VALUES');
for (@writers)
{
	$_->{run}->finish;
	is($_->{output}, '', 'a writer has met no error');
}
isnt($node->safe_psql('postgres', $place), $before, 'the table is in a new file');
my $differences = <<'SQL';
SELECT count(*) FROM (TABLE copy EXCEPT ALL SELECT user_id, item_id, "timestamp", duration FROM interactions.views) AS lost;
SELECT count(*) FROM (SELECT user_id, item_id, "timestamp", duration FROM interactions.views EXCEPT ALL TABLE copy) AS doubled;
SQL
is($node->safe_psql('postgres', $differences), "0\n0", 'every row is there, once');
is(corruption($node), '', 'amcheck');

$node->stop;
done_testing();
