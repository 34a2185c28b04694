# Promise: the cases hold through nginx, PostgREST and the database together.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Rest;
use Test::More;

plan skip_all => 'postgrest is not on PATH' if !grep { -x "$_/postgrest" } split /:/, $ENV{PATH};

my $database = 'rest_chain';
output('dropdb', '--if-exists', $database);
is output('createdb', $database), '', 'a database';
is output(qw(psql -X -q -v ON_ERROR_STOP=1 -d), $database, '-o', '/dev/null', '-c', 'CREATE EXTENSION interactions', '-c', 'SELECT interactions.create_tables()', '-f', "$deploy/roles.sql"), '', 'with the roles';

start_postgrest("postgresql://authenticator@/$database?host=$ENV{PGHOST}&port=$ENV{PGPORT}");
my $nginx = start_nginx();
my $known;
for (1 .. 200)
{
	$known = request($nginx, { method => 'GET', target => '/v1/users/nobody', headers => [] })->{status};
	last if $known eq '404';
	select undef, undef, undef, 0.1;
}
is $known, 404, 'it answers' or diag slurp("$folder/postgrest.log");

for my $case (cases())
{
	my $got = request($nginx, $case);
	my $body = length $case->{answer} ? $json->decode($case->{answer}) : undef;
	my $headers = !grep { /^([^:]+): (.*)/ && ($got->{headers}{ lc $1 } // '') ne $2 } @{ $case->{answer_headers} };
	ok $got->{status} eq $case->{status} && $headers && ($got->{headers}{'content-type'} // '') eq 'application/json; charset=utf-8'
	  && (defined $body ? matches(eval { $json->decode($got->{body}) }, $body, $case->{status} >= 400) : $got->{body} eq ''), $case->{name}
	  or diag explain $got, $case;
}

# A batch of 100,000 through all of it, and again
my $batch = '[' . join(',', map { qq({"user_id":"u$_","item_id":"i","timestamp":1700000000000}) } 1 .. 100_000) . ']';
for (['100000', '0'], ['0', '100000'])
{
	my $got = request($nginx, { method => 'POST', target => '/v1/views/batch', headers => [], body => $batch });
	is $got->{body} =~ s/\s//gr, qq({"created":$_->[0],"duplicates":$_->[1]}), "a batch of 100,000: $_->[0] new";
}

# What is in the path or the query string never leads to a status of 500 or more
my @failures;
srand 1;
for my $try (1 .. 300)
{
	my $id = join '', map { sprintf '%%%02X', rand 256 } 0 .. rand 4;
	my $target = ("/v1/users/$id", "/v1/users/$id/views?after=$id", "/v1/views?user_id=$id", "/v1/users/$id/interactions/transfer/$id")[ $try % 4 ];
	my $got = request($nginx, { method => (qw(GET GET DELETE POST))[ $try % 4 ], target => $target, headers => [] });
	push @failures, "$target: $got->{status} $got->{body}" if $got->{status} !~ /^[24]/;
}
is_deeply \@failures, [], 'no URL is an internal error';

stop_children();
output('dropdb', $database);
done_testing();
