# Promise: the statements that PostgREST makes of the requests give the documented answers, as role web.
# What PostgREST itself answers (its codes begin with PGRST) is left to chain.t.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Rest;
use Statements;
use Test::More;

my $database = 'rest_statements';
output('dropdb', '--if-exists', $database);
is output('createdb', $database), '', 'a database';
$ENV{PGDATABASE} = $database;
is output(qw(psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -c), 'CREATE EXTENSION interactions', '-c', 'SELECT interactions.create_tables()', '-f', "$deploy/roles.sql"), '', 'with the roles';

for my $case (grep { defined $_->{up_method} } cases())
{
SKIP:
	{
		skip "$case->{name}: PostgREST's own answer", 1 if $case->{answer} =~ /"PGRST/ || $case->{up_uri} eq '/ready';
		my ($status, $body, $headers) = replay($case);
		$headers = join "\n", map { my ($name) = keys %$_; "$name: $_->{$name}" } @{ $headers // [] };
		my $expected = length $case->{answer} ? $json->decode($case->{answer}) : '*';
		# what nginx makes of 406 is in nginx.t
		ok $status == 406 && $case->{status} =~ /^40[04]$/
		  || $status == $case->{status} && matches($body, $expected, $status >= 400) && $headers eq join("\n", @{ $case->{answer_headers} }), $case->{name}
		  or diag explain $status, $headers, $body, $case;
	}
}

# PT404 becomes the status line: what a client sent must not stand in it
my @unsafe;
for my $id ('a%0D%0ASet-Cookie:%20x=1')
{
	my ($status, $body) = replay({ up_method => 'POST', up_uri => '/rpc/transfer_interactions', up_form => 1, up_body => "from_user_id=$id&to_user_id=b" });
	push @unsafe, $body->{message} if $status != 404 || $body->{message} =~ /Set-Cookie/;
}
is_deeply \@unsafe, [], 'the message of PT404 holds nothing of the request';

done_testing();
output('dropdb', $database);
