# On tables that Citus distributes, partitioned or not, every call gives the rows, counts and SQLSTATEs that it gives on plain ones.

use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;
use Interactions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $share = `pg_config --sharedir`;
chomp $share;
plan skip_all => 'Citus is not installed' unless -e "$share/extension/citus.control";

my ($coordinator, @workers) = map {
	my $node = PostgreSQL::Test::Cluster->new($_);
	$node->init;
	$node->append_conf('postgresql.conf', <<'END');
shared_preload_libraries = 'citus'
listen_addresses = '127.0.0.1'
wal_level = logical
max_connections = 200
max_worker_processes = 30
citus.local_hostname = '127.0.0.1'
citus.max_cached_conns_per_worker = 16
citus.enable_statistics_collection = off
END
	$node->start;
	$node;
} qw(coordinator worker1 worker2);

# What the owner, who is no superuser, is granted on each server
my $grants = <<'SQL';
GRANT USAGE, CREATE ON SCHEMA interactions_v1 TO shop;
GRANT USAGE ON SCHEMA interactions_v1 TO app;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO shop, app;
SQL
$coordinator->safe_psql('postgres', 'CREATE ROLE shop LOGIN; CREATE ROLE app LOGIN');
$_->safe_psql('postgres', 'CREATE ROLE shop LOGIN; CREATE ROLE app LOGIN') for @workers;

sub make_database
{
	my ($db, $citus) = @_;
	my @nodes = $citus ? ($coordinator, @workers) : $coordinator;
	$_->safe_psql('postgres', "CREATE DATABASE $db") for @nodes;
	if ($citus)
	{
		$_->safe_psql($db, 'CREATE EXTENSION citus') for @nodes;
		$coordinator->safe_psql($db, join ';', "SELECT citus_set_coordinator_host('127.0.0.1', " . $coordinator->port . ')',
			map { "SELECT citus_add_node('127.0.0.1', " . $_->port . ')' } @workers);
	}
	$coordinator->safe_psql($db, 'SET client_min_messages = error; CREATE EXTENSION interactions; GRANT USAGE, CREATE ON SCHEMA interactions TO shop; GRANT USAGE ON SCHEMA interactions TO app');
	$_->safe_psql($db, $grants) for @nodes;
}

# What a script prints, of its errors the SQLSTATE, as one of the roles
sub output_of
{
	my ($db, $role, $sql) = @_;
	my ($out, $in) = ('', "\\set VERBOSITY sqlstate\n$sql");
	IPC::Run::run([ 'psql', '-X', '-q', '-A', '-t', '-d', $coordinator->connstr($db), '-U', $role, '-P', 'null=-' ], '<', \$in, '>', \$out, '2>&1');
	return $out;
}

# Each line of a script as often as it takes a kept plan to become one for any parameters
sub often
{
	return join '', map { "$_\n" x 7 } split /\n/, $_[0];
}

my @pairs = map { [ "from$_", "to$_" ] } 1 .. 6;    # some of one shard, some of two
my $calls = <<'SQL'
SELECT interactions_v1.create_bookmark('{"user_id": "u", "item_id": "i", "timestamp": 1}');
SELECT interactions_v1.create_rating('{"user_id": "u", "item_id": "i", "timestamp": 1, "value": 4.5}');
SELECT interactions_v1.create_purchase('{"user_id": "u", "item_id": "i", "timestamp": 1, "price": 9.50, "amount": 2, "recommendation_id": "r"}');
SELECT interactions_v1.create_cart_addition('{"user_id": "u", "item_id": "i", "timestamp": 1, "price": 9.50}');
SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "i", "timestamp": 1, "duration": 5}');
SELECT interactions_v1.create_rating('{"user_id": "u", "item_id": "i", "timestamp": 1, "value": 6}');
SELECT interactions_v1.create_rating('{"user_id": "u", "item_id": "i", "timestamp": 1}');
SHOW response.status;
SELECT interactions_v1.create_views('[{"user_id": "u", "item_id": "i", "timestamp": 2}, {"user_id": "v", "item_id": "i", "timestamp": 2}, {"user_id": "u", "item_id": "i", "timestamp": 2}]');
SELECT interactions_v1.create_views('[{"user_id": "u", "item_id": "i", "timestamp": 2}, {"user_id": "w", "item_id": "i", "timestamp": 3}]');
SELECT interactions_v1.create_ratings('[{"user_id": "u", "item_id": "i", "timestamp": 2, "value": 1}, {"user_id": "v", "item_id": "i", "value": 7}]');
SELECT interactions_v1.import_ratings('[{"user_id": "u", "item_id": "i", "timestamp": 2, "value": 1}, {"user_id": "v", "item_id": "i", "value": 7}]');
SELECT interactions_v1.create_purchases('[]');
SQL
  . often(<<'SQL')
SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "j", "timestamp": 9}');
SELECT interactions_v1.create_views('[{"user_id": "u", "item_id": "k", "timestamp": 2}, {"user_id": "w", "item_id": "k", "timestamp": 3}]');
SQL
  . <<'SQL'
SELECT interactions_v1.create_views((SELECT json_agg(json_build_object('user_id', 'u' || n % 20, 'item_id', 'i' || n % 7, 'timestamp', 1700000000000 + n / 3, 'duration', n)) FROM generate_series(1, 3000) AS n));
SELECT interactions_v1.create_views((SELECT json_agg(json_build_object('user_id', 'u' || n % 20, 'item_id', 'i' || n % 7, 'timestamp', 1700000000000 + n / 3, 'duration', n)) FROM generate_series(2, 3001) AS n));
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp", price) VALUES ('x', 'y', 1, 1), ('x', 'z', 2, NULL), ('x', 'y', 1, 1) RETURNING item_id;
INSERT INTO interactions_v1.purchases (user_id, item_id, price) VALUES ('x', 'y', -1), ('x', 'z', 1);
COPY interactions_v1.purchases FROM STDIN;
x	z	2	\N	\N	\N
x	a	3	\N	7	1
y	a	3	\N	7	1
\.
COPY interactions_v1.purchases FROM STDIN;
x	z	2	\N	\N	0
\.
SQL
  . often(<<'SQL')
SELECT * FROM interactions_v1.list_user_views('u1', 5);
SELECT * FROM interactions_v1.list_user_views('u1', 5, '1700000000500:i2', '1700000000100', '1700000000900');
SELECT * FROM interactions_v1.list_item_views('i1', 5);
SELECT * FROM interactions_v1.list_item_views('i1', 5, '1700000000500:u2', '1700000000100', '1700000000900');
SELECT count(*), min("timestamp"), max("timestamp") FROM interactions_v1.list_item_views('i1');
SELECT interactions_v1.delete_views('u2', 'i1', '1700000000007');
SELECT interactions_v1.delete_views(item_id => 'i6', from_timestamp => '1700000000100', to_timestamp => '1700000000200');
SELECT interactions_v1.delete_views();
SELECT * FROM interactions_v1.users WHERE external_id = 'u';
SQL
  . <<'SQL'
SELECT interactions_v1.list_user_views('u1', 0);
SELECT interactions_v1.list_item_views('');
INSERT INTO interactions_v1.users VALUES ('u', 'U', 5), ('registered', NULL, 6);
INSERT INTO interactions_v1.users (external_id, name) VALUES ('u', 'Ute');
SHOW response.status;
INSERT INTO interactions_v1.users VALUES ('');
SQL
  . join('', map { <<SQL } @pairs)
SELECT interactions_v1.create_purchases('[{"user_id": "$_->[0]", "item_id": "both", "timestamp": 1}, {"user_id": "$_->[1]", "item_id": "both", "timestamp": 1}, {"user_id": "$_->[0]", "item_id": "a", "timestamp": 2, "price": 1.50}]');
INSERT INTO interactions_v1.users VALUES ('$_->[0]', '$_->[0]', 7);
SELECT interactions_v1.transfer_interactions('$_->[0]', '$_->[1]', false);
SELECT interactions_v1.transfer_interactions('$_->[0]', '$_->[1]');
SELECT interactions_v1.transfer_interactions('$_->[0]', '$_->[1]');
SELECT interactions_v1.transfer_interactions('$_->[0]', '$_->[1]', missing_ok => true);
CALL interactions.transfer_interactions('$_->[1]', '$_->[1]' || 'x');
SELECT interactions.update_user('$_->[1]' || 'x', '{"external_id": "$_->[1]", "created_at": 8}');
SELECT interactions_v1.put_user(E'$_->[1]\\n{"name": "%"}');
SQL
  . <<'SQL'
SELECT interactions.update_user('nobody', '{"name": "N"}');
SELECT interactions.update_user('u3', '{"name": "merged", "external_id": "u4", "created_at": 9}');
SELECT interactions_v1.delete_user('u5');
SELECT interactions_v1.delete_user('u5');
SELECT interactions.erase_user('u6');
SELECT interactions.erase_user('to1');
CALL interactions.purge('views', interactions.timestamp_from_ms('1700000000300'));
CALL interactions.purge('views', interactions.timestamp_from_ms('1700000000400'), 7);
SELECT interactions_v1.create_ratings('[{"user_id": "d1", "item_id": "i", "value": 1, "timestamp": 1705276800000}, {"user_id": "d2", "item_id": "i", "value": 1, "timestamp": 1705276800000}]');
SET datestyle = 'SQL, DMY'; CALL interactions.purge('ratings', make_timestamptz(2024, 1, 2, 0, 0, 0, 'UTC'));
SELECT count(*) FROM interactions.ratings WHERE user_id IN ('d1', 'd2'); RESET datestyle;
CALL interactions.purge('nothing', now());
CALL interactions.purge('views', now(), 0);
BEGIN;
CALL interactions.purge('views', now());
ROLLBACK;
BEGIN;
SELECT count(*) FROM interactions.views;
SELECT interactions_v1.create_views((SELECT json_agg(json_build_object('user_id', 'q' || n % 50, 'item_id', 'q' || n, 'timestamp', 3)) FROM generate_series(1, 500) AS n));
SELECT interactions_v1.create_views((SELECT json_agg(json_build_object('user_id', 'q' || n % 50, 'item_id', 'q' || n, 'timestamp', 3)) FROM generate_series(1, 501) AS n));
SELECT interactions_v1.delete_views(item_id => 'q1');
SELECT interactions_v1.transfer_interactions('q1', 'q2');
SELECT interactions.erase_user('q3');
SAVEPOINT s;
SELECT interactions_v1.create_ratings('[{"user_id": "u", "item_id": "i", "value": 9}, {"user_id": "q", "item_id": "i", "value": 9}]');
ROLLBACK TO s;
SELECT interactions_v1.delete_purchases(delete_all => true);
ROLLBACK;
ANALYZE interactions.bookmarks, interactions.ratings, interactions.purchases, interactions.cart_additions, interactions.views;
SELECT interaction_type, rows, bytes > 0, CASE interaction_type WHEN 'views' THEN ARRAY[oldest, newest] END FROM interactions.stats;
SELECT * FROM interactions_v1.users ORDER BY external_id;
SQL
  . join('', map { "SELECT * FROM interactions.$_ ORDER BY user_id, \"timestamp\", item_id, fingerprint;\nSELECT * FROM interactions_v1.$_ ORDER BY user_id, \"timestamp\", item_id, \"$_\";\n" =~ s/, "$_";/;/r } @types);

# What somebody adds to the tables: columns, a trigger that keeps rows, a unique key, policies
my $additions = <<'SQL';
SET citus.enable_unsafe_triggers = on;
ALTER TABLE interactions.purchases ADD gone text, ADD note text DEFAULT 'none', ADD total numeric GENERATED ALWAYS AS (price * amount) STORED;
ALTER TABLE interactions.purchases DROP gone;
ALTER TABLE interactions.users ADD email text;
ALTER TABLE interactions.bookmarks ADD CONSTRAINT once UNIQUE (user_id, item_id, "timestamp");
CREATE FUNCTION interactions.keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF OLD.item_id = 'kept' THEN
		RETURN NULL;
	END IF;
	RETURN OLD;
END
$$;
CREATE TRIGGER keep BEFORE DELETE ON interactions.views FOR EACH ROW EXECUTE FUNCTION interactions.keep();
SQL
my $added_calls = <<'SQL';
SELECT interactions_v1.create_purchases('[{"user_id": "add", "item_id": "a", "timestamp": 1, "price": 2, "amount": 3}, {"user_id": "add", "item_id": "b", "timestamp": 1}]');
UPDATE interactions.purchases SET note = 'of ' || item_id WHERE user_id = 'add';
INSERT INTO interactions.users VALUES ('add', 'A', '2020-01-01', 'a@example.com');
SELECT interactions_v1.transfer_interactions('add', 'added');
SELECT item_id, note, total FROM interactions.purchases WHERE user_id = 'added' ORDER BY 1;
SELECT user_id, name, email FROM interactions.users WHERE user_id LIKE 'add%';
SELECT interactions_v1.create_bookmark('{"user_id": "add", "item_id": "a", "timestamp": 1}');
SELECT interactions_v1.create_bookmark('{"user_id": "add", "item_id": "a", "timestamp": 1, "recommendation_id": "r"}');
SELECT interactions_v1.create_bookmarks('[{"user_id": "new", "item_id": "a", "timestamp": 1}, {"user_id": "add", "item_id": "a", "timestamp": 1, "recommendation_id": "r"}]');
SELECT interactions_v1.create_bookmark('{"user_id": "added", "item_id": "a", "timestamp": 1, "recommendation_id": "r"}');
SELECT interactions_v1.transfer_interactions('add', 'added');
SELECT user_id, recommendation_id FROM interactions.bookmarks WHERE user_id LIKE 'add%' ORDER BY 1;
SELECT interactions_v1.create_views('[{"user_id": "keep", "item_id": "kept", "timestamp": 1}, {"user_id": "keep", "item_id": "b", "timestamp": 1}]');
SELECT interactions.erase_user('keep');
SELECT interactions_v1.delete_user('keep');
SELECT interactions_v1.delete_views('keep');
CALL interactions.purge('views', interactions.timestamp_from_ms('2'));
SELECT item_id FROM interactions.views WHERE user_id = 'keep';
SQL
my $policies = <<'SQL';
GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA interactions TO app;
GRANT UPDATE ON interactions.users, interactions.ratings TO app;
ALTER TABLE interactions.ratings ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON interactions.ratings FOR SELECT TO app USING (item_id <> 'secret');
CREATE POLICY insert ON interactions.ratings FOR INSERT TO app WITH CHECK (item_id <> 'refused');
CREATE POLICY update ON interactions.ratings FOR UPDATE TO app USING (item_id <> 'fixed') WITH CHECK (item_id <> 'refused');
CREATE POLICY delete ON interactions.ratings FOR DELETE TO app USING (item_id <> 'fixed');
SELECT interactions_v1.create_ratings('[{"user_id": "p", "item_id": "fixed", "timestamp": 1, "value": 1}, {"user_id": "p", "item_id": "secret", "timestamp": 1, "value": 1}, {"user_id": "r", "item_id": "a", "timestamp": 1, "value": 1}]');
SQL
my $app_calls = <<'SQL';
SELECT interactions_v1.create_ratings('[{"user_id": "r", "item_id": "a", "timestamp": 1, "value": 1}, {"user_id": "r", "item_id": "b", "timestamp": 1, "value": 1}, {"user_id": "s", "item_id": "b", "timestamp": 1, "value": 1}]');
SELECT interactions_v1.create_ratings('[{"user_id": "s", "item_id": "c", "value": 1}, {"user_id": "r", "item_id": "refused", "value": 1}]');
SELECT interactions_v1.create_rating('{"user_id": "p", "item_id": "secret", "timestamp": 1, "value": 1}');
SELECT interactions_v1.transfer_interactions('p', 'r');
SELECT interactions.erase_user('p');
SELECT interactions_v1.transfer_interactions('s', 'r');
CALL interactions.purge('ratings', interactions.timestamp_from_ms('2'));
SELECT user_id, item_id FROM interactions.ratings WHERE user_id IN ('p', 'r', 's') ORDER BY 1, 2;
SELECT interactions_v1.delete_purchases(delete_all => true)::jsonb -> 'deleted' > '0';
SQL

# What the store answers, of rows of today and the days before
my $insight = <<'SQL';
SELECT interactions_v1.create_purchases((SELECT json_agg(json_build_object('user_id','u'||n%40,'item_id','i'||(n*n)%17,'timestamp',(extract(epoch from date_trunc('day',now()))*1000)::bigint-86400000*(n%5)+n,'price',n%9,'amount',1+n%3,'recommendation_id','r'||n%5)) FROM generate_series(1,600) n));
SELECT interactions_v1.create_views((SELECT json_agg(json_build_object('user_id','u'||n%40,'item_id','i'||(n*n)%17,'timestamp',(extract(epoch from date_trunc('day',now()))*1000)::bigint-86400000*(n%5)+n,'recommendation_id','r'||n%7)) FROM generate_series(1,600) n));
CALL interactions.refresh_items();
CALL interactions.refresh_items('views');
SELECT count(*), sum(hashtext(p::text)) FROM interactions.item_pairs AS p;
SELECT interactions_v1.create_recommendations((SELECT json_agg(json_build_object('recommendation_id','r'||n,'user_id','u'||n,'scenario','s'||n%2,'item_ids',json_build_array('i1','i2'),'timestamp',(extract(epoch from date_trunc('day',now()))*1000)::bigint-86400000*(n%5))) FROM generate_series(0,5) n));
SELECT * FROM interactions_v1.list_together_items('i1');
SELECT * FROM interactions_v1.list_together_items('i1','views',5);
SELECT item_id FROM interactions_v1.list_popular_items() ORDER BY 1;
SELECT * FROM interactions_v1.list_cart_together_items('{"item_ids":["i1","i2"]}');
SELECT * FROM interactions_v1.list_bought_together_items('i1','i4');
SELECT * FROM interactions_v1.get_recommendation('r1');
SELECT * FROM interactions_v1.get_recommendation('r9');
SELECT * FROM interactions_v1.list_recommendation_metrics((extract(epoch from now())*1000-86400000*8)::bigint::text, (extract(epoch from now())*1000)::bigint::text);
SELECT * FROM interactions_v1.list_recommendation_metrics((extract(epoch from now())*1000-86400000*8)::bigint::text, (extract(epoch from now())*1000)::bigint::text,'scenario');
SELECT interactions_v1.transfer_interactions('u1','u2'); SELECT user_id, recommendation_id FROM interactions.recommendations ORDER BY 2;
SELECT interactions.erase_user('u2'); SELECT user_id, recommendation_id FROM interactions.recommendations ORDER BY 2;
CALL interactions.purge('recommendations', now() - interval '3 days');
SELECT user_id, recommendation_id FROM interactions.recommendations ORDER BY 2;
SQL

# Databases: name, whether with Citus, and whether partitioned
my %expected;
for ([ plain => 0, 'false' ], [ shards => 1, 'false' ], [ shards_of_parts => 1, 'true' ])
{
	my ($db, $citus, $partitioned) = @$_;
	make_database($db, $citus);
	output_of($db, 'shop', "SELECT interactions.create_tables($partitioned);");
	if ($partitioned eq 'true')
	{
		output_of($db, 'shop', "CREATE TABLE interactions.${_}_2023 PARTITION OF interactions.$_ FOR VALUES FROM ('2023-01-01') TO ('2023-11-14 22:13:20.4+00');") for @types;
	}
	is(output_of($db, 'shop', 'SELECT interactions.distribute_tables();'), "ERROR:  55000\n", 'without Citus there is no distribution') if !$citus;

	# half of the rows are there before, and clients write meanwhile
	output_of($db, 'shop', q{INSERT INTO interactions_v1.views SELECT 'before' || n % 9, 'i', n, NULL, n FROM generate_series(1, 200) AS n; INSERT INTO interactions_v1.users VALUES ('before1', 'B', 1);});
	my ($written, $writer) = ('', '');
	if ($citus)
	{
		my $body = join '', map { qq{SELECT interactions_v1.create_views('[{"user_id": "w$_", "item_id": "w"}, {"user_id": "v$_", "item_id": "w"}]') ->> 'created';\n} } 1 .. 1500;
		$writer = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-d', $coordinator->connstr($db), '-U', 'shop' ], '<', \$body, '>', \$written, '2>&1');
		is(output_of($db, 'shop', "SET client_min_messages = warning;\nSELECT interactions.distribute_tables(6);"), "\n", "$db: distributed");
		$writer->finish;
		is($written, "2\n" x 1500, "$db: and nobody who wrote meanwhile failed");
		is(output_of($db, 'shop', q{SELECT count(*) FROM interactions.views WHERE item_id = 'w'; DELETE FROM interactions.views WHERE item_id = 'w';}), "3000\n", "$db: and all is there");
		is($coordinator->safe_psql($db, q{SELECT count(*), min(citus_table_type), count(DISTINCT colocation_id), max(shard_count) FROM citus_tables WHERE table_name::text IN ('interactions.users', 'interactions.bookmarks', 'interactions.ratings', 'interactions.purchases', 'interactions.cart_additions', 'interactions.views')}),
			'6|distributed|1|6', "$db: all six tables, side by side");
		is($coordinator->safe_psql($db, q{SELECT sum(pg_relation_size(oid)) FROM pg_class WHERE relnamespace = 'interactions'::regnamespace AND relkind = 'r'}), '0', "$db: no row stays behind");
		like(output_of($db, 'shop', 'SELECT interactions.distribute_tables();'), qr/^(NOTICE:  00000\n){6}\n$/, "$db: a second time nothing changes");
		unlike(output_of($db, 'shop', 'SELECT interactions.create_tables();'), qr/ERROR/, "$db: nor by create_tables");
	}

	my %got = (
		calls => output_of($db, 'shop', $calls),
		additions => output_of($db, 'shop', $additions),
		added => output_of($db, 'shop', $added_calls),
		policies => output_of($db, 'shop', $policies),
		app => output_of($db, 'app', $app_calls),
		insight => output_of($db, 'shop', $insight));
	# progress is not reported from shards, and settings of Citus are not known without it
	s/^NOTICE:  00000\n//mg for values %got;
	if (!$citus)
	{
		%expected = %got;
		unlike($got{$_}, qr/ERROR:  (?:42601|42883|XX)/, "$_ are what is meant") for sort keys %got;
		cmp_ok(length $got{calls}, '>', 50000, 'many rows are compared');
		note $got{$_} for qw(additions added policies app);
	}
	else
	{
		for (sort keys %got)
		{
			is($got{$_}, $expected{$_}, "$db: $_ give the same");
		}
	}
}

# A dump of the coordinator restores as plain tables
my $dump = $coordinator->basedir . '/dump';
$coordinator->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $coordinator->connstr('shards') ], 'a dump');
$coordinator->safe_psql('postgres', 'CREATE DATABASE restored');
$coordinator->command_ok([ 'pg_restore', '-e', '-d', $coordinator->connstr('restored'), $dump ], 'is restored');
my $content = content($coordinator, 'shards');
is(content($coordinator, 'restored'), $content, 'with every row');
is($coordinator->safe_psql('restored', 'SELECT count(*) FROM citus_tables'), '0', 'in plain tables');

# So does undistribute_table, after which create_tables() makes the triggers that it drops
$coordinator->safe_psql('shards', "SET citus.enable_unsafe_triggers = on; SET client_min_messages = error; SELECT undistribute_table('interactions.$_')") for @types, 'users';
$coordinator->safe_psql('shards', 'SET ROLE shop; SELECT interactions.create_tables()');
is(content($coordinator, 'shards'), $content, 'every row is back');
is(output_of('shards', 'shop', <<'SQL'), "2\nN\nnone\n", 'and the views are as they were');
INSERT INTO interactions_v1.views (user_id, item_id) VALUES ('back', 'a'), ('back', 'b');
SELECT count(*) FROM interactions.views WHERE user_id = 'back';
UPDATE interactions_v1.users SET name = 'N' WHERE external_id = 'back' RETURNING name;
DELETE FROM interactions_v1.users WHERE external_id = 'back';
SELECT coalesce(max(name), 'none') FROM interactions_v1.users WHERE external_id = 'back';
SQL

# The coordinator goes first, since it complains of workers that are gone
for my $node ($coordinator, @workers)
{
	$node->stop('fast');
	my $log = slurp_file($node->logfile);
	unlike($log, qr/PANIC|TRAP|terminated by signal/, $node->name . ' has not crashed');
}

done_testing();
