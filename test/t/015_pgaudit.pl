# With pgaudit, which hooks the check of permissions, a batch is audited as the INSERT that it stands for, with its rows, and nothing crashes.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $libraries = `pg_config --pkglibdir`;
chomp $libraries;
plan skip_all => 'pgaudit is not installed' unless -e "$libraries/pgaudit.so";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<'END');
shared_preload_libraries = 'pgaudit'
pgaudit.log = 'write'
pgaudit.log_rows = on
pgaudit.log_catalog = off
pgaudit.log_relation = on
END
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION pgaudit;
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
SQL

# What pgaudit logged of a script: statements on a table, and their rows
sub audited
{
	my ($sql) = @_;
	my $before = -s $node->logfile;
	my $out = $node->safe_psql('postgres', $sql);
	my @lines = slurp_file($node->logfile, $before) =~ /AUDIT: (.*)/g;
	note "audited: $_" for @lines;
	return ($out, map { /,WRITE,(\w+),TABLE,(interactions\.\w+),.*,(\d+)$/ ? "$1 $2 $3" : () } @lines);
}

my $body = join ', ', map { qq({"user_id": "u", "item_id": "i$_", "timestamp": 100000000000$_}) } 1 .. 3;
my ($out, @audit) = audited("SELECT interactions_v1.create_views('[$body]')");
is($out, '{"created": 3, "duplicates": 0}', 'a batch is stored');
is_deeply(\@audit, ['INSERT interactions.views 3'], 'and audited with its rows');

# DDL in the same statement made pgaudit look at what was gone
($out) = audited(<<"SQL");
DO \$do\$
BEGIN
	FOR n IN 1 .. 5 LOOP
		PERFORM interactions_v1.create_views(json_build_array(json_build_object('user_id', 'w', 'item_id', n), json_build_object('user_id', 'x', 'item_id', n)));
		EXECUTE 'CREATE TEMP TABLE t AS SELECT 1 AS n';
		ALTER TABLE interactions.views SET (fillfactor = 90);
		DROP TABLE t;
		INSERT INTO interactions_v1.views VALUES ('y', n, 1000000000000 + n, NULL, NULL), ('z', n, 1000000000000 + n, NULL, NULL);
	END LOOP;
END
\$do\$;
SELECT count(*) FROM interactions.views;
SQL
is($out, '23', 'batches and DDL in one statement');
(undef, @audit) = audited(q(INSERT INTO interactions_v1.views VALUES ('v', 'a', 1000000000001, NULL, 5), ('v', 'b', 1000000000002, NULL, 5)));
is_deeply([ grep { / interactions\.views / } @audit ], ['INSERT interactions.views 2'], 'an INSERT into the view');
(undef, @audit) = audited(q(SELECT interactions_v1.transfer_interactions('u', 'v')));
ok((grep { /^UPDATE interactions\.views / } @audit), 'a transfer');
(undef, @audit) = audited(q(SELECT interactions_v1.delete_views('v')));
is_deeply(\@audit, ['DELETE interactions.views 5'], 'a deletion');

$node->stop;
done_testing();
