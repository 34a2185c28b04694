# The server finds no fault in itself: random queries by sqlsmith over both schemas meet no internal error and no crash; and the library exports only what SQL calls.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $queries = $ENV{TEST_LONG} ? 10_000 : 500;
my $seed = $ENV{TEST_SEED} // 20;
note "$queries queries, seed $seed (TEST_SEED sets it)";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "statement_timeout = 1s\nlog_min_messages = warning\nlog_statement = none");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
INSERT INTO interactions_v1.views SELECT 'u' || i % 20, 'i' || i, 1000000000000 + i FROM generate_series(1, 500) AS i;
INSERT INTO interactions_v1.purchases SELECT 'u' || i % 20, 'i' || i, 1000000000000 + i, NULL, 9.5, 1 FROM generate_series(1, 500) AS i;
INSERT INTO interactions_v1.users VALUES ('u1', 'name', 1);
CREATE ROLE smith LOGIN;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO smith;
GRANT ALL ON ALL TABLES IN SCHEMA interactions, interactions_v1 TO smith;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA interactions, interactions_v1 TO smith;
SQL

# What SQL calls, what describes it, the magic, and the entry
my $library = $node->safe_psql('postgres', q(SELECT setting FROM pg_config WHERE name = 'PKGLIBDIR')) . '/interactions.so';
my %called = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', q(SELECT DISTINCT prosrc FROM pg_proc JOIN pg_language AS l ON l.oid = prolang
	WHERE lanname = 'c' AND pronamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace)));
my ($symbols) = run_command([ 'nm', '-D', '--defined-only', '-f', 'posix', $library ]);
my @exported = map { (split ' ')[0] } split /\n/, $symbols;
cmp_ok(scalar @exported, '>', scalar keys %called, 'the library exports something');
is(join(' ', grep { !/^(Pg_magic_func|_PG_init|_init|_fini)$/ && !$called{ s/^pg_finfo_//r } } @exported), '', 'the library exports only what SQL calls');

SKIP:
{
	skip 'sqlsmith is not installed', 3 if system('command -v sqlsmith >/dev/null');
	my $result = IPC::Run::run(
		[ 'sqlsmith', '--target=' . $node->connstr('postgres') . ' user=smith', "--max-queries=$queries", "--seed=$seed", '--exclude-catalog', '--verbose' ],
		'<', \undef, '>', \my $out, '2>', \my $err);
	ok($result, 'sqlsmith did its queries') or diag substr($err, -2000);
	my $log = slurp_file($node->logfile);
	my $internal = join '', $log =~ /^(.* XX\d\d\d .*(?:\n\t.*)*)$/mg;
	is($internal, '', 'no internal error');
	unlike($log, qr/PANIC: |TRAP: |was terminated by signal/, 'no crash');
	diag sprintf '%d queries; the log names our schemas %d times', $queries, scalar(() = $log =~ /interactions/g);
}

$node->stop;
done_testing();
