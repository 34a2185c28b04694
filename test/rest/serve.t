# Promise: deploy/serve serves the API until Ctrl-C, and where it cannot, says why and leaves nothing.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Rest;
use Test::More;

sub run { my $text = output(@_); return ($? >> 8, $text) }

my ($status, $text) = run("$deploy/serve", '--help');
is $status, 0, '--help';
like $text, qr/usage: .*--port N.*--postgrest-port N.*--postgres-port N/s, 'names every port';
for (['--port'], [ '--port', '70000' ], ['--unknown'])
{
	($status, $text) = run("$deploy/serve", @$_);
	is $status, 2, "@$_ is a mistake";
}

# Without a UTF-8 locale PostgREST stops at any other byte
unlike slurp("$deploy/postgrest.conf"), qr/[^\x00-\x7F]/, 'postgrest.conf is ASCII';

# A PATH without postgrest, and a folder for temporary files that shows whether anything was begun
mkdir "$folder/$_" for qw(bin empty);
for my $path (reverse split /:/, $ENV{PATH})
{
	for (glob "$path/*")
	{
		my $name = s{.*/}{}r;
		unlink "$folder/bin/$name";
		symlink $_, "$folder/bin/$name" if $name ne 'postgrest';
	}
}
{
	local @ENV{qw(PATH TMPDIR)} = ("$folder/bin", "$folder/empty");
	($status, $text) = run("$deploy/serve");
	is $status, 2, 'without PostgREST it cannot start';
	like $text, qr{PATH.*https://github.com/PostgREST/postgrest/releases}s, 'and says where to get it';
	is_deeply [ glob "$folder/empty/*" ], [], 'and has begun nothing';
}

# That postgrest is there is enough to get as far as a build that fails
symlink '/bin/false', "$folder/bin/postgrest" or die $!;
{
	local @ENV{qw(PATH COPT)} = ("$folder/bin", '-fno-such-option');
	($status, $text) = run("$deploy/serve");
	is $status, 2, 'without a library it cannot start';
	like $text, qr/-fno-such-option.*the extension does not build$/s, 'and says what make said';
}

# With one it gets as far as this postgrest, which ends at once
{
	local $ENV{PATH} = "$folder/bin";
	($status, $text) = run("$deploy/serve");
	is $status, 2, 'where PostgREST ends it ends, too';
	like $text, qr/PostgREST or nginx did not start$/, 'and says so';
}

SKIP:
{
	skip 'postgrest is not on PATH', 6 if !grep { -x "$_/postgrest" } split /:/, $ENV{PATH};
	my $pid = open(my $out, '-|', "$deploy/serve") or die $!;
	my ($url, $place);
	while (my $line = <$out>)
	{
		$url //= $1 if $line =~ m{(http://\S+)/v1,};
		$place = $1 if $line =~ /psql -h (\S+)/;
		last if $line =~ /^Ctrl-C/;
	}
	my $got = request($url, { method => 'POST', target => '/v1/purchases', headers => [], body => '{"user_id":"a","item_id":"b"}' });
	is $got->{status}, 201, 'it stores a purchase';
	is request($url, { method => 'GET', target => $_, headers => [] })->{status}, 200, "and serves $_" for '/v1/openapi.yaml', '/v1/docs', '/healthz';
	kill 'INT', $pid;
	close $out;
	ok !-e $place, 'Ctrl-C removes its folder';
	unlike request($url, { method => 'GET', target => '/v1/users/a', headers => [] })->{status}, qr/^\d/, 'and nothing listens any more';
}

done_testing();
