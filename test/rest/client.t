# Promise: a client that is generated from openapi.yaml compiles, and what it sends arrives as it should.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Rest;
use Test::More;

my $missing = npm_install(qw(openapi-typescript@7.13.0 openapi-fetch@0.17.0 typescript@5.9.3));
plan skip_all => $missing if $missing;

my $received = start_recorder();
my $port = free_port();
start_nginx($port);
chdir $folder or die $!;
symlink "$FindBin::Bin/client.mts", 'client.mts' or die $!;
unlike output('node_modules/.bin/openapi-typescript', "$deploy/openapi.yaml", '-o', 'api.d.ts'), qr/error|warning/i, 'it is generated';
is output(qw(node_modules/.bin/tsc --strict --target es2022 --module nodenext --preserveSymlinks client.mts)), '', 'and compiles';

# The recorder answers {} to all that arrives
is output('node', 'client.mjs', "http://127.0.0.1:$port"), join(' ', (200) x 12, 404) . " true true\n", 'it runs';

sub arrived
{
	my $request = $received->() or return;
	return [ "$request->{method} $request->{uri}", $request->{uri} =~ m{^/rpc/[^?]*$} ? map { join '=', @$_ } decode_form($request->{body}) : $request->{body} ];
}

my @requests = (
	[ 'POST /rpc/create_purchase?columns=body', '{"user_id":"a/b","item_id":"i","timestamp":1700000000000,"price":9.5,"amount":2}' ],
	[ 'POST /rpc/import_ratings?columns=body', '[{"user_id":"u","item_id":"i","value":5}]' ],
	[ 'POST /rpc/list_user_views', 'user_id=a/b', 'page_size=10', 'after=1700000000000:x&y' ],
	[ 'POST /rpc/list_item_cart_additions', "item_id=\xC3\xA9" ],
	[ 'POST /rpc/delete_bookmarks', 'user_id=a+b', 'from_timestamp=1700000000000' ],
	[ 'POST /rpc/transfer_interactions', 'from_user_id=guest', 'to_user_id=anna', 'delete_user=false', 'missing_ok=true' ],
	[ 'POST /users', '{"external_id":"anna","name":"Anna"}' ],
	[ 'GET /users?external_id=eq.anna', '' ],
	[ 'POST /rpc/put_user', qq(anna\n{"name":null}) ],
	[ 'POST /rpc/delete_user', 'external_id=anna' ],
	[ 'GET /ready', '' ]);
is_deeply arrived(), $_, $_->[0] for @requests;

done_testing();
