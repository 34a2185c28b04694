# Rows that an INSERT into a view has not stored, because whoever ran it stopped it early, keep the transaction, or the savepoint, from committing.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'max_prepared_transactions = 2');
$node->start;
my ($status, $out, $err) = $node->psql('postgres', 'CREATE EXTENSION plperl');
if ($err =~ /extension "plperl" is not available|could not open extension control file/)
{
	$node->stop;
	plan skip_all => 'PL/Perl is not installed, whose spi_exec_query can limit rows';
}
is($err, '', 'PL/Perl');
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
CREATE FUNCTION limited(statement text, max integer) RETURNS bigint LANGUAGE plperl AS 'return spi_exec_query($_[0], $_[1])->{processed};';
SQL
my $insert = q($i$INSERT INTO interactions_v1.bookmarks SELECT 'u', 'i' || n, 1000000000000 + n FROM generate_series(1, 3) AS n RETURNING item_id$i$);
my $count = 'SELECT count(*) FROM interactions.bookmarks';

# PL/Perl runs each statement in a subtransaction, which then cannot commit, and words its error anew
sub run
{
	my ($sql) = @_;
	my ($status, $out, $err) = $node->psql('postgres', $sql, on_error_stop => 0);
	return $out . join '', map { " $_" } $err =~ /ERROR:  (.*?stopped before its end|current transaction is aborted)/g;
}

my $refused = ' cannot commit: an INSERT into view "bookmarks" was stopped before its end';
is(run("SELECT limited($insert, 1);\n$count;"), "0$refused", 'in autocommit');
is(run("SELECT limited($insert, 3);\n$count;"), "0$refused", 'a limit that is just reached stops it, too');
is(run("BEGIN;\nSAVEPOINT s;\nSELECT limited($insert, 2);\nROLLBACK TO s;\nINSERT INTO interactions_v1.bookmarks VALUES ('u', 'kept', 1000000000001, NULL);\nCOMMIT;\n$count;\nTRUNCATE interactions.bookmarks;"),
	"1$refused", 'what comes after a rollback to a savepoint is stored');
is(run("DO \$\$ BEGIN PERFORM limited($insert, 1); EXCEPTION WHEN OTHERS THEN INSERT INTO interactions_v1.bookmarks VALUES ('u', 'caught', 1000000000001, NULL); END \$\$;\n$count;\nTRUNCATE interactions.bookmarks;"),
	'1', 'a block that catches it goes on');
is(run("SELECT limited($insert, 0);\nSELECT limited($insert, 4);\n$count;"), "3\n3\n3", 'without a limit, or with one that is not reached, all is stored');

# A row that a trigger may change is stored at once, so that a stop loses none
$node->safe_psql('postgres', <<'SQL');
TRUNCATE interactions.bookmarks;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER nothing BEFORE INSERT ON interactions.bookmarks FOR EACH ROW EXECUTE FUNCTION nothing();
SQL
is(run("SELECT limited($insert, 1);\n$count;\nDROP TRIGGER nothing ON interactions.bookmarks;"), "1\n1", 'rows that are stored one by one');

# PL/Lua begins no subtransaction, so that it is the transaction that cannot commit, nor be prepared
SKIP:
{
	($status, $out, $err) = $node->psql('postgres', 'CREATE EXTENSION pllua');
	skip 'PL/Lua is not installed', 3 if $err;
	$node->safe_psql('postgres', <<'SQL');
TRUNCATE interactions.bookmarks;
CREATE FUNCTION limited_here(statement text, max integer) RETURNS bigint LANGUAGE pllua AS 'return #spi.execute_count(statement, max)';
SQL
	is(run("SELECT limited_here($insert, 1);\n$count;"), "0$refused", 'a transaction, in autocommit');
	is(run("BEGIN;\nSELECT limited_here($insert, 1);\nSAVEPOINT s;\nRELEASE s;\nCOMMIT;\n$count;"), "1\n0$refused", 'a transaction, not a savepoint that came later');
	is(run("BEGIN;\nSELECT limited_here($insert, 1);\nPREPARE TRANSACTION 'p';\n$count;"), "1\n0$refused", 'a transaction that is prepared');
}

$node->stop;
done_testing();
