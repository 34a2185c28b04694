# pg_upgrade keeps rows, tables with all that anybody added, rights and settings: from the same major version, and from each older one that has the extension.

use strict;
use warnings FATAL => 'all';
use Cwd qw(getcwd);
use FindBin;
use lib $FindBin::RealBin;
use Interactions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

sub config
{
	my ($program, $option) = @_;
	my $value = `"$program" --$option`;
	chomp $value;
	return $value;
}

sub major
{
	return config($_[0], 'version') =~ /^PostgreSQL (\d+)/ ? $1 : 0;
}

my $bindir = config('pg_config', 'bindir');
my $major = major('pg_config');
my %sources = ($major => $bindir);
for my $program (glob('/usr/lib/postgresql/*/bin/pg_config /usr/local/pgsql*/bin/pg_config /usr/pgsql-*/bin/pg_config'))
{
	my $other = major($program);
	$sources{$other} = config($program, 'bindir')
	  if $other < $major && -e config($program, 'sharedir') . '/extension/interactions.control';
}

my $roles = getcwd . '/deploy/roles.sql';

# The extension, its tables as another role's, and all that this added; $rows go in between
sub install
{
	my ($node, $db, $rows) = @_;
	my @as_shop = (extra_params => [ '-U', 'shop' ]);
	$node->safe_psql('postgres', "GRANT CREATE ON DATABASE $db TO shop");
	$node->safe_psql($db, <<'SQL');
CREATE EXTENSION interactions;
GRANT USAGE, CREATE ON SCHEMA interactions, interactions_v1 TO shop;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO shop;
SQL
	$node->safe_psql($db, 'SELECT interactions.create_tables()', @as_shop);
	$node->safe_psql($db, "\\set QUIET on\n\\i $roles\n$rows");
	$node->safe_psql($db, $additions, @as_shop);
}

# Each object; where the major versions differ, without what each puts into words of its own, and without the
# rights of an owner, who has MAINTAIN, too, since 17. That they are as in a new database is a test of its own
sub comparable
{
	my ($node, $source) = @_;
	my $objects = objects($node, 'postgres');
	return $objects if $source == $major;
	delete @$objects{ grep { /^(?:MATERIALIZED )?VIEW |^FUNCTION own\.paid|^ACL interactions\.TABLE purchases$/ } keys %$objects };
	return $objects;
}

for my $source (sort { $a <=> $b } keys %sources)
{
	my $from = "$source to $major";
	my $old = PostgreSQL::Test::Cluster->new("old_$source", $source == $major ? () : (install_path => $sources{$source} =~ s/\/bin$//r));
	$old->init;
	$old->start;
	$old->safe_psql('postgres', 'CREATE ROLE shop LOGIN');
	install($old, 'postgres', <<'SQL');
ALTER DATABASE postgres SET interactions.max_batch_elements = 1000;
GRANT SET ON PARAMETER interactions.max_page_size TO web;
INSERT INTO interactions_v1.users VALUES ('u1', 'Uma', 1), ('registered only', NULL, NULL);
INSERT INTO interactions_v1.bookmarks SELECT 'u' || i % 10, 'i' || i, 1000000000000 + i, nullif('r' || i % 3, 'r0') FROM generate_series(1, 1000) AS i;
INSERT INTO interactions_v1.ratings SELECT 'u' || i % 10, 'i' || i, 1000000000000 + i, NULL, i % 51 / 10.0 FROM generate_series(1, 1000) AS i;
INSERT INTO interactions_v1.purchases SELECT 'u' || i % 10, 'i' || i, 1000000000000 + i, 'r', i / 7.0, 1 + i % 3 FROM generate_series(1, 1000) AS i;
INSERT INTO interactions_v1.cart_additions SELECT 'u' || i % 10, 'i' || i, 1000000000000 + i, NULL, nullif(i % 4, 0), NULL FROM generate_series(1, 1000) AS i;
INSERT INTO interactions_v1.views SELECT 'u' || i % 10, 'i' || i, 1000000000000 + i, NULL, nullif(i % 5, 0) * 1000 FROM generate_series(1, 1000) AS i;
SQL
	$old->safe_psql('postgres', 'CREATE DATABASE partitioned TEMPLATE template0');
	$old->safe_psql('partitioned', <<'SQL');
CREATE EXTENSION interactions;
SELECT interactions.create_tables(partitioned => true);
CREATE TABLE interactions.views_early PARTITION OF interactions.views FOR VALUES FROM ('-infinity') TO ('2001-09-09 01:46:40.5+00');
INSERT INTO interactions_v1.views SELECT 'u' || i % 10, 'i' || i, 1000000000000 + i, NULL, i FROM generate_series(1, 1000) AS i;
SQL
	my $partitioned = content($old, 'partitioned');
	my $data = dump_of($old, 'postgres', '--data-only');
	my $objects = comparable($old, $source);
	my $rows = () = content($old, 'postgres') =~ /^(u\d|registered only)\t/mg;
	is($rows, 5002, "$from: there is something to keep");
	$old->stop;

	my $new = PostgreSQL::Test::Cluster->new("new_$source");
	# since 18 a cluster has checksums if nobody says otherwise, and both must be alike
	$new->init($source < 18 && $major >= 18 ? (extra => ['--no-data-checksums']) : ());
	my $output = '';
	my $folder = PostgreSQL::Test::Utils::tempdir; # pg_upgrade leaves a script where it runs
	my $ok = IPC::Run::run(
		[   "$bindir/pg_upgrade", '--no-sync', '-b', $sources{$source}, '-B', $bindir, '-d', $old->data_dir, '-D', $new->data_dir,
			'-s', $old->host, '-p', $old->port, '-P', $new->port ],
		'<', \undef, '>&', \$output, 'init', sub { chdir $folder or die $! });
	unless (ok($ok, "$from: pg_upgrade"))
	{
		my @logs = glob($new->data_dir . '/pg_upgrade_output.d/*/log/*.log');
		diag $output, grep { /error:/ } map { split /^/m, slurp_file($_) } @logs;
		next;
	}
	$new->start;
	my $value = sub { return $new->safe_psql('postgres', $_[0]) };

	# is() would print thousands of lines
	ok(dump_of($new, 'postgres', '--data-only') eq $data, "$from: every row is there");
	is_deeply(comparable($new, $source), $objects, "$from: every object and every right is");
	$value->('ALTER EXTENSION interactions UPDATE');
	$new->safe_psql('postgres', 'SELECT interactions.create_tables()', extra_params => [ '-U', 'shop' ]);
	$value->('CREATE DATABASE fresh TEMPLATE template0');
	install($new, 'fresh', '');
	my $fresh = objects($new, 'fresh');
	cmp_ok(scalar(grep { /^ALTER EXTENSION interactions ADD /m } values %$fresh), '>', 40, "$from: the extension has objects");
	is(scalar(grep { /^TABLE interactions\./ && $fresh->{$_} =~ /^ALTER TABLE .* OWNER TO shop;$/m } keys %$fresh), 9, "$from: and the role has tables");
	is_deeply(objects($new, 'postgres'), $fresh, "$from: they are as in a new database");
	is( $value->(<<'SQL'), "1000\nt", "$from: the settings are kept, and the right to one");
SHOW interactions.max_batch_elements;
SELECT has_parameter_privilege('web', 'interactions.max_page_size', 'SET');
SQL

	# the fingerprints, stored by the old version, are what the new one makes of the same values
	for my $type (@types)
	{
		is($value->("SET ROLE web; SELECT interactions_v1.create_$type((SELECT json_agg(listed)"
				. " FROM (SELECT DISTINCT user_id FROM interactions.$type) AS owner, interactions_v1.list_user_$type(owner.user_id) AS listed))"),
			'{"created": 0, "duplicates": 1000}', "$from: the rows of $type are known again");
		for my $by (qw(user item))
		{
			is( $value->(<<"SQL"), '1000', "$from: the lists of $type by $by hold every row");
SET ROLE web_reader;
SELECT count(*) FROM (SELECT DISTINCT ${by}_id FROM interactions_v1.$type) AS owner, interactions_v1.list_${by}_$type(owner.${by}_id);
SQL
		}
	}
	ok(content($new, 'partitioned') eq $partitioned, "$from: every row of partitioned tables is there");
	is($new->safe_psql('partitioned', <<'SQL'), "{\"created\": 0, \"duplicates\": 1000}\n1000000000001|1000000000499|499\n1000000000500|1000000001000|501", "$from: and is known again, in its partition");
SELECT interactions_v1.create_views((SELECT json_agg(views) FROM interactions_v1.views));
SELECT interactions.timestamp_to_ms(min("timestamp")), interactions.timestamp_to_ms(max("timestamp")), count(*) FROM interactions.views GROUP BY tableoid ORDER BY 1;
SQL
	$value->('ANALYZE');
	is( $value->('SELECT interaction_type, rows, interactions.timestamp_to_ms(newest) FROM interactions.stats ORDER BY 1'),
		join("\n", map { "$_|1000|1000000001000" } sort @types), "$from: stats");
	is( $value->(<<'SQL'), <<'END' =~ s/\n$//r, "$from: functions that write");
SET ROLE web;
SELECT * FROM interactions_v1.create_rating('{"user_id": "u1", "item_id": "new", "timestamp": 1000000002000, "value": 5}');
SELECT interactions_v1.import_views('[{"user_id": "u1", "item_id": "new", "timestamp": 1000000002000}, {"user_id": "u1"}]')->'created';
SELECT interactions_v1.delete_views(item_id => 'i2');
SELECT interactions_v1.transfer_interactions('u1', 'u2');
UPDATE interactions_v1.users SET external_id = 'u11' WHERE external_id = 'u2' RETURNING name;
DELETE FROM interactions_v1.users WHERE external_id = 'u3';
RESET ROLE;
CALL interactions.purge('ratings', interactions.timestamp_from_ms('1000000000900'), 100);
SELECT count(*) FROM interactions.ratings;
SQL
u1|new|1000000002000||5
1
{"deleted": 1}
{"from_user_id": "u1", "to_user_id": "u2", "transferred": {"bookmarks": 100, "ratings": 101, "purchases": 100, "cart_additions": 100, "views": 101}, "duplicates": 0, "user_deleted": true}
Uma
92
END
	for my $refused (
		[ q(INSERT INTO interactions.ratings (user_id, item_id, value) VALUES ('u', 'i', 6)), qr/"value" must be a number between 0 and 5, not 6/ ],
		[ q(SET ROLE web_reader; INSERT INTO interactions_v1.bookmarks (user_id, item_id) VALUES ('u', 'i')), qr/permission denied for view bookmarks/ ],
		[ q(DROP EXTENSION interactions), qr/cannot drop extension interactions because other objects depend on it/ ])
	{
		my ($sql, $error) = @$refused;
		my ($status, $out, $err) = $new->psql('postgres', $sql);
		like($err, $error, "$from: refused: $sql");
	}
	$new->stop;
}

SKIP:
{
	skip "no PostgreSQL older than $major with the extension is installed", 1 if keys %sources == 1;
	pass('another major version was tried');
}
done_testing();
