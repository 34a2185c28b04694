# pg_stat_statements and auto_explain show a batch as what it is: past the executor as the one call that does it all, otherwise as an INSERT of its rows below the call.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $libraries = `pg_config --pkglibdir`;
chomp $libraries;
-e "$libraries/$_.so" or plan skip_all => "$_ is not installed" for qw(pg_stat_statements auto_explain);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<'END');
shared_preload_libraries = 'pg_stat_statements, auto_explain'
pg_stat_statements.track = 'all'
auto_explain.log_min_duration = 0
auto_explain.log_nested_statements = on
auto_explain.log_analyze = on
END
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
SQL

# What pg_stat_statements has of a script, by level: calls, rows, whether it wrote WAL; and the nodes of the plans that auto_explain logs, with their rows
sub shown
{
	my ($sql) = @_;
	$node->safe_psql('postgres', 'SELECT pg_stat_statements_reset()');
	my $before = -s $node->logfile;
	$node->safe_psql('postgres', $sql);
	my @nodes = map { s/^\s*(?:-> +)?//r } slurp_file($node->logfile, $before) =~ /^\t(.*?  \(cost=.*actual.* rows=\d+)/mg;
	my $statements = $node->safe_psql('postgres', <<'SQL');
SELECT CASE WHEN toplevel THEN 'call' ELSE 'below' END, calls, rows, wal_records > 0, substring(query FROM '^(?:\w+ )+(?:\* )?(?:FROM )?[a-z0-9_.]+')
FROM pg_stat_statements WHERE query !~ 'pg_stat_statements' ORDER BY toplevel DESC, query COLLATE "C";
SQL
	return ($statements, [ map { s/  \(cost.* rows=/ /r } @nodes ]);
}

sub batch
{
	my ($user, $n) = @_;
	return "SELECT interactions_v1.create_views('[" . join(', ', map { qq({"user_id": "$user", "item_id": "i$_", "timestamp": $_}) } 1 .. $n) . "]');\n";
}
my $insert = "INSERT INTO interactions_v1.views VALUES ('w', 'a', 1, NULL, 5), ('w', 'b', 2, NULL, 5);\n";
my $copy = "COPY interactions_v1.views FROM STDIN;\nx\ti\t1\t\\N\t5\nx\tj\t2\t\\N\t6\n\\.\n";

my ($statements, $nodes) = shown(batch('u', 3) . batch('v', 5));
is($statements, "call|2|2|t|SELECT interactions_v1.create_views", 'batches are one entry, whatever they hold, and what they wrote is its own');
is_deeply($nodes, [ 'Result 1', 'Result 1' ], 'with plans of the calls');
($statements, $nodes) = shown($insert . $copy);
is($statements, "call|1|2|t|COPY interactions_v1.views\ncall|1|2|t|INSERT INTO interactions_v1.views", 'INSERT and COPY into the view count their rows');
is_deeply($nodes, [ 'Insert on views 0', 'Values Scan on "*VALUES*" 2' ], 'with a plan of the INSERT');

($statements, $nodes) = shown("SELECT * FROM interactions_v1.list_user_views('v', 2);\n");
is($statements, "call|1|2|f|SELECT * FROM interactions_v1.list_user_views\nbelow|1|2|f|SELECT user_id", 'a list, and its query below it');
is_deeply($nodes, [ 'Limit 2', 'Index Scan Backward using views_pkey on views 3', 'Function Scan on list_user_views 2' ], 'which shows that it reads one row more, by the index');
($statements, $nodes) = shown("SELECT interactions_v1.delete_views('v', 'i5');\n");
is($statements, "call|1|1|t|SELECT interactions_v1.delete_views\nbelow|1|1|t|DELETE FROM interactions.views", 'a deletion, and its DELETE below it');
($statements, $nodes) = shown("SELECT interactions_v1.transfer_interactions('v', 'u', delete_user => false);\n");
like($statements, qr/^call\|1\|1\|t\|SELECT interactions_v1.transfer_interactions$/m, 'a transfer');
is_deeply([ map { /^((?:Update|Delete) on views) .*(\d)$/ ? "$1 $2" : () } @$nodes ], [ 'Delete on views 3', 'Update on views 1' ], 'shows what it removed, and what it moved');

# What has to go through the executor shows there
$node->safe_psql('postgres', 'CREATE INDEX long ON interactions.views (duration) WHERE duration > 1000');
($statements, $nodes) = shown(batch('y', 3) . batch('z', 5) . $copy =~ s/x/y/gr);
is($statements, <<"END" =~ s/\n$//r, 'with an index that INSERT has to fill, an INSERT of all the rows stands below the calls');
call|1|2|t|COPY interactions_v1.views
call|2|2|t|SELECT interactions_v1.create_views
below|3|10|t|INSERT INTO interactions.views
END
is_deeply([ map { s/^(?!Insert|Result).* //r } @$nodes ], [ map { ('Insert on views 0', $_, $_ == 2 ? () : 'Result 1') } 3, 5, 2 ], 'with its plan');

$node->stop;
done_testing();
