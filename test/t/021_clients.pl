# Through psycopg, node-postgres and JDBC README's calls work as prepared statements, with binary results where the driver has them; so do the examples of doc/drivers.md.

use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;
use Clients;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'"); # JDBC knows no other
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
CREATE ROLE app LOGIN;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA interactions, interactions_v1 TO app;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO app;
SQL
my %where = (PGHOST => $node->host, PGPORT => $node->port, PGUSER => 'app', PGDATABASE => 'postgres');

my $url = 'jdbc:postgresql://127.0.0.1:' . $node->port . '/postgres?user=app';
my %examples = slurp_file("$FindBin::RealBin/../../doc/drivers.md") =~ /^```(\w+)\n(.*?)^```/msg;

# The table of types that come back says what comes back
my ($head, @rows) = map { [ map { s/^[\s`*]+//r =~ s/[`*(].*|,.*|\s+$//r } split /\|/ ] } slurp_file("$FindBin::RealBin/../../doc/drivers.md") =~ /^(\| .*\|)$/mg;
my %types = map { ($_->[1] =~ /^(bigint|numeric|double precision|json|timestamptz):/ ? $1 : '') => $_ } @rows;
for my $client (@clients)
{
	my ($column) = grep { $head->[$_] =~ /^\Q$client->{name}\E/ } 0 .. $#$head;
	my ($row, $value, $others) = map { [ split / / ] } @{ $client->{kinds} };
	my %kinds = (bigint => $row->[2], numeric => $row->[4], 'double precision' => $value->[0], timestamptz => $others->[0], json => $others->[2]);
	is_deeply({ map { $_ => lc($types{$_}[$column] // '') } keys %kinds }, { map { $_ => lc $kinds{$_} } keys %kinds }, "types of $client->{name}");
}

for my $client (@clients)
{
	SKIP:
	{
		skip "$client->{package} is not installed", 2 unless $client->{installed};
		is(run_client($client, $client->{name}, %where), expected($client, $client->{name}, 1), $client->{name});

		my $example = $examples{ $client->{language} };
		my $script = PostgreSQL::Test::Utils::tempdir . "/Example.$client->{language}";
		append_to_file($script, $example);
		is(run_client({ %$client, script => $script }, $url, %where), join('', map { "$_\n" } $example =~ /\bprints (.*)/g), "the example for $client->{name}");
	}
}

$node->stop;
done_testing();
