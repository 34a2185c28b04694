# What doc/migrating.md reads from the exports of other systems is stored as it should be, and once, however often it is read.

use strict;
use warnings FATAL => 'all';
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# type|user|item|time in ms|own columns, or recommendation; of the files in test/migrating
my %expected = (
	'Recombee' => <<'END',
ratings|u-1|i-1|1712345700000|3.75
ratings|u-2|i-1|1712345760000|0
views|u-1|i-1|1712345678250|12000
views|u-1|i-2|1712345700500|
views|u-2|i-1|1712345679000|3000
END
	'Gorse' => <<'END',
bookmarks|bob|vuejs:vue|1645707909000|
views|ann, b.|gorse-io:gorse|1646092800000|
views|bob|vuejs:vue|1645707906000|
END
	'RetailRocket' => <<'END',
cart_additions|111016|318965|1433221999827|
purchases|599528|356475|1433222276276|x2
views|257597|355908|1433221332117|
views|992329|248676|1433224214164|
END
	'Segment' => <<'END',
cart_additions|019mr8mf4r|507f1f77bcf8|1708727350387|18.99x1
purchases|019mr8mf4r|505bd76785eb|1708727460001|3x2
purchases|019mr8mf4r|507f1f77bcf8|1708727460001|19x1
views|019mr8mf4r|507f1f77bcf8|1708727335111|
END
	'Shopify' => "purchases|207119551|632910392|1704902400000|199.00x2\n",
	'WooCommerce' => "purchases|25|22|1711124882000|12.5x1\npurchases|25|93|1711124882000|3x2\n",
	'Tables of your own' => "purchases|7|sku-1|1714564800000|9.50x2\n");

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
my $folder = "@{[ dirname(__FILE__) ]}/../migrating";
my $text = slurp_file('doc/migrating.md');
my $n = 0;
for my $section (split /^## /m, $text)
{
	my ($name) = $section =~ /^(.*)$/m;
	my $sql = join "\n", $section =~ /^```sql\n(.*?)^```$/msg or next;
	my $database = 'migrating' . ++$n;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION interactions; SELECT interactions.create_tables()');
	for my $time ('once', 'twice')
	{
		my ($out, $error) = ('', '');
		ok(IPC::Run::run(['psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', $node->connstr($database)], '<', \"\\cd $folder\n$sql", '>', \$out, '2>', \$error), "$name, $time: runs") or diag $error;
		is($node->safe_psql($database, <<'SQL') . "\n", $expected{$name}, "$name, $time: is there");
SELECT type, user_id, item_id, "timestamp", own FROM (
	SELECT 'bookmarks' AS type, user_id, item_id, "timestamp", '' AS own FROM interactions_v1.bookmarks
	UNION ALL SELECT 'ratings', user_id, item_id, "timestamp", value::text FROM interactions_v1.ratings
	UNION ALL SELECT 'purchases', user_id, item_id, "timestamp", concat(price, 'x' || amount) FROM interactions_v1.purchases
	UNION ALL SELECT 'cart_additions', user_id, item_id, "timestamp", concat(price, 'x' || amount) FROM interactions_v1.cart_additions
	UNION ALL SELECT 'views', user_id, item_id, "timestamp", duration::text FROM interactions_v1.views) AS stored
ORDER BY type, user_id COLLATE "C", item_id COLLATE "C", "timestamp"
SQL
	}
	delete $expected{$name};
}
is_deeply([keys %expected], [], 'every system is in the document');
done_testing();
