# What several of the tests here ask of a server.
package Interactions;

use strict;
use warnings FATAL => 'all';
use Exporter 'import';

our @EXPORT = qw(@types content corruption);

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
