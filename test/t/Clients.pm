# The clients of test/clients: what each needs, what it is to print, and how it is run.
package Clients;

use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use FindBin;
use IPC::Run;

our @EXPORT = qw(@clients expected run_client start_client);

# Debian's libraries are known to Debian's programs, which need not come first on PATH
$ENV{NODE_PATH} = join ':', '/usr/share/nodejs', $ENV{NODE_PATH} // ();
my $python = -x '/usr/bin/python3' ? '/usr/bin/python3' : 'python3';
my $jar = '/usr/share/java/postgresql.jar';
my $folder = "$FindBin::RealBin/../clients";

# Kinds are those of a row of interactions_v1.purchases; of a rating's value; and of timestamptz, bigint and json
our @clients = (
	{
		name => 'psycopg',
		language => 'python',
		package => 'python3-psycopg',
		needs => [ $python, '-c', 'import psycopg' ],
		command => [ $python ],
		script => "$folder/python.py",
		kinds => [ 'str str int NoneType Decimal int', 'float', 'datetime int dict' ],
	},
	{
		name => 'node-postgres',
		language => 'js',
		package => 'node-pg',
		needs => [ 'node', '-e', 'require("pg")' ],
		command => [ 'node' ],
		script => "$folder/node.js",
		kinds => [ 'String String String null String Number', 'Number', 'Date String Object' ],
	},
	{
		name => 'JDBC',
		language => 'java',
		package => 'libpostgresql-jdbc-java with a JDK',
		needs => [ 'jar', '--list', '--file', $jar ], # a program of the JDK's
		command => [ 'java', '-cp', $jar ],
		script => "$folder/Jdbc.java",
		kinds => [ 'String String Long null BigDecimal Integer', 'Double', 'Timestamp Long PGobject' ],
	});
$_->{installed} = eval { IPC::Run::run($_->{needs}, '<', \undef, '>&', \my $output) } for @clients;

# Runs a client for a user, beside others; the result has the output once its run is finished
sub start_client
{
	my ($client, $user, %environment) = @_;
	my %started = (output => '');
	local @ENV{ keys %environment } = values %environment;
	$started{run} = IPC::Run::start([ @{ $client->{command} }, $client->{script}, $user ], '<', \undef, '>&', \$started{output});
	return \%started;
}

sub run_client
{
	my $started = start_client(@_);
	$started->{run}->finish;
	return $started->{output};
}

sub expected
{
	my ($client, $user, $prepared) = @_;
	my ($row, $value, $others) = @{ $client->{kinds} };
	return <<"END";
created $user i0 1700000000000 null 9.5 2
kinds $row
batch 3 0
batch 0 3
refused 22023 element 1: "value" must be a number between 0 and 5, not 6
imported 1 1:22023
rating 4.5 $value
inserted 7
inserted 7
copied 3
pages i7 i6 i5 i4 i3 i2 i1 i0
native 2023-11-14T22:13:20Z
kinds $others
transferred 3 0
refused PT404
user Anna
deleted 1
left 0
prepared $prepared
END
}

1;
