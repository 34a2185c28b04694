# A transfer compares no row of one user with each of the other, however many they have and whatever the planner knows, hashes what the target has already, and is not compiled for what a policy reads without an index: none takes it from milliseconds to seconds or hours.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $libraries = `pg_config --pkglibdir`;
chomp $libraries;
-e "$libraries/auto_explain.so" or plan skip_all => 'auto_explain is not installed';

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<'END');
shared_preload_libraries = auto_explain
auto_explain.log_min_duration = 0
auto_explain.log_nested_statements = on
auto_explain.log_analyze = on
auto_explain.log_timing = off
jit = on
work_mem = 64kB
END
$node->start;

# days, as many imports have them: so the planner sees how much is known
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
INSERT INTO interactions.ratings (user_id, item_id, "timestamp", value)
	SELECT u, i, '2001-01-01'::timestamptz + d * interval '1 day', v
	FROM unnest('{guest,anna}'::text[]) AS u, generate_series(1, 100) AS i, generate_series(1, 40) AS d, generate_series(1, 5) AS v;
ANALYZE interactions.ratings;
CREATE TABLE tenants (user_id text);
INSERT INTO tenants VALUES ('guest'), ('anna');
CREATE ROLE shop;
GRANT SELECT ON tenants TO shop;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO shop;
GRANT ALL ON ALL TABLES IN SCHEMA interactions TO shop;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO shop;
ALTER TABLE interactions.ratings ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenants ON interactions.ratings USING (EXISTS (SELECT FROM tenants WHERE tenants.user_id = ratings.user_id));
SQL

# What a role is told of a transfer, and the plan of its statement
sub plan_for
{
	my ($role) = @_;
	my $before = -s $node->logfile;
	my $duplicates = $node->safe_psql('postgres', <<"SQL");
SET ROLE $role;
BEGIN;
SELECT interactions_v1.transfer_interactions('guest', 'anna') -> 'duplicates';
ROLLBACK;
SQL
	my ($plan) = slurp_file($node->logfile, $before) =~ /plan:\n(\tQuery Text: WITH [^\n]*\bknown_1 .*?)\n\d{4}-/s;
	return ($duplicates, $plan);
}

my ($duplicates, $plan) = plan_for('postgres');
is($duplicates, 20000, 'much is known');
like($plan, qr/hashed SubPlan/, 'and hashed');
($duplicates, $plan) = plan_for('shop');
is($duplicates, 20000, 'as much under a policy');
like($plan, qr/Seq Scan on tenants/, 'which reads a table');
unlike($plan, qr/JIT:/, 'and nothing is compiled for that');

# two users who have far more than others; a trigger, so that what is known is locked; and a table that was never analyzed
$node->safe_psql('postgres', <<'SQL');
ALTER TABLE interactions.views SET (autovacuum_enabled = off);
INSERT INTO interactions.purchases (user_id, item_id, "timestamp") SELECT 'u' || n / 5, 'i', '2001-01-01'::timestamptz + n * interval '1 s' FROM generate_series(1, 20000) AS n;
INSERT INTO interactions.purchases (user_id, item_id, "timestamp") SELECT u, 'i' || n % 2, '2001-01-01'::timestamptz + n * interval '1 s' FROM unnest('{guest,anna}'::text[]) AS u, generate_series(1, 1000) AS n;
INSERT INTO interactions.views (user_id, item_id, "timestamp") SELECT user_id, item_id, "timestamp" FROM interactions.purchases;
ANALYZE interactions.purchases;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SQL
for my $tied (0, 1)
{
	$node->safe_psql('postgres', 'CREATE TRIGGER nothing AFTER UPDATE ON interactions.bookmarks FOR EACH ROW EXECUTE FUNCTION nothing()') if $tied;
	my $before = -s $node->logfile;
	my $moved = $node->safe_psql('postgres', "BEGIN; SELECT interactions_v1.transfer_interactions('guest', 'anna') -> 'duplicates'; ROLLBACK");
	is($moved, 22000, 'everything is known');
	my $plans = slurp_file($node->logfile, $before);
	my ($most) = sort { $b <=> $a } $plans =~ /Rows Removed by (?:Join )?Filter: (\d+)/g, 0;
	cmp_ok($most, '<=', 20_000, 'and no row was compared with each');
	unlike($plans, qr/Join Filter/, $tied ? 'nor to be locked' : 'nor could be');
}

$node->stop;
done_testing();
