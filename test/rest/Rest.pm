# What the tests of the REST endpoints share: the table of cases, nginx with a recorder behind it, requests.
package Rest;

use strict;
use warnings;
use Exporter 'import';
use File::Basename 'dirname';
use File::Temp 'tempdir';
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP;
use Cwd 'abs_path';

our @EXPORT = qw(cases decode_form free_port matches npm_install output request slurp start_nginx start_postgrest start_recorder stop_children
  $deploy $folder $json);

our $json = JSON::PP->new->utf8->canonical->allow_nonref;
our $deploy = abs_path(dirname(__FILE__) . '/../../deploy');
our $folder = tempdir('rest.XXXXXX', TMPDIR => 1, CLEANUP => 1);

# Where root runs this, the workers of nginx are somebody else
chmod 0755, $folder;

my $main = $$;
my @children;
our $recorder;
my $admin_port;    # of PostgREST, for its health checks

END {
	if ($$ == $main)
	{
		my $status = $?;
		stop_children();
		$? = $status;
	}
}

sub stop_children
{
	kill 'TERM', @children;
	waitpid $_, 0 for splice @children;
}

sub slurp
{
	open my $file, '<:raw', $_[0] or die "$_[0]: $!\n";
	local $/;
	return scalar <$file>;
}

sub free_port { return IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport }

# Runs a command and gives back what it prints, with its errors
sub output
{
	my @command = @_;
	my $pid = open(my $out, '-|') // die "fork: $!\n";
	if (!$pid)
	{
		open STDERR, '>&', \*STDOUT;
		exec { $command[0] } @command or die "$command[0]: $!\n";
	}
	binmode $out;
	local $/;
	my $text = <$out> // '';
	close $out;
	return $text;
}

# Installs packages from npm into our own folder; gives back why they are not there, or nothing
sub npm_install
{
	my $node = output('sh', '-c', 'command -v npm >/dev/null && node --version') || 'no npm';
	return "@_: they need npm and Node.js 20: $node" if $node !~ /^v(\d+)/ || $1 < 20;
	my $said = output(qw(npm install --silent --no-audit --no-fund --fetch-retries=0 --fetch-timeout=30000 --prefix), $folder, @_);
	return $? ? "@_: npm could not install them" : '';
}

# cases.txt says what it looks like
sub cases
{
	my ($head, @blocks) = split /^== /m, slurp(dirname(__FILE__) . '/cases.txt');
	my %lists = map { /^(\w+):\n(.+)/s ? ($1 => [ split /\n/, $2 ]) : () } split /\n\n/, $head;
	my @cases;

	for my $block (@blocks)
	{
		my @sets = ({});
		if ($block =~ /<(id|form|text)>/)
		{
			@sets = map { my @f = split / /, $_, 3; { id => $f[0], form => $f[1], text => $f[2] } } @{ $lists{ids} };
		}
		elsif ($block =~ /<(type|plural|singular)>/)
		{
			@sets = map { my @f = split; { type => $f[0], plural => $f[1], singular => $f[2] } } @{ $lists{types} };
		}
		for my $set (@sets)
		{
			my $text = $block;
			$text =~ s/<(id|form|text|type|plural|singular)>/$set->{$1} \/\/ die "no $1 in: $block"/ge;
			my $title = $text =~ s/\n.*//sr;
			$text =~ s/\{(\S{1,12})\*(\d+)\}/$1 x $2/ge;
			$text =~ s/.*/$title/;
			push @cases, parse_case($text);
		}
	}
	return @cases;
}

sub parse_case
{
	my ($name, $text) = split /\n/, $_[0], 2;
	my ($request, $upstream, $answer) = $text =~ /^(.*?)^--> (.*?)^<-- (.*)\z/ms or die "not a case: $_[0]";
	my %case = (name => $name, headers => [], answer_headers => []);
	my @lines = split /\n/, $request;

	@case{ 'method', 'target' } = shift(@lines) =~ /^(\S+) (.+)$/ or die "no request: $_[0]";
	push @{ $case{headers} }, shift @lines while @lines && $lines[0] =~ /^[A-Za-z-]+:/;
	$case{body} = join "\n", @lines if @lines;

	@lines = split /\n/, $upstream;
	$upstream = shift @lines;
	if ($upstream ne 'nothing')
	{
		@case{ 'up_method', 'up_uri' } = split / /, $upstream, 2;
		$case{up_body} = @lines ? join("\n", @lines) : $case{body} // '';
		$case{up_text} = $case{up_uri} eq '/rpc/put_user';
		$case{up_form} = !$case{up_text} && $case{up_uri} =~ m{^/rpc/[^?]*$};
	}

	@lines = grep { length } split /\n/, $answer;
	$case{status} = shift @lines;
	push @{ $case{answer_headers} }, shift @lines while @lines && $lines[0] =~ /^[A-Za-z-]+: /;
	$case{answer} = join "\n", @lines;
	return \%case;
}

# The parts of an application/x-www-form-urlencoded text, decoded, as [name, value]
sub decode_form
{
	return map {
		my @pair = split /=/, $_, 2;
		tr/+/ /, s/%([0-9A-Fa-f]{2})/chr hex $1/ge for @pair;
		[@pair];
	} split /[&;]/, $_[0];
}

# Whether a JSON value is as expected: "*" stands for anything, also within a string, and an error may say
# more than is expected
sub matches
{
	my ($got, $expected, $error) = @_;
	return 1 if defined $expected && !ref $expected && $expected eq '*';
	return 0 if ref $got ne ref $expected;
	if (ref $expected eq 'HASH')
	{
		my $keys = join ' ', sort keys %$got;
		return 0 if $keys ne ($error ? 'code details hint message' : join ' ', sort keys %$expected);
		return !grep { !matches($got->{$_}, $expected->{$_}) } keys %$expected;
	}
	if (ref $expected eq 'ARRAY')
	{
		return @$got == @$expected && !grep { !matches($got->[$_], $expected->[$_]) } 0 .. $#$expected;
	}
	return 1 if $json->encode($got) eq $json->encode($expected);
	return 0 if !defined $got || !defined $expected || $expected !~ /\*/;
	my $pattern = join '.*', map { quotemeta } split /\*/, $expected, -1;
	return $got =~ /\A$pattern\z/s;
}

# Sends a request with curl, to a socket or a URL; gives back status, headers and body
sub request
{
	my ($where, $case) = @_;
	my @headers = @{ $case->{headers} };
	my @command = (qw(curl --silent --show-error --include --globoff --path-as-is --http1.1 --max-time 60 -H Expect:),
		'--request-target', $case->{target});

	push @command, $case->{method} eq 'HEAD' ? '--head' : ('-X', $case->{method});
	push @headers, 'Content-Type: application/json' if defined $case->{body} && !grep { /^Content-Type:/i } @headers;
	push @command, '-H', $_ for @headers;
	if (defined $case->{body})
	{
		open my $file, '>:raw', "$folder/body" or die $!;
		print $file $case->{body};
		close $file;
		push @command, '--data-binary', "\@$folder/body";
	}
	push @command, $where =~ m{^/} ? ('--unix-socket', $where, 'http://localhost/') : $where;
	my $text = output(@command);
	my ($head, $body) = split /\r\n\r\n/, $text, 2;
	my ($line, @lines) = split /\r\n/, $head // '';
	my %answer = (body => $body // '', status => $line && $line =~ m{^HTTP/\S+ (\d+)} ? $1 : $text);
	/^([^:]+): *(.*)$/ and $answer{headers}{ lc $1 } = $2 for @lines;
	return \%answer;
}

# Starts what takes the place of PostgREST where only nginx is tested. It writes down each request, and
# answers 200, or what the file "answer" holds. Gives back a function that returns the request written down.
sub start_recorder
{
	my $socket = IO::Socket::UNIX->new(Local => "$folder/postgrest", Listen => 64) or die "recorder: $!\n";
	chmod 0777, "$folder/postgrest";
	open my $write, '>:raw', "$folder/requests" or die $!;
	open my $read, '<:raw', "$folder/requests" or die $!;
	$write->autoflush(1);
	my $pid = fork() // die "fork: $!\n";

	if (!$pid)
	{
		my $select = IO::Select->new($socket);
		my (%data, %number);
		my $connections = 0;
		while (my @ready = $select->can_read)
		{
			for my $handle (@ready)
			{
				if ($handle == $socket)
				{
					my $new = $socket->accept;
					$number{$new} = ++$connections;
					$select->add($new);
					next;
				}
				if (!sysread $handle, $data{$handle}, 65536, length($data{$handle} // ''))
				{
					$select->remove($handle);
					delete $data{$handle};
					next;
				}
				my ($head, $body) = split /\r\n\r\n/, $data{$handle}, 2;
				next if !defined $body;
				my ($line, @lines) = split /\r\n/, $head;
				my %headers = map { /^([^:]+): *(.*)$/ ? (lc $1 => $2) : () } @lines;
				next if length $body < ($headers{'content-length'} // 0);
				delete $data{$handle};

				my ($method, $uri) = $line =~ /^(\S+) (.*) HTTP/;
				print $write $json->encode(
					{ method => $method, uri => $uri, headers => \%headers, body => $body, connection => $number{$handle} }), "\n";
				syswrite $handle,
				  -e "$folder/answer" ? slurp("$folder/answer") : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
			}
		}
		exit;
	}
	push @children, $recorder = $pid;
	return sub {
		seek $read, 0, 1;    # forget that the end was reached before
		my $line = readline $read;
		return defined $line ? $json->decode($line) : undef;
	};
}

# Starts the real PostgREST with the real configuration, at the socket where nginx looks for it
sub start_postgrest
{
	my ($uri) = @_;
	$admin_port = free_port();
	my $pid = fork() // die "fork: $!\n";
	if (!$pid)
	{
		@ENV{qw(PGRST_DB_URI PGRST_SERVER_UNIX_SOCKET PGRST_SERVER_UNIX_SOCKET_MODE)} = ($uri, "$folder/postgrest", '777');
		$ENV{PGRST_ADMIN_SERVER_PORT} = $admin_port;
		open STDOUT, '>', "$folder/postgrest.log";
		open STDERR, '>&', \*STDOUT;
		exec 'postgrest', "$deploy/postgrest.conf" or die "postgrest: $!\n";
	}
	push @children, $pid;
}

# Starts nginx with the real configuration, but sockets and the access log in our own folder, and at a port where
# there has to be one; gives back its socket
sub start_nginx
{
	my ($port) = @_;
	my $conf = slurp("$deploy/nginx.conf");
	my $listen = "listen unix:$folder/nginx;" . ($port ? " listen 127.0.0.1:$port;" : '');
	$conf =~ s{listen 127\.0\.0\.1:8080;}{$listen} or die "no listen in nginx.conf\n";
	$conf =~ s{server 127\.0\.0\.1:3000;}{server unix:$folder/postgrest;} or die "no upstream in nginx.conf\n";
	my $admin = $admin_port ? "127.0.0.1:$admin_port" : "unix:$folder/postgrest";
	$conf =~ s{server 127\.0\.0\.1:3001;}{server $admin;} or die "no health checks in nginx.conf\n";
	$conf =~ s{# access_log \S+ without_ids;\s*access_log off;}{access_log access.log without_ids;} or die "no access log in nginx.conf\n";
	open my $file, '>:raw', "$folder/nginx.conf" or die $!;
	print $file $conf;
	close $file;
	symlink "$deploy/$_", "$folder/$_" for qw(openapi.yaml docs.html redoc.standalone.js);

	my $pid = fork() // die "fork: $!\n";
	if (!$pid)
	{
		open STDERR, '>', "$folder/nginx.log";
		exec 'nginx', '-p', $folder, '-c', "$folder/nginx.conf", '-g', 'daemon off;' or die "nginx: $!\n";
	}
	push @children, $pid;
	for (1 .. 100)
	{
		last if -S "$folder/nginx" && IO::Socket::UNIX->new(Peer => "$folder/nginx");
		die slurp("$folder/nginx.log") if waitpid($pid, 1) == $pid;
		select undef, undef, undef, 0.1;
	}
	return "$folder/nginx";
}

1;
