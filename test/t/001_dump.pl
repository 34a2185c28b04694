# pg_dump and a restore into an empty database give back every row and all that anybody added to the tables, whoever owns them; and so does DROP EXTENSION ... CASCADE with create_tables() after it.

use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;
use Interactions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE admin LOGIN SUPERUSER; CREATE ROLE shop LOGIN; CREATE ROLE web; CREATE ROLE web_reader');

my $rows = <<'SQL';
INSERT INTO interactions_v1.users VALUES ('u1', E'Zo\u00EB "the\\\n1st"', 0), ('registered only', NULL, 253402300799999);
INSERT INTO interactions_v1.ratings SELECT 'u' || i % 50, 'i' || i % 70, 1e12 + i, NULL, i % 6 FROM generate_series(1, 2000) AS i;
INSERT INTO interactions_v1.ratings VALUES ('u', 'i', 1000000000001, NULL, 0.1), ('u', 'i', 1000000000001, 'r', 0.30000000000000004), ('u', 'i', 1000000000001, 'r', 4.9e-324);
INSERT INTO interactions_v1.purchases SELECT 'u' || i % 50, 'i' || i % 70, 1000000000000 + i, 'rec' || i, i / 7.0, 1 + i % 3 FROM generate_series(1, 2000) AS i;
INSERT INTO interactions_v1.purchases VALUES ('u', 'i', 1000000000001, NULL, 9.50, NULL), ('u', 'i', 1000000000001, NULL, NULL, 2147483647), ('u', 'i', 1000000000001, NULL, 1e-300, NULL);
INSERT INTO interactions_v1.cart_additions SELECT * FROM interactions_v1.purchases;
INSERT INTO interactions_v1.views VALUES ('u', 'i', 0, NULL, 9223372036854775807), ('u', 'i', 253402300799999, NULL, NULL);
INSERT INTO interactions_v1.bookmarks (user_id, item_id, recommendation_id) VALUES (E'\t\n\\N\u00E9', '\.', '\N'),
	(repeat('x', 512), repeat('y', 512), repeat('z', 512)), ('NULL', ' ', '''"');
INSERT INTO interactions_v1.recommendations VALUES ('r', 'u', NULL, '{i,"a \"b\"","NULL"}', 1), ('\N', NULL, 'home', '{}', 253402300799999), ('none', NULL, NULL, NULL, 0);
CALL interactions.refresh_items('purchases', period => NULL);
SQL

# these go by way of what was added
my $more_rows = <<'SQL';
INSERT INTO interactions_v1.users VALUES ('late', 'Lea', 1);
INSERT INTO interactions_v1.bookmarks VALUES ('late', 'i', 1000000000001, NULL);
INSERT INTO interactions_v1.ratings VALUES ('late', 'i', 1000000000001, NULL, DEFAULT);
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp", price, amount) VALUES ('late', 'i', 1000000000001, 2.50, 3);
INSERT INTO interactions_v1.cart_additions VALUES ('late', 'i', 1000000000001, NULL, 2.50, 3);
INSERT INTO interactions_v1.views VALUES ('late', 'i', 1000000000001, NULL, 1000);
SQL

# What goes with the extension, by type and name: itself, its schema, its functions, what calls these
my $goes = join '|', '^EXTENSION ', '^COMMENT -\.EXTENSION ', '^[A-Z ]+ interactions_v1\.', '^SCHEMA -\.interactions_v1$', '^(ACL|COMMENT) -\.SCHEMA interactions_v1$',
	'^(FUNCTION|PROCEDURE) interactions\.', '^(ACL|COMMENT) interactions\.(FUNCTION|PROCEDURE) ',
	'^TRIGGER interactions\.\w+ zz_check_', '^COMMENT interactions\.TRIGGER zz_check_', '^VIEW own\.on_the_wire$';

# SQL as a role
sub run_as
{
	my ($role, $db, $sql) = @_;
	return $node->safe_psql($db, $sql, extra_params => [ '-U', $role ]);
}

# A database in which a role may make the tables
sub create_database
{
	my ($db, $role) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE template0");
	$node->safe_psql('postgres', "GRANT CREATE ON DATABASE $db TO $role");
	create_extension($db, $role);
}

sub create_extension
{
	my ($db, $role) = @_;
	$node->safe_psql($db, <<"SQL");
CREATE EXTENSION interactions;
GRANT USAGE, CREATE ON SCHEMA interactions, interactions_v1 TO $role;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO web;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO $role;
SQL
}

# All that a database is compared by: its rows, its objects, and a dump of it. A dump has rows as they lie in the
# table, which even a parallel restore keeps
sub state_of
{
	my ($db) = @_;
	return { content => content($node, $db), objects => objects($node, $db), dump => dump_of($node, $db) };
}

sub is_restored
{
	my ($db, $expected, $name) = @_;
	my $state = state_of($db);
	# is() would print thousands of lines
	ok($state->{content} eq $expected->{content}, "$name: every row is back");
	is_deeply($state->{objects}, $expected->{objects}, "$name: every object is");
	ok($state->{dump} eq $expected->{dump}, "$name: a second dump is the same");
}

# What the objects are for
sub works
{
	my ($db, $name) = @_;
	is( $node->safe_psql($db, <<'SQL'), "23\nnotes_always|A\nnotes_copies|R\nnotes_never|D", "$name: our triggers are there and enabled, and the others as they were");
SELECT count(*) FROM pg_trigger WHERE tgenabled = 'O'
AND tgname IN ('zz_check_interaction', 'zz_check_user', 'insert_interaction', 'before_insert_interaction', 'after_insert_interaction', 'edit_user', 'before_edit_user');
SELECT tgname, tgenabled FROM pg_trigger WHERE tgenabled <> 'O' ORDER BY tgname;
SQL
	my ($status, $out, $err) = $node->psql($db,
		q(SET search_path = ''; INSERT INTO interactions.ratings (user_id, item_id, value) VALUES ('u', 'i', 6)));
	like($err, qr/"value" must be .*between 0 and 5, not 6/, "$name: the rules hold, with an empty search_path");
	is( $node->safe_psql($db, <<'SQL'), '{"created": 0, "duplicates": 1}', "$name: what was stored is known again");
SET search_path = '';
SELECT interactions_v1.create_ratings('[{"user_id": "u", "item_id": "i", "timestamp": 1000000000001, "value": 0.1}]');
SQL
	is( $node->safe_psql($db, 'SET ROLE web; SELECT count(*), min(tenant), max(tenant) FROM interactions.bookmarks'),
		'3|north|north', "$name: a policy hides a row");
	($status, $out, $err) = $node->psql($db, q(UPDATE interactions.purchases SET shop = 'west' WHERE user_id = 'late'));
	like($err, qr/violates foreign key constraint "sold_by"/, "$name: a foreign key holds");
	($status, $out, $err) = $node->psql($db, 'SELECT interactions.create_tables()');
	is(join(' ', $err =~ /(ERROR|adding|already exists, skipping)/g), join(' ', ('already exists, skipping') x 17), "$name: create_tables() finds all there");
}

for my $role (qw(admin shop))
{
	my $source = "of_$role";
	create_database($source, $role);
	run_as($role, $source, $_) for 'SELECT interactions.create_tables()', $rows, $additions, $more_rows;
	my $state = state_of($source);
	my $objects = $state->{objects};

	cmp_ok(scalar(() = $state->{content} =~ /\n/g), '>', 6000, "$role: there is something to dump");
	my %kinds = map { /^([A-Z ]+) / => 1 } keys %$objects;
	is_deeply([ grep { !$kinds{$_} } 'ACL', 'CHECK CONSTRAINT', 'COMMENT', 'CONSTRAINT', 'DEFAULT', 'FK CONSTRAINT', 'INDEX', 'MATERIALIZED VIEW',
			'POLICY', 'PUBLICATION TABLE', 'ROW SECURITY', 'SEQUENCE', 'STATISTICS', 'TRIGGER', 'VIEW' ], [], "$role: of each kind");
	my @owned = grep { /^TABLE / && $objects->{$_} =~ /^ALTER TABLE .* OWNER TO $role;$/m } keys %$objects;
	is(scalar @owned, 13, "$role: owns the tables");

	for my $format (qw(plain custom directory))
	{
		my ($db, $name) = ("${role}_$format", "$role, $format");
		my @jobs = $format eq 'directory' ? '-j2' : ();
		my @restore = $format eq 'plain' ? ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f') : ('pg_restore', '--exit-on-error', @jobs);
		$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE template0");
		$node->command_ok([ 'pg_dump', "--format=$format", @jobs, '-f', "$folder/$db", '-d', $node->connstr($source) ], "$name: dumped");
		$node->command_ok([ @restore, "$folder/$db", '-d', $node->connstr($db) ], "$name: restored");
		is_restored($db, $state, $name);
		works($db, $name);
	}

	# The extension goes, and takes along what $goes says; create_tables() brings that back
	my $data = dump_of($node, $source, '--data-only');
	my ($status, $out, $err) = $node->psql($source, "\\set VERBOSITY sqlstate\nDROP EXTENSION interactions");
	like($err, qr/ERROR:  2BP01/, "$role: DROP EXTENSION is refused");
	is_deeply(objects($node, $source), $objects, "$role: and nothing is dropped");
	my %kept = map { $_ => $objects->{$_} } grep { !/$goes/ } keys %$objects;
	$node->safe_psql($source, 'SET client_min_messages = error; DROP EXTENSION interactions CASCADE');
	is_deeply(objects($node, $source), \%kept, "$role: with CASCADE every object is kept but what is the extension's");
	ok(dump_of($node, $source, '--data-only') eq $data, "$role: and every row");

	create_database("fresh_$role", $role);
	run_as($role, "fresh_$role", 'SELECT interactions.create_tables()');
	create_extension($source, $role);
	run_as($role, $source, 'SELECT interactions.create_tables()');
	is_deeply(objects($node, $source), { %{ objects($node, "fresh_$role") }, %kept },
		"$role: what went is there again as in a new database, what was kept as it was");
	ok(dump_of($node, $source, '--data-only') eq $data, "$role: and every row still");
	works($source, "$role, made again");
}

# A role that is no superuser, by itself: extension and schemas are there, and are not its to make
create_database('by_shop', 'shop');
$node->command_ok([ 'pg_dump', '--format=custom', '-U', 'shop', '--enable-row-security', '-f', "$folder/by_shop", '-d', $node->connstr('shop_plain') ],
	'shop, by itself: dumped');
my ($list, $err) = run_command([ 'pg_restore', '--list', "$folder/by_shop" ]);
append_to_file("$folder/list", join "\n", grep { / shop$/ } split /\n/, $list);
$node->command_ok([ 'pg_restore', '--exit-on-error', '-U', 'shop', '-L', "$folder/list", '-d', $node->connstr('by_shop'), "$folder/by_shop" ],
	'shop, by itself: restored');
is_restored('by_shop', state_of('shop_plain'), 'shop, by itself');
works('by_shop', 'shop, by itself');

# Partitions, which have the triggers and indexes of their table
create_database('partitioned', 'shop');
run_as('shop', 'partitioned', $_) for 'SELECT interactions.create_tables(partitioned => true)',
	q(CREATE TABLE interactions.ratings_later PARTITION OF interactions.ratings FOR VALUES FROM ('2001-09-09 01:46:41+00') TO ('infinity')), $rows;
$node->safe_psql('postgres', 'CREATE DATABASE partitions_back TEMPLATE template0');
$node->command_ok([ 'pg_dump', '--format=custom', '-f', "$folder/partitioned", '-d', $node->connstr('partitioned') ], 'partitioned: dumped');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('partitions_back'), "$folder/partitioned" ], 'partitioned: restored');
is_restored('partitions_back', state_of('partitioned'), 'partitioned');

$node->stop;
done_testing();
