# A streaming replica answers lists while the primary is written to; logical replication brings every table to a subscriber as it is.

use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;
use Interactions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 'logical');
$primary->start;
$primary->safe_psql('postgres', <<'SQL');
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
INSERT INTO interactions_v1.users VALUES ('u', 'Uma', 1);
INSERT INTO interactions_v1.ratings VALUES ('u', 'i', 1000000000001, NULL, 5), ('v', 'i', 1000000000002, 'r', 4.5);
INSERT INTO interactions_v1.purchases VALUES ('u', 'i', 1000000000001, NULL, 9.50, 2);
INSERT INTO interactions_v1.cart_additions VALUES ('u', 'i', 1000000000001, NULL, 9.50, 2);
INSERT INTO interactions_v1.bookmarks VALUES ('u', 'i', 1000000000001, NULL);
INSERT INTO interactions_v1.views VALUES ('u', 'i', 1000000000001, NULL, 1000);
SQL

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->start;
$subscriber->safe_psql('postgres', 'CREATE EXTENSION interactions; SELECT interactions.create_tables()');
my $connection = $primary->connstr . ' dbname=postgres';
$primary->safe_psql('postgres', 'CREATE PUBLICATION p FOR TABLES IN SCHEMA interactions');
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION s CONNECTION '$connection' PUBLICATION p");
$subscriber->wait_for_subscription_sync($primary, 's');
is(content($subscriber, 'postgres'), content($primary, 'postgres'), 'subscriber: what was there');

# A list on the replica, page after page, while batches arrive on the primary
my $batches = 50;
my $writes = join '', map {
	"SELECT interactions_v1.create_views((SELECT json_agg(json_build_object('user_id', 'busy', 'item_id', 'i' || i, 'timestamp', 1000000000000 + $_)) FROM generate_series(1, 100) AS i));\n"
} 1 .. $batches;
my $script = PostgreSQL::Test::Utils::tempdir . '/writes.sql';
append_to_file($script, $writes);
my ($out, $err) = ('', '');
my $writer = IPC::Run::start([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $primary->connstr('postgres'), '-f', $script ],
	'<', \undef, '>', \$out, '2>', \$err);
my ($seen, $lists, $torn, $done) = (0, 0, 0, 0);
do
{
	$done = !$writer->pumpable;
	$writer->pump_nb unless $done;
	$primary->wait_for_catchup($standby) if $done;
	# a batch is seen as a whole, and what was seen stays
	my $n = $standby->safe_psql('postgres', "SELECT count(*) FROM interactions_v1.list_user_views('busy')");
	$torn++ if $n % 100 || $n < $seen;
	$seen = $n;
	$lists++;
} until $done;
$writer->finish;
is($err, '', 'the primary was written to');
is($torn, 0, 'standby: each list holds whole batches, and no less than the one before');
is($seen, 100 * $batches, 'standby: the last list holds them all');
note "$lists lists";

# Every kind of change
$primary->safe_psql('postgres', <<'SQL');
SELECT interactions_v1.create_rating('{"user_id": "guest", "item_id": "i", "timestamp": 1000000000001, "value": 5}');
SELECT interactions_v1.transfer_interactions('guest', 'u');
SELECT interactions_v1.transfer_interactions('busy', 'v', delete_user => false);
SELECT interactions_v1.delete_views(user_id => 'v', item_id => 'i7');
UPDATE interactions_v1.users SET name = 'Ursula' WHERE external_id = 'u';
UPDATE interactions_v1.users SET external_id = 'w' WHERE external_id = 'v';
UPDATE interactions.purchases SET amount = 3;
COPY interactions_v1.bookmarks FROM STDIN;
x	i	5	\N
\.
SQL
$primary->wait_for_catchup($standby);
$primary->wait_for_catchup('s');
my $content = content($primary, 'postgres');
ok(content($standby, 'postgres') eq $content, 'standby: the same as the primary');
ok(content($subscriber, 'postgres') eq $content, 'subscriber: the same as the primary, fingerprints included');

for my $list ("list_user_ratings('u')", "list_item_views('i1', page_size => 5)", "list_user_views('w', after => '1000000000009:i5')")
{
	my $sql = "SELECT * FROM interactions_v1.$list";
	my $rows = $primary->safe_psql('postgres', $sql);
	isnt($rows, '', "$list has rows");
	is($standby->safe_psql('postgres', $sql), $rows, "standby: $list");
}
is( $standby->safe_psql('postgres', 'SELECT external_id, name FROM interactions_v1.users ORDER BY 1'),
	"busy|\nu|Ursula\nw|\nx|", 'standby: the users');
for my $sql (
	q(SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "i"}')),
	q(SELECT interactions_v1.create_views('[{"user_id": "u", "item_id": "i"}]')),
	q(SELECT interactions_v1.delete_views(user_id => 'u')),
	q(CALL interactions.transfer_interactions('u', 'v')))
{
	my ($status, $stdout, $stderr) = $standby->psql('postgres', $sql);
	like($stderr, qr/ERROR:  cannot .*(read-only transaction|during recovery)/, "standby refuses: $sql");
}

# A subscriber knows what it got, and can become the primary
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION s');
is( $subscriber->safe_psql('postgres', q(SELECT interactions_v1.create_ratings('[{"user_id": "u", "item_id": "i", "timestamp": 1000000000001, "value": "5.0"}]'))),
	'{"created": 0, "duplicates": 1}', 'subscriber: what was replicated is known');
$standby->promote;
is( $standby->safe_psql('postgres', q(SELECT interactions_v1.create_ratings('[{"user_id": "u", "item_id": "i", "timestamp": 1000000000001, "value": "5.0"}]'))),
	'{"created": 0, "duplicates": 1}', 'standby: what was replicated is known once it is promoted');

$_->stop for $subscriber, $standby, $primary;
done_testing();
