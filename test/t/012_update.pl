# ALTER EXTENSION UPDATE leads from each released version to the schema of a fresh install, object by object, and loses no row; the library serves the old SQL, too.

use strict;
use warnings FATAL => 'all';
use File::Basename qw(basename dirname);
use FindBin;
use lib $FindBin::RealBin;
use Interactions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = dirname(__FILE__) . '/../..';
my ($version) = slurp_file("$root/interactions.control") =~ /^default_version = '(.+)'$/m;
my @released = map { basename($_) =~ /^interactions--([^-]+)\.sql$/ ? $1 : () } glob "$root/sql/interactions--*.sql";
my %properties = (
	bookmark => '',
	rating => ', "value": 5',
	purchase => ', "price": 9.50, "amount": 2',
	cart_addition => ', "price": 9.50',
	view => ', "duration": 1000');

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

# What every function answers
sub use_all
{
	my ($db) = @_;
	my @answers;
	for my $type (sort keys %properties)
	{
		my @elements = map { qq({"user_id": "u", "item_id": "i", "timestamp": $_$properties{$type}}) } 1 .. 4;
		push @answers, $node->safe_psql($db, <<SQL);
SELECT user_id, "timestamp" FROM interactions_v1.create_$type('$elements[0]');
SELECT interactions_v1.create_${type}s('[$elements[0], $elements[1]]');
SELECT interactions_v1.import_${type}s('[$elements[2], {}]') -> 'created';
INSERT INTO interactions_v1.${type}s SELECT * FROM interactions_v1.create_$type('$elements[3]');
SELECT * FROM interactions_v1.list_user_${type}s('u', 2);
SELECT count(*) FROM interactions_v1.list_item_${type}s('i', from_timestamp => '2');
SELECT interactions_v1.delete_${type}s('u', 'i', '3');
SQL
	}
	push @answers, $node->safe_psql($db, <<SQL);
INSERT INTO interactions_v1.users (external_id, name) VALUES ('u', 'Uma');
SELECT interactions_v1.transfer_interactions('u', 'u 2', false) ->> 'duplicates';
CALL interactions.transfer_interactions('u 2', 'u');
UPDATE interactions_v1.users SET name = 'Una' WHERE external_id = 'u';
SELECT interactions.erase_user('u 3') -> 'user_deleted';
CALL interactions.purge('views', '1970-01-01 00:00:00.002+00');
SELECT count(*) FROM interactions.stats;
SELECT count(*) FROM interactions_v1.users;
SQL
	return join "\n", @answers;
}

for my $file (qw(META.json deploy/openapi.yaml CHANGELOG.md debian/changelog))
{
	my ($said) = slurp_file("$root/$file") =~ /^(?:\t"version": "|  version: |## |interactions \()([\d.]+)/m;
	is($said, $version, "$file speaks of version $version");
}

$node->safe_psql('postgres', $_) for 'CREATE DATABASE fresh', 'CREATE DATABASE answers';
$node->safe_psql('fresh', 'CREATE EXTENSION interactions; SELECT interactions.create_tables()');
$node->safe_psql('answers', 'CREATE EXTENSION interactions; SELECT interactions.create_tables()');
my $fresh = objects($node, 'fresh');
cmp_ok(scalar(keys %$fresh), '>', 200, 'there are objects to compare');
my $answers = use_all('answers');
is(scalar(() = $answers =~ /^\{"deleted": 1\}$/mg), scalar(keys %properties), 'a fresh install answers');

for my $old (@released)
{
	my $db = "from $old";
	$node->safe_psql('postgres', qq(CREATE DATABASE "$db"));
	$node->safe_psql($db, "CREATE EXTENSION interactions VERSION '$old'; SELECT interactions.create_tables()");
	is(use_all($db), $answers, "$old: the library serves its SQL");
	my $content = content($node, $db);

	$node->safe_psql($db, 'ALTER EXTENSION interactions UPDATE; SELECT interactions.create_tables()');
	is($node->safe_psql($db, "SELECT extversion FROM pg_extension WHERE extname = 'interactions'"), $version, "$old: updated");
	ok(content($node, $db) eq $content, "$old: every row is there");
	is_deeply(objects($node, $db), $fresh, "$old: the same " . keys(%$fresh) . ' objects as of a fresh install');
	$node->safe_psql($db, 'TRUNCATE ' . join ', ', map { "interactions.$_" } @types, 'users');
	is(use_all($db), $answers, "$old: all works after the update");
}

SKIP:
{
	skip "nothing is released before $version", 1 unless @released;
	pass('there was a version to update from');
}
$node->stop;
done_testing();
