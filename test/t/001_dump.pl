# pg_dump and a restore into an empty database give every row back, triggers and all, and a second dump is the same.

use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;
use Interactions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION interactions;
INSERT INTO interactions_v1.users VALUES ('u1', E'Zo\u00EB "the\\\n1st"', 0), ('registered only', NULL, 253402300799999);
INSERT INTO interactions_v1.ratings SELECT 'u' || i % 50, 'i' || i % 70, 1e12 + i, NULL, i % 6 FROM generate_series(1, 2000) AS i;
INSERT INTO interactions_v1.ratings VALUES ('u', 'i', 1, NULL, 0.1), ('u', 'i', 1, 'r', 0.30000000000000004), ('u', 'i', 1, 'r', 4.9e-324);
INSERT INTO interactions_v1.purchases SELECT 'u' || i % 50, 'i' || i % 70, i, 'rec' || i, i / 7.0, 1 + i % 3 FROM generate_series(1, 2000) AS i;
INSERT INTO interactions_v1.purchases VALUES ('u', 'i', 1, NULL, 9.50, NULL), ('u', 'i', 1, NULL, NULL, 2147483647), ('u', 'i', 1, NULL, 1e-300, NULL);
INSERT INTO interactions_v1.cart_additions SELECT * FROM interactions_v1.purchases;
INSERT INTO interactions_v1.views VALUES ('u', 'i', 0, NULL, 9223372036854775807), ('u', 'i', 253402300799999, NULL, NULL);
INSERT INTO interactions_v1.bookmarks (user_id, item_id, recommendation_id) VALUES (E'\t\n\\N\u00E9', '\.', '\N'),
	(repeat('x', 512), repeat('y', 512), repeat('z', 512)), ('NULL', ' ', '''"');
SQL

# A dump, without the key that each has of its own
sub dump_of
{
	my ($db) = @_;
	my $dump = '';
	IPC::Run::run([ 'pg_dump', '-d', $node->connstr($db) ], '>', \$dump) or die "pg_dump failed";
	$dump =~ s/^\\(un)?restrict .*\n//mg;
	return $dump;
}

sub restore
{
	my ($db, $dump) = @_;
	my ($out, $err) = ('', '');
	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE template0");
	my $ok = IPC::Run::run([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($db) ], '<', \$dump, '>', \$out, '2>', \$err);
	return $ok ? '' : $err;
}

my $content = content($node, 'postgres');
my $rows = () = $content =~ /\n/g;
cmp_ok($rows, '>', 6000, "there is something to dump");
my $dump = dump_of('postgres');
my $folder = PostgreSQL::Test::Utils::tempdir;

is(restore('plain', $dump), '', 'plain: restored');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$folder/custom", '-d', $node->connstr('postgres') ], 'custom: dumped');
$node->command_ok([ 'pg_dump', '-Fd', '-j2', '-f', "$folder/parallel", '-d', $node->connstr('postgres') ], 'parallel: dumped');
for my $format (qw(custom parallel))
{
	$node->safe_psql('postgres', "CREATE DATABASE $format TEMPLATE template0");
	$node->command_ok(
		[ 'pg_restore', '--exit-on-error', $format eq 'parallel' ? '-j2' : (), '-d', $node->connstr($format), "$folder/$format" ],
		"$format: restored");
}
for my $format (qw(plain custom parallel))
{
	# is() would print thousands of lines
	ok(content($node, $format) eq $content, "$format: every row is back");
	# a parallel restore loads the same rows of a table in the same order, too
	ok(dump_of($format) eq $dump, "$format: a second dump is the same");
	is( $node->safe_psql($format, <<'SQL'), "10|0", "$format: the triggers are there and enabled");
SELECT count(*) FILTER (WHERE tgname IN ('check_interaction', 'insert_interaction')), count(*) FILTER (WHERE tgenabled <> 'O')
FROM pg_trigger WHERE NOT tgisinternal;
SQL
	my ($status, $out, $err) = $node->psql($format,
		q(SET search_path = ''; INSERT INTO interactions.ratings (user_id, item_id, value) VALUES ('u', 'i', 6)));
	like($err, qr/"value" must be .*between 0 and 5, not 6/, "$format: the rules hold, with an empty search_path");
	is( $node->safe_psql($format, <<'SQL'), '{"created": 0, "duplicates": 1}', "$format: what was stored is known again");
SET search_path = '';
SELECT interactions_v1.create_ratings('[{"user_id": "u", "item_id": "i", "timestamp": 1, "value": 0.1}]');
SQL
}

# The triggers fire in a restore: they hold the rules, and trust no fingerprint
(my $changed = $dump) =~ s/^(u\ti\t.*\tr\t0\.30000000000000004\t)-?\d+$/${1}42/m;
isnt($changed, $dump, 'a dump with a wrong fingerprint');
is(restore('fingerprint', $changed), '', 'it can be restored');
ok(content($node, 'fingerprint') eq $content, 'it gets the right one');

($changed = $dump) =~ s/^(u\ti\t.*\tr\t)0\.30000000000000004(\t-?\d+)$/${1}6$2/m;
isnt($changed, $dump, 'a dump with a wrong value');
like(restore('wrong', $changed), qr/"value" must be .*between 0 and 5, not 6/, 'it is refused');

$node->stop;
done_testing();
