# What doc/operations.md watches shows what is wrong, what it exports is all of a person's data, and with its settings PostgreSQL's log bears no id but in the messages that it names.

use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;
use Interactions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = "$FindBin::RealBin/../../doc";
my %blocks;
for my $section (split /^## /m, slurp_file("$folder/operations.md"))
{
	my ($name) = $section =~ /^(.*)$/m;
	$blocks{$name} = [ $section =~ /^```sql\n(.*?)^```$/msg ];
}
my ($dead, $waiting, $open, $errors) = split /\n\n/, $blocks{'What to watch'}[0];
my ($export, $settings) = @{ $blocks{"A person's data"} };

my $libraries = `pg_config --pkglibdir`;
chomp $libraries;
my $statements = -e "$libraries/pg_stat_statements.so";
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'\nautovacuum = off\nlog_statement = none");
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_stat_statements'") if $statements;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION interactions; SELECT interactions.create_tables()');
$node->safe_psql('postgres', 'CREATE EXTENSION pg_stat_statements') if $statements;

# A session of its own
sub session
{
	my ($sql) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 0);
	$session->query_until(qr/ready/, "\\echo ready\n$sql\n");
	return $session;
}

# A role that only watches
$node->safe_psql('postgres', 'CREATE ROLE watcher LOGIN IN ROLE pg_monitor');
sub watch { return $node->safe_psql('postgres', $_[0], extra_params => [ '-U', 'watcher' ]) }

$node->safe_psql('postgres', q(SELECT interactions_v1.create_views(json_agg(json_build_object('user_id', 'u', 'item_id', i::text))) FROM generate_series(1, 50) AS i));
$node->safe_psql('postgres', q(DELETE FROM interactions.views WHERE item_id <= '3'));
$node->safe_psql('postgres', 'SELECT pg_stat_force_next_flush()');
like(watch($dead), qr/^interactions\.views\|\d+\|[1-9]\d*\|\d+\.\d\|\|$/m, 'dead rows');
is(watch($waiting), '', 'nobody waits');
my $holder = session(q(BEGIN; SELECT interactions.erase_user('u');));
my $waiter = session(q(SELECT interactions.erase_user('u');));
ok($node->poll_query_until('postgres', q(SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock')), 'somebody waits');
my ($pid, $for) = $node->safe_psql('postgres', q(SELECT pid || ' ' || (pg_blocking_pids(pid))[1] FROM pg_stat_activity WHERE wait_event_type = 'Lock')) =~ /(\d+) (\d+)/;
like(watch($waiting), qr/^$pid\|[^|]+\|00:00:\d\d\.\d+\|advisory\|\{$for\}\|SELECT interactions.erase_user/, 'which shows with whom it waits for');
is(watch($open), '', 'a minute is not over');
like(watch($open =~ s/1 minute/1 microsecond/r), qr/^$for\|[^\n]*\|idle in transaction\|/, 'the oldest transaction comes first');
$holder->query('ROLLBACK');
$waiter->query('SELECT 1');
$_->quit for $holder, $waiter;
$node->psql('postgres', 'SELECT 1/0');
$node->poll_query_until('postgres', q(SELECT xact_rollback > 0 FROM pg_stat_database WHERE datname = 'postgres'));
like(watch($errors), qr/^\d+\|[1-9]\d*\|0\|\d+\|\d+ \w+\|/, 'what was undone');

# All of a person's data
$node->safe_psql('postgres', <<'SQL');
ALTER TABLE interactions.purchases ADD order_id text;
INSERT INTO interactions_v1.users VALUES ('anna', 'Anna'), ('ben', 'Ben');
SELECT interactions_v1.create_recommendation(json_build_object('recommendation_id', 'r-' || name, 'user_id', name, 'item_ids', '["a"]'::json)) FROM unnest('{anna,ben}'::text[]) AS name;
INSERT INTO interactions.bookmarks (user_id, item_id) VALUES ('anna', 'a'), ('ben', 'b');
INSERT INTO interactions.ratings (user_id, item_id, value) VALUES ('anna', 'a', 5), ('ben', 'b', 4);
INSERT INTO interactions.purchases (user_id, item_id, price, order_id) VALUES ('anna', 'a', 9.50, 'o-1'), ('anna', 'c', NULL, NULL), ('ben', 'b', 1, 'o-2');
INSERT INTO interactions.cart_additions (user_id, item_id) VALUES ('anna', 'a'), ('ben', 'b');
INSERT INTO interactions.views (user_id, item_id, duration) VALUES ('anna', 'a', 7), ('ben', 'b', 8);
SQL
my $person = sub {
	IPC::Run::run([ 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres') ], '<', \$export, '>', \my $out) or die;
	return $out;
};
my $data = $person->();
is($node->safe_psql('postgres', <<"SQL"), '', 'every table that has ids of users is in the export, with all of the person\'s rows');
SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'user_id'
WHERE relnamespace = 'interactions'::regnamespace AND relkind IN ('r', 'p')
	AND jsonb_array_length(\$\$$data\$\$::jsonb -> relname) IS DISTINCT FROM CASE relname WHEN 'purchases' THEN 2 ELSE 1 END
SQL
like($data, qr/"price": 9\.50\b/, 'in their values');
like($data, qr/"order_id": "o-1"/, 'and with added columns');
unlike($data, qr/ben/, 'nobody else\'s');
$node->safe_psql('postgres', q(SELECT interactions.erase_user('anna')));
is($node->safe_psql('postgres', qq(SELECT count(*) FROM jsonb_each_text(\$\$@{[ $person->() ]}\$\$) WHERE value IS NOT NULL)), '0', 'after an erasure there is nothing');

# What clients send when something is wrong; each has the id in what PostgreSQL may log of it
my %mistakes = (
	'a failing row' => q(INSERT INTO interactions_v1.ratings VALUES ('Secret-7', 'i', 1700000000000, NULL, 9)),
	'a line of COPY' => "COPY interactions_v1.views FROM STDIN;\nSecret-7\ti\t1700000000000\t\\N\t5\t6\n\\.\n",
	'a key' => q(INSERT INTO interactions.users (user_id) VALUES ('Secret-7'), ('Secret-7')),
	'an unknown user' => q(SELECT interactions_v1.transfer_interactions('Secret-7', 'b')),
	'a bad element' => q(SELECT interactions_v1.create_views('[{"user_id": "Secret-7", "item_id": "i", "duration": -1}]')));
my $script = PostgreSQL::Test::Utils::tempdir . '/bound.sql';
append_to_file($script, "SELECT * FROM interactions_v1.list_user_views(:id, 10);\n");

sub logged
{
	my $before = -s $node->logfile;
	$_[0]->();
	return slurp_file($node->logfile, $before);
}

sub bound
{
	local $ENV{PGOPTIONS} = '-c log_min_duration_statement=0';
	$node->command_ok([ 'pgbench', '-n', '-t', 1, '-M', 'extended', '-D', 'id=Secret-7', '-f', $script, 'postgres' ], 'a slow statement');
}

for my $kept (1, 0)
{
	$node->safe_psql('postgres', $settings) unless $kept;
	$node->poll_query_until('postgres', q(SELECT current_setting('log_error_verbosity') = 'terse')) unless $kept;
	for my $mistake (sort keys %mistakes)
	{
		my $log = logged(sub { $node->psql('postgres', $mistakes{$mistake}) });
		like($log, qr/ERROR: /, "$mistake is logged");
		is($log =~ /Secret-7/ ? 1 : 0, $kept, $kept ? 'with the id' : 'without the id');
	}
	my $log = logged(\&bound);
	like($log, qr/list_user_views\(\$1/, 'a bound value');
	is($log =~ /Secret-7/ ? 1 : 0, $kept, $kept ? 'with the id' : 'without the id');
}
my $long = 'Secret-7' x 80;
like(logged(sub { $node->psql('postgres', "SELECT interactions_v1.$_") }), qr/Secret-7/, "a message has the id: $_" =~ s/(.{60}).*/$1/r)
  for q(transfer_interactions('Secret-7', 'Secret-7')), qq(create_view('{"user_id": "$long", "item_id": "i"}'));

SKIP:
{
	skip 'pg_stat_statements is not installed', 2 unless $statements;
	$node->psql('postgres', q(CALL interactions.transfer_interactions('Secret-7', 'Secret-8', missing_ok => true)));
	my $bearing = $node->safe_psql('postgres', q(SELECT query FROM pg_stat_statements WHERE query ~ 'Secret-[7]' AND query !~ 'pg_stat_statements'));
	is($bearing, $node->pg_version >= 17 ? '' : q(CALL interactions.transfer_interactions('Secret-7', 'Secret-8', missing_ok => true)), 'pg_stat_statements keeps ids of a CALL only');
	cmp_ok($node->safe_psql('postgres', q(SELECT count(*) FROM pg_stat_statements WHERE query ~ '\$1')), '>', 3, 'and has the other statements');
}

# A role with the grants does everything that an application does
$node->safe_psql('postgres', "CREATE ROLE app LOGIN;\n" . $blocks{Grants}[0]);
is($node->safe_psql('postgres', <<'SQL', extra_params => [ '-U', 'app' ]), "1\n1\n1\n1\n1\n1\n1\n0", 'the grants are enough');
SELECT interactions_v1.create_views('[{"user_id": "app", "item_id": "a"}]') ->> 'created';
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") VALUES ('app', 'b', 1700000000000) RETURNING 1;
SELECT count(*) FROM interactions_v1.list_user_views('app', 1);
SELECT interactions_v1.delete_views('app', 'b') ->> 'deleted';
SELECT interactions_v1.transfer_interactions('app', 'other') -> 'transferred' ->> 'views';
UPDATE interactions_v1.users SET external_id = 'another', name = 'A' WHERE external_id = 'other' RETURNING 1;
SELECT count(*) FROM interactions_v1.users WHERE external_id = 'another';
CALL interactions.refresh_items();
CALL interactions.purge('views', now());
SELECT interactions.erase_user('another') -> 'erased' ->> 'views';
SQL

# Seconds for milliseconds, mended as doc/troubleshooting.md says
$node->safe_psql('postgres', q(INSERT INTO interactions_v1.bookmarks VALUES ('s', 'i', 1700000000)));
my ($mend) = slurp_file("$folder/troubleshooting.md") =~ /`("timestamp" = to_timestamp[^`]*)`/;
$node->safe_psql('postgres', "UPDATE interactions.bookmarks SET $mend WHERE \"timestamp\" < '1973-01-01'");
is($node->safe_psql('postgres', q(SELECT "timestamp" FROM interactions_v1.bookmarks WHERE user_id = 's')), '1700000000000', 'seconds are mended');

$node->stop;
done_testing();
