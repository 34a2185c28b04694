# What doc/analysing.md asks of the tables is answered right: of a few rows, each of which a wrong query would count differently.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my %expected = (
	'Sales by day' => "3|2|6.00|1\n1|1|4|0",
	'From view to purchase' => '5|1|3',
	'Who comes back' => "1|2\n2|1",
	'What recommendations sold' => "r1|2|6.00\nr2|1|4\nr0|1|");

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'Europe/Berlin'"); # that of the document
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
-- midnight of some days ago, and what was so long after it
CREATE FUNCTION day(ago integer, since interval) RETURNS timestamptz LANGUAGE sql AS $$ SELECT date_trunc('day', now(), 'Europe/Berlin') - ago * interval '1 day' + since $$;
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", price, amount, recommendation_id) VALUES
	('anna', 'i1', day(2, '12:00'), 2.50, 2, 'r1'), ('anna', 'i2', day(2, '13:00'), 1, NULL, 'r1'), ('ben', 'i1', day(2, '12:00'), NULL, 3, 'r0'),
	('ben', 'i2', day(1, '00:30'), 4, 1, 'r2'), ('cora', 'i1', day(40, '12:00'), 100, 1, 'r3');
INSERT INTO interactions.views (user_id, item_id, "timestamp") VALUES
	('anna', 'i1', day(3, '12:00')), ('anna', 'i2', day(1, '12:00')), ('ben', 'i1', day(3, '12:00')),
	('ben', 'i2', day(3, '12:00')), ('ben', 'i2', day(1, '01:00')), ('cora', 'i1', day(41, '12:00')), ('dora', 'i1', day(3, '12:00'));
INSERT INTO interactions.cart_additions (user_id, item_id, "timestamp") VALUES
	('anna', 'i1', day(3, '13:00')), ('ben', 'i1', day(4, '12:00')), ('ben', 'i9', day(2, '12:00'));
SQL

for my $section (split /^## /m, slurp_file('doc/analysing.md'))
{
	my ($name) = $section =~ /^(.*)$/m;
	my ($sql) = $section =~ /^```sql\n(.*?)^```$/ms or next;
	next if $name eq 'Which index pays for which'; # those are made in 040_documents
	my $answer = $node->safe_psql('postgres', $sql);
	$answer =~ s/^\d{4}-\d\d-\d\d 00:00:00\+\d\d\|//mg if $name eq 'Sales by day';
	is($answer, delete $expected{$name}, $name);
}
is_deeply([ sort keys %expected ], [], 'each question is in the document');

$node->stop;
done_testing();
