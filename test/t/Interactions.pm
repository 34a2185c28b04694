# What several of the tests here ask of a server.
package Interactions;

use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use IPC::Run;

our @EXPORT = qw(@types content members corruption);

our @types = qw(bookmarks ratings purchases cart_additions views);

# Every row of every table, as text
sub content
{
	my ($node, $db) = @_;
	return join '', map {
		my $key = $_ eq 'users' ? 'user_id' : 'user_id, "timestamp", item_id, fingerprint';
		"$_\n" . $node->safe_psql($db, "COPY (SELECT * FROM interactions.$_ ORDER BY $key) TO STDOUT") . "\n"
	} @types, 'users';
}

# Each member of the extension, by name, with all that defines it, its comments and rights:
# binary upgrade is what makes pg_dump tell of them
sub members
{
	my ($node, $db) = @_;
	my $dump = '';
	my %members;
	IPC::Run::run([ 'pg_dump', '--schema-only', '--binary-upgrade', '-d', $node->connstr($db) ], '>', \$dump) or die "pg_dump failed";
	for (split /^(?=-- Name: )/m, $dump)
	{
		next unless /^-- Name: (.+); Type: (.+); Schema: (.+); Owner: /;
		my $name = "$2 $3.$1";
		s/^(?:-- .*|SELECT pg_catalog\.binary_upgrade_set_.*|\\(?:un)?restrict .*)\n//mg;
		s/\s+\z/\n/;
		s/\b(?:relfrozenxid|relminmxid|oid) = '\d+'|'\{[\d,]+\}'/?/g; # this database's own
		$members{$name} = $_;
	}
	return \%members;
}

# What amcheck, which has to be installed, finds in tables and indexes
sub corruption
{
	my ($node) = @_;
	return $node->safe_psql('postgres', <<'SQL');
SELECT bt_index_check(indexrelid, true) FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace = 'interactions'::regnamespace \g /dev/null
SELECT relname, found.* FROM pg_class, verify_heapam(pg_class.oid) AS found
WHERE relnamespace = 'interactions'::regnamespace AND relkind = 'r';
SQL
}

1;
