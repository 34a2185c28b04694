# A backend keeps the memory of a long batch or list for the next one, instead of getting it anew from the kernel page by page.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'only glibc is known to do so, and only /proc tells' unless -r '/proc/self/stat' && `ldd --version 2>&1` =~ /GLIBC|GNU libc/;

my $rows = 10_000;
my $few = 100;    # page faults; the memory of a call takes some 500 to 1000

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', <<SQL);
CREATE EXTENSION interactions;
CREATE TABLE body AS SELECT json_agg(json_build_object('user_id', 'user', 'item_id', 'item-' || i, 'timestamp', i, 'price', i))::text AS body
FROM generate_series(1, $rows) AS i;
SQL

# The same batch again stores nothing, so that no new page of a table counts.
my %statements = (
	'a batch' => 'SELECT interactions_v1.create_purchases(body::json) FROM body',
	'a list' => q(SELECT count(*) FROM interactions_v1.list_user_purchases('user')),);

for my $name (sort keys %statements)
{
	my $faults = q(split_part(pg_read_file('/proc/self/stat'), ' ', 10)::integer);
	my $call = "SELECT $faults AS before \\gset\n$statements{$name} \\g /dev/null\nSELECT $faults - :before;\n";
	my @faults = split /\n/, $node->safe_psql('postgres', $call x 5);
	note "$name: page faults of five calls: @faults";
	cmp_ok($faults[0], '>', $few, "the first time, $name takes memory");
	cmp_ok($faults[-1], '<', $few, "$name is given the memory of the one before");
}

done_testing();
