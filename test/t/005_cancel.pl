# A long batch, list, transfer or deletion can be cancelled at any moment: it ends soon, leaves nothing, and the session goes on.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $elements = 200_000;
my $soon = 5;    # seconds; what it took is printed

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', <<SQL);
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
CREATE TABLE bodies AS SELECT json_agg(json_build_object('user_id', 'u' || i % 1000, 'item_id', 'i' || i, 'timestamp', 1000000000000 + i)) AS good,
	json_agg(json_build_object('user_id', '', 'item_id', 'i' || i, 'timestamp', 1000000000000 + i)) AS bad
FROM generate_series(1, $elements) AS i;
INSERT INTO interactions_v1.bookmarks SELECT 'long', 'i' || i, 1000000000000 + i FROM generate_series(1, $elements) AS i;
SQL
my $count = 'SELECT (SELECT count(*) FROM interactions.views), (SELECT count(*) FROM interactions.bookmarks)';
my %statements = (
	create => 'SELECT interactions_v1.create_views(good) FROM bodies',
	'create bad' => 'SELECT interactions_v1.create_views(bad) FROM bodies',
	import => 'SELECT interactions_v1.import_views(bad) FROM bodies',
	transfer => q(SELECT interactions_v1.transfer_interactions('long', 'longer')),
	delete => q(SELECT interactions_v1.delete_bookmarks(user_id => 'long')),
	erase => q(DELETE FROM interactions_v1.users WHERE external_id = 'long'),
	list => q(SELECT count(*) FROM interactions_v1.list_user_bookmarks('long')),);

# statement_timeout, from the reading of the body to the writing of rows
for my $name (sort keys %statements)
{
	my $cancelled = 0;
	for my $ms (1, 2, 5, 10, 20, 50, 100, 200, 400)
	{
		my ($status, $out, $err) = $node->psql('postgres', <<SQL, on_error_stop => 0);
\\set VERBOSITY sqlstate
BEGIN;
SAVEPOINT before;
SET LOCAL statement_timeout = $ms;
$statements{$name} \\; SET LOCAL statement_timeout = 0;
ROLLBACK TO before;
RESET statement_timeout;
$count;
COMMIT;
SQL
		# a fast machine may be through, or have found what is wrong, before the timeout
		$cancelled++ if $err =~ /ERROR:  57014/;
		like($err, qr/\A(psql:\S+ ERROR:  (57014|22023)\n?)?\z/, "$name, $ms ms: cancelled or done");
		like($out, qr/^0\|$elements\z/m, "$name, $ms ms: left nothing, and the session goes on");
	}
	cmp_ok($cancelled, '>', 0, "$name was cancelled");
}

# A batch of which one element is stored already takes another way
$node->safe_psql('postgres', q(SELECT interactions_v1.create_view(good->-1) FROM bodies));
for my $ms (10, 50, 100, 200, 400, 800)
{
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nBEGIN; SET LOCAL statement_timeout = $ms;\n$statements{create};\nROLLBACK;\n$count;", on_error_stop => 0);
	like($err, qr/\A(psql:\S+ ERROR:  57014\n?)?\z/, "create with a duplicate, $ms ms: cancelled or done");
	like($out, qr/^1\|$elements\z/m, "create with a duplicate, $ms ms: left nothing");
}

# pg_cancel_backend and pg_terminate_backend from another session
for my $how (qw(pg_cancel_backend pg_terminate_backend))
{
	my ($out, $err) = ('', '');
	my $session = IPC::Run::start(
		[ 'psql', '-X', '-q', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr('postgres') . " application_name=batch", '-c', $statements{create} ],
		'<', \undef, '>', \$out, '2>', \$err);
	ok( $node->poll_query_until('postgres',
			q(SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'batch' AND state = 'active' AND query LIKE '%create_views%'))),
		"$how: the batch is under way");
	my $start = time;
	is($node->safe_psql('postgres', "SELECT $how(pid) FROM pg_stat_activity WHERE application_name = 'batch'"), 't', "$how: sent");
	$session->finish;
	my $seconds = time - $start;
	like($err, $how eq 'pg_cancel_backend' ? qr/ERROR:  57014/ : qr/FATAL:  57P01/, "$how: the batch ended so");
	cmp_ok($seconds, '<', $soon, "$how: soon");
	note sprintf '%s: %.0f ms', $how, 1000 * $seconds;
	is($node->safe_psql('postgres', $count), "1|$elements", "$how: left nothing");
}

is( $node->safe_psql('postgres', $statements{create}), sprintf('{"created": %d, "duplicates": 1}', $elements - 1),
	'the same batch can be sent again');
$node->stop;
done_testing();
