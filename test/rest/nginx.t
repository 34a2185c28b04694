# Promise: nginx lets the documented requests through, exactly as they should arrive, and nothing else.
use strict;
use warnings;
use FindBin;
use IO::Uncompress::Gunzip 'gunzip';
use lib $FindBin::Bin;
use Rest;
use Test::More;

my $received = start_recorder();
my $nginx = start_nginx();
my %forwarded;

# Makes the recorder answer something else, or 200 again
sub answer
{
	unlink "$folder/answer";
	return if !@_;
	open my $file, '>', "$folder/answer.new" or die $!;
	print $file @_;
	close $file;
	rename "$folder/answer.new", "$folder/answer";
}

sub is_error
{
	my ($got, $status, $code, $name) = @_;
	my $body = eval { $json->decode($got->{body}) };
	ok $got->{status} == $status && $body && matches($body, { code => $code }, 1)
	  && $got->{headers}{'content-type'} eq 'application/json; charset=utf-8', $name
	  or diag explain $got;
}

for my $case (cases())
{
	my $got = request($nginx, $case);
	my $arrived = $received->();
	my @wrong;

	if (defined $case->{up_method})
	{
		my %headers = (
			accept => $case->{up_uri} =~ m{^/users} ? 'application/vnd.pgrst.object+json' : 'application/json',
			'content-type' => $case->{up_form} ? 'application/x-www-form-urlencoded' : $case->{up_text} ? 'text/plain' : 'application/json',
			prefer => 'return=representation',
			host => $case->{up_uri} eq '/ready' ? 'postgrest_admin' : 'postgrest');
		my $body = $case->{up_body};
		$headers{'content-length'} = length $body if length $body || $case->{up_method} =~ /^P/ && $arrived->{headers}{'content-length'};
		$headers{'content-length'} = 0 if $case->{up_form} && !length $body;
		my $expected = { method => $case->{up_method}, uri => $case->{up_uri}, body => $body, headers => \%headers };
		delete $arrived->{connection} if $arrived;
		push @wrong, [ $arrived, $expected ] if $json->encode($arrived) ne $json->encode($expected);
		push @wrong, [ $got, 'status 200' ] if $got->{status} ne '200';
		$forwarded{"$case->{method} $case->{up_uri}"} = 1;
	}
	else
	{
		push @wrong, [ $arrived, 'nothing' ] if $arrived;
		push @wrong, [ $got, $case ] if $got->{status} ne $case->{status}
		  || !matches(eval { $json->decode($got->{body}) }, $json->decode($case->{answer}), 1)
		  || grep { /^([^:]+): (.*)/ && ($got->{headers}{ lc $1 } // '') ne $2 } @{ $case->{answer_headers} };
	}
	push @wrong, [ $got, 'content type' ] if ($got->{headers}{'content-type'} // '') ne 'application/json; charset=utf-8';
	push @wrong, [ $got, 'CORS' ] if grep { /^access-control/ } keys %{ $got->{headers} };
	ok !@wrong, $case->{name} or diag explain @wrong;
}

# The token is the one header of the client's that passes
request($nginx, { method => 'GET', target => '/v1/users/u', headers => [ 'Authorization: Bearer a.b.c', 'X-Other: 1' ] });
my $arrived = $received->();
is $arrived->{headers}{authorization}, 'Bearer a.b.c', 'a token passes';
ok !exists $arrived->{headers}{'x-other'}, 'another header does not';

# What PostgREST says of itself does not reach the client, what it says of the request does
answer("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Type: application/vnd.pgrst.object+json; charset=utf-8\r\n"
	  . "Content-Range: 0-0/*\r\nLocation: /users?external_id=eq.u\r\nContent-Location: /users\r\n"
	  . "Preference-Applied: return=representation\r\nWarning: 299 - \"w\"\r\nServer: postgrest/16.2\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
my $got = request($nginx, { method => 'GET', target => '/v1/users/u', headers => [] });
is $got->{status}, 401, 'the status is PostgREST\'s';
is $got->{body}, '{"a":1}', 'so is the body';
is $got->{headers}{'content-type'}, 'application/json; charset=utf-8', 'an object is JSON';
is $got->{headers}{warning}, '299 - "w"', 'a warning passes';
is $got->{headers}{'www-authenticate'}, 'Bearer', 'and the client learns how to log in';
is_deeply [ grep { /^(content-(range|location|profile)|location|preference-applied|vary)$/ } keys %{ $got->{headers} } ], [],
  'paths and types of PostgREST stay inside';
is $got->{headers}{server}, 'nginx', 'no versions';
is $got->{headers}{'cache-control'}, 'no-store', 'no cache';

# Errors of PostgREST pass as they are, but where they would mislead
my $error = '{"code":"X","details":null,"hint":null,"message":"m"}';
sub fails { answer("HTTP/1.1 $_[0] X\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 53\r\n\r\n$error") }
for my $status (400, 401, 403, 404, 405, 409, 413, 415, 500, 503)
{
	fails($status);
	$got = request($nginx, { method => 'POST', target => '/v1/purchases', headers => [], body => '{}' });
	ok $got->{status} == $status && $got->{body} eq $error, "$status of PostgREST passes" or diag explain $got;
}
fails(406);
my @users = (
	[ GET => '/v1/users/u', undef, 404 ], [ POST => '/v1/users', '[]', 400 ]);
for (@users)
{
	my ($method, $target, $body, $status) = @$_;
	$got = request($nginx, { method => $method, target => $target, headers => [], body => $body });
	is_error($got, $status, $status == 404 ? 'PT404' : '22023', "406 for $method $target " . ($body // '') . " is $status");
}

# A column that users do not have is put into the API's words; nothing else is
my $words = "Could not find the 'a\\\"b' column of 'users' in the schema cache";
for (['400', "Proxy-Status: PostgREST; error=PGRST204\r\n", '"a"b" is not a property of a user', 'The properties are external_id, name, created_at.'],
	['400', "Proxy-Status: PostgREST; error=22023\r\n", $words =~ s/\\//r, undef], ['200', '', $words =~ s/\\//r, undef])
{
	my ($status, $header, $message, $hint) = @$_;
	my $body = qq({"code":"PGRST204","details":null,"hint":null,"message":"$words"});
	answer("HTTP/1.1 $status X\r\n${header}Content-Type: application/json; charset=utf-8\r\nContent-Length: " . length($body) . "\r\n\r\n$body");
	for my $method ('POST /v1/users', 'PUT /v1/users/u')
	{
		$got = request($nginx, { method => (split / /, $method)[0], target => (split / /, $method)[1], headers => [], body => '{"a\"b":1}' });
		is_deeply [ $got->{status}, eval { $json->decode($got->{body}) } ],
		  [ $status, { code => 'PGRST204', details => undef, hint => $hint, message => $message } ], "$method: $status $header" =~ s/\r\n//r
		  or diag explain $got;
	}
}

# It is not ready where PostgREST says so
for my $status (500, 503)
{
	fails($status);
	is_error(request($nginx, { method => 'GET', target => '/healthz', headers => [] }), 503, 'PT503', "$status of PostgREST: not ready");
}

# Long answers are compressed for who asks for it
my $list = '[' . join(',', ('{"user_id":"u","item_id":"i"}') x 1000) . ']';
answer("HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: " . length($list) . "\r\n\r\n$list");
for my $target ('/v1/users/u/views', '/v1/openapi.yaml')
{
	my $plain = request($nginx, { method => 'GET', target => $target, headers => [] });
	$got = request($nginx, { method => 'GET', target => $target, headers => ['Accept-Encoding: gzip'] });
	ok !exists $plain->{headers}{'content-encoding'} && $got->{headers}{'content-encoding'} eq 'gzip' && $got->{headers}{vary} eq 'Accept-Encoding'
	  && length $got->{body} < length($plain->{body}) / 5, "compressed: $target" or diag explain $got->{headers};
	my $body;
	ok gunzip(\$got->{body} => \$body) && $body eq $plain->{body}, 'and the same';
}

# Bodies up to the limit pass whole, others get a clear answer
answer();
1 while $received->();
my $batch = '[' . join(',', ('{"user_id":"u","item_id":"i"}') x 100_000) . ']';
$got = request($nginx, { method => 'POST', target => '/v1/views/batch', headers => [], body => $batch });
ok $got->{status} == 200 && $received->()->{body} eq $batch, 'a batch of 100,000 passes';
$batch = ' ' x (32 * 1024 * 1024 + 1);
is_error(request($nginx, { method => 'POST', target => '/v1/views/batch', headers => $_, body => $batch }),
	413, 'PT413', "33 MB do not, @$_") for [], ['Transfer-Encoding: chunked'];
is_error(request($nginx, { method => 'PUT', target => '/v1/users/u', headers => [], body => ' ' x 131073 }),
	413, 'PT413', 'a name of 128 KB does not');
is_error(request($nginx, { method => 'GET', target => '/v1/users/' . 'x' x 20000, headers => [] }), 414, 'PT414', 'a long URL');
is_error(request($nginx, { method => 'GET', target => '/v1/users/u', headers => [ 'X: ' . 'x' x 20000 ] }),
	400, 'PT400', 'a long header');
is_error(request($nginx, { method => 'GET', target => '/v1/users/' . '..%2F' x 3, headers => [] }),
	400, 'PT400', 'an id that leads above the root');
$got = request($nginx, { method => 'DELETE', target => '/v1/purchases?user_id=' . '%41' x 4000, headers => [] });
ok $got->{status} == 200, 'a URL of 12 KB passes' or diag explain $got;
ok !(grep { !defined } $received->()), 'and was received';

# Connections to PostgREST are kept
my %connections;
for (1 .. 20)
{
	request($nginx, { method => 'GET', target => '/v1/users/u', headers => [] });
	$connections{ $received->()->{connection} } = 1;
}
cmp_ok keys %connections, '<', 20, 'connections are kept';

# Every other request than the cases' gets no further: methods by paths by ways to write them
my @paths = map { my $path = $_; map { "$_$path" } '', '/v1', '/v1/users/u1', '/v1/..', '/%2e' } qw(/rpc/create_purchase /users /purchases
  /rpc /interactions_v1/users /.. /%2fusers);
my @leaks;
for my $method (qw(GET POST PUT PATCH DELETE OPTIONS))
{
	for my $target (@paths)
	{
		request($nginx, { method => $method, target => $target, headers => [] });
		my $arrived = $received->() or next;
		push @leaks, "$method $target: $arrived->{uri}" if !grep { $_ eq "$method $target" }
		  ('POST /v1/users', 'POST /v1/purchases', 'DELETE /v1/purchases', 'GET /v1/users/u1/purchases', 'GET /v1/../users');
	}
}
is_deeply \@leaks, [], 'no way around the documented paths';

# Without PostgREST the answer says so
kill 'TERM', $Rest::recorder;
waitpid $Rest::recorder, 0;
is_error(request($nginx, { method => 'GET', target => $_, headers => [] }), 503, 'PT503', "PostgREST is away: $_")
  for '/v1/users/u', '/v1/users/u/views';

# The access log has a place for each request, and nothing of the client's
my %places = map { (split / /)[1] => 1 } split /\n/, slurp("$folder/access.log");
my @types = qw(bookmarks ratings purchases cart_additions cart-additions cartadditions views detail_views detailviews);
my %known = map { $_ => 1 } '-', '/healthz', '/v1/users', '/v1/users/*', '/v1/users/*/interactions/transfer/*', '/v1/metrics/recommendations',
  '/v1/recommendations', '/v1/recommendations/batch', '/v1/recommendations/fbt/items', '/v1/recommendations/*',
  map { ("/v1/$_", "/v1/$_/batch", "/v1/$_/together", "/v1/$_/popular", "/v1/users/*/$_", "/v1/items/*/$_", "/v1/items/*/$_/together") } @types;
is_deeply [ grep { !$known{$_} } keys %places ], [], 'the access log bears no ids';
is_deeply [ grep { !$places{"/v1/users/*/$_"} || !$places{"/v1/$_/batch"} } @types ], [], 'but every place';
is join('', grep { !/^[A-Z]+ \S+ \d+ \d+ \d+ [\d.]+ [\d., :-]+$/ } split /^/, slurp("$folder/access.log")), '', 'nor anything else';

# The log has nothing but what the missing and the forbidden deserve
my @log = grep { !/Connection refused|No such file|too large|invalid|intended|exiting|client closed/ } split /\n/, slurp("$folder/nginx.log");
is_deeply \@log, [], 'nothing in the error log';

done_testing();
