# The nightly purge is scheduled by pg_cron as the documents show it, and its background worker runs it, in transactions of its own.

use strict;
use warnings FATAL => 'all';
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $libraries = `pg_config --pkglibdir`;
chomp $libraries;
plan skip_all => 'pg_cron is not installed' unless -e "$libraries/pg_cron.so";

my ($schedule) = join('', map { slurp_file($_) } glob "$FindBin::RealBin/../../{README.md,doc/*.md}") =~ /(SELECT cron\.schedule\('.*\$\$\))/
  or die 'no document schedules a purge';

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
my $host = $node->host;
$node->append_conf('postgresql.conf', <<"END");
shared_preload_libraries = 'pg_cron'
cron.database_name = 'postgres'
cron.host = '$host'
END
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION pg_cron;
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
CREATE TABLE log (transaction xid8, backend text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO log SELECT pg_current_xact_id(), backend_type FROM pg_stat_activity WHERE pid = pg_backend_pid();
	RETURN NULL;
END
$$;
CREATE TRIGGER note AFTER DELETE ON interactions.views FOR EACH STATEMENT EXECUTE FUNCTION note();
SQL
my $job = $node->safe_psql('postgres', $schedule);
like($job, qr/^\d+$/, "scheduled: $schedule");

# A nightly job is not waited for: it runs at the start of the server, by a connection of pg_cron's worker, and in a worker of its own
my %backends = (off => 'client backend', on => 'pg_cron');
for my $workers (sort keys %backends)
{
	$node->append_conf('postgresql.conf', "cron.use_background_workers = $workers");
	$node->safe_psql('postgres', <<"SQL");
TRUNCATE interactions.views, log, cron.job_run_details;
INSERT INTO interactions.views (user_id, item_id, "timestamp")
	SELECT 'u', n, now() - interval '2 years' - n * interval '1 minute' FROM generate_series(1, 25000) AS n;
INSERT INTO interactions.views (user_id, item_id, "timestamp") SELECT 'u', n, now() - interval '11 months' FROM generate_series(1, 10) AS n;
SELECT cron.alter_job($job, schedule => '\@reboot');
SQL
	$node->restart;
	ok($node->poll_query_until('postgres', q(SELECT EXISTS (SELECT FROM cron.job_run_details WHERE status NOT IN ('starting', 'running', 'sending', 'connecting')))),
		"workers $workers: it has run");
	is($node->safe_psql('postgres', 'SELECT status, return_message FROM cron.job_run_details'), 'succeeded|CALL', 'and succeeded');
	is($node->safe_psql('postgres', q(SELECT count(*), min("timestamp") > now() - interval '1 year' FROM interactions.views)), '10|t', 'what is old is gone');
	is($node->safe_psql('postgres', 'SELECT count(DISTINCT transaction) >= 3, string_agg(DISTINCT backend, $$, $$) FROM log'),
		"t|$backends{$workers}", 'in transactions of at most 10,000');
}

$node->stop;
done_testing();
