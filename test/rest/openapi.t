# Promise: openapi.yaml is a valid OpenAPI 3.1 document, and nginx and the database know every path, parameter
# and property in it, and have no other.
use strict;
use warnings;
use CPAN::Meta::YAML;
use FindBin;
use lib $FindBin::Bin;
use Rest;
use Test::More;

my $database = 'rest_openapi';
output('dropdb', '--if-exists', $database);
is output('createdb', $database), '', 'a database';
$ENV{PGDATABASE} = $database;
is output(qw(psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -c), 'CREATE EXTENSION interactions', '-c', 'SELECT interactions.create_tables()'), '', 'with the extension';

# The rows of a query, as a hash of the first column to the others, split at blanks
sub query
{
	my %rows;
	$rows{ $_->[0] } = $_->[1] for map { [ split /\|/, $_, 2 ] } split /\n/, output(qw(psql -X -q -A -t -c), $_[0]);
	return \%rows;
}

my $api = CPAN::Meta::YAML->read_string(slurp("$deploy/openapi.yaml"))->[0];
my $received = start_recorder();
my $nginx = start_nginx();

sub resolve
{
	my ($node) = @_;
	return $node if !$node->{'$ref'};
	my (undef, @names) = split m{/}, $node->{'$ref'};
	$node = $api;
	$node = $node->{$_} // die "nothing at @names\n" for @names;
	return $node;
}

# Documented, then known: send each operation with every parameter, and see which function it reaches with which
# arguments
my (%reached, @routes, @lost);
for my $path (sort keys %{ $api->{paths} })
{
	for my $method (sort keys %{ $api->{paths}{$path} })
	{
		my $operation = $api->{paths}{$path}{$method};
		my @parameters = map { resolve($_) } @{ $operation->{parameters} // [] };
		my @query = map { "$_->{name}=" . ($_->{schema}{enum} ? $_->{schema}{enum}[0] : '1') } grep { $_->{in} eq 'query' } @parameters;
		my $target = $path;
		$target =~ s/\{$_->{name}\}/$_->{schema}{enum} ? $_->{schema}{enum}[0] : 'x'/e or push @lost, "$path has no $_->{name}" for grep { $_->{in} eq 'path' } @parameters;
		push @lost, "$path: a parameter is not described" if $target =~ /\{/;
		push @routes, uc($method) . " $target";

		# an optional parameter that leads elsewhere (on_error) counts for both ways; one that is required is always there
		my $required = grep { $_->{in} eq 'query' && $_->{required} } @parameters;
		for my $try ($required ? () : '', @query ? '?' . join '&', @query : ())
		{
			my $got = request($nginx, { method => uc $method, target => "$target$try", headers => [],
				body => $operation->{requestBody} ? '{}' : undef });
			my $arrived = $received->();
			if ($got->{status} != 200) { push @lost, "$method $target$try is $got->{status}" }
			elsif ($arrived)
			{
				my ($name) = $arrived->{uri} =~ m{^/(?:rpc/)?(\w+)};
				my @names = $arrived->{uri} =~ /\?columns=body|\/put_user$/ ? () : map { $_->[0] } decode_form($arrived->{body});
				$reached{$name} = { %{ $reached{$name} // {} }, map { $_ => 1 } $name eq 'users' ? $arrived->{method} : @names };
			}
		}
	}
}
is_deeply \@lost, [], 'nginx knows every path and parameter of the document';
$_ = join ' ', sort keys %$_ for values %reached;

# Known, then documented: all functions with all arguments, and the view of users with all that one can do with it
my $functions = query(
	q{SELECT proname, array_to_string(ARRAY(SELECT unnest(proargnames[1:pronargs]) ORDER BY 1), ' ')
	FROM pg_proc WHERE pronamespace = 'interactions_v1'::regnamespace});
is_deeply \%reached, { %$functions, users => 'GET POST', ready => '' }, 'the document has every function and argument of the database';

my @locations = map { s/^= // ? qr/^\Q$_\E$/ : qr/$_/ }
  map { s/~ "(.*)"/$1/r =~ s/= "(.*)"/= $1/r } slurp("$deploy/nginx.conf") =~ /^\s*location ((?:= |~ )"\^?(?:\(|[A-Z]+ ).*?") \{/mg;
cmp_ok scalar @locations, '>', 10, 'nginx has locations';
is_deeply [ grep { my $location = $_; $location !~ /redoc/ && !grep { /$location/ } @routes } @locations ], [],
  'the document has every location of nginx';

my $types = query(
	q{SELECT proname, substr(proname, 8) || 's' FROM pg_proc
	WHERE pronamespace = 'interactions_v1'::regnamespace AND NOT proretset AND prorettype <> 'json'::regtype AND proname ~ '^create_'});
is_deeply [ sort map { m{^/v1/(\w+)$} ? $1 : () } keys %{ $api->{paths} } ], [ sort 'docs', 'users', values %$types ],
  'the document has every type';

# Properties are the columns of the views
my $columns = query(
	q{SELECT attrelid::regclass, string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
	WHERE relnamespace = 'interactions_v1'::regnamespace AND relkind = 'v' AND attnum > 0 GROUP BY 1});
sub properties { return join ' ', sort keys %{ $api->{components}{schemas}{ $_[0] }{properties} } }
for my $function (sort keys %$types)
{
	my $type = $types->{$function};
	my $schema = join '', map { ucfirst } split /_/, $function =~ s/^create_//r;
	is properties($_), $columns->{"interactions_v1.$type"}, "the properties of $_" for $schema, "New$schema";
}
is properties($_), $columns->{'interactions_v1.users'}, "the properties of $_" for qw(User NewUser UserChange);
is join(' ', sort keys %{ $api->{components}{schemas}{TransferResult}{properties}{transferred}{properties} }),
  join(' ', sort grep { $_ ne 'recommendations' } values %$types), 'the types of a transfer';
for my $type (map { $_->{schema} } grep { ($_->{name} // '') eq 'type' } values %{ $api->{components}{parameters} })
{
	is join(' ', sort @{ $type->{enum} }), join(' ', sort grep { $_ ne 'recommendations' } values %$types), 'the types in a path';
}

# So are the columns of what other functions return
my $results = query(
	q{SELECT typname, string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute JOIN pg_type ON typrelid = attrelid
	WHERE typname IN ('together_item', 'cart_item', 'popular_item', 'recommendation_result', 'recommendation_metrics') AND attnum > 0 GROUP BY 1});
is keys %$results, 5, 'results';
is properties(join '', map { ucfirst } split /_/, $_), $results->{$_}, "the properties of $_" for sort keys %$results;

# What the functions answer is what the document says
sub answer
{
	local $ENV{PGOPTIONS} = '-c client_min_messages=error';
	return $json->decode(output(qw(psql -X -q -A -t -c), "SELECT interactions_v1.$_[0]"));
}
sub names { return join ' ', sort keys %{ $_[0] } }
is names(answer(q{create_views('[{"user_id":"a","item_id":"b","timestamp":0}]')})), properties('BatchResult'), 'the answer to a batch';
is names(answer(q{transfer_interactions('a', 'b')})), properties('TransferResult'), 'the answer to a transfer';
is names(answer(q{delete_views('b')})), properties('Deleted'), 'the answer to a deletion';
my $imported = answer(q{import_views('[7, {"user_id":"a","item_id":"b","timestamp":0}]')});
is names($imported), properties('ImportResult'), 'the answer to an import';
is names($imported->{$_}[0]), names($api->{components}{schemas}{ImportResult}{properties}{$_}{items}{properties}),
  "of an import: $_" for qw(errors warnings);

# Examples are accepted
for my $path (grep { m{^/v1/(?!users)\w+(?:/batch|/together)?$} } sort keys %{ $api->{paths} })
{
	my $operation = $api->{paths}{$path}{post} or next;
	my ($type, $batch) = $path =~ m{^/v1/(\w+)(/batch|/together)?$};
	my ($single) = grep { $types->{$_} eq $type } keys %$types;
	my $function = !$batch ? $single : $batch eq '/batch' ? "create_$type" : 'count(*) FROM interactions_v1.list_cart_together_items';
	my $example = $json->encode($operation->{requestBody}{content}{'application/json'}{example});
	open my $file, '>:raw', "$folder/example.sql" or die $!;
	print $file 'SELECT ' . ($function =~ /^count/ ? '' : 'interactions_v1.') . "$function(:'example')";
	close $file;
	like output(qw(psql -X -q -A -t -v), "example=$example", '-f', "$folder/example.sql"), qr/^[({0](?!.*ERROR)/, "the example of $path";
}

# The documents are served, and the page takes nothing from elsewhere
my $got = request($nginx, { method => 'GET', target => '/v1/openapi.yaml', headers => [] });
is $got->{body}, slurp("$deploy/openapi.yaml"), 'the document is served';
is $got->{headers}{'content-type'}, 'application/yaml', 'as YAML';
$got = request($nginx, { method => 'GET', target => '/v1/docs', headers => [] });
is $got->{status}, 200, 'the page is served';
is $got->{headers}{'content-type'}, 'text/html; charset=utf-8', 'as HTML';
is_deeply [ sort $got->{body} =~ /(?:src|href|spec-url)="([^"]*)"/g ], [ 'docs/redoc.js', 'openapi.yaml', 'openapi.yaml' ], 'it needs two files';
is request($nginx, { method => 'GET', target => '/v1/docs/', headers => [] })->{headers}{location}, '../docs', 'which a slash would lead astray';
like $got->{headers}{'content-security-policy'}, qr/^default-src 'none'; connect-src 'self'; img-src data:; script-src 'self';/, 'and may load no other';

SKIP:
{
	my $missing = npm_install('@redocly/cli@2.77.0');
	skip $missing, 3 if $missing;
	$ENV{REDOCLY_TELEMETRY} = 'off';
	like output("$folder/node_modules/.bin/redocly", 'lint', "$deploy/openapi.yaml"), qr/is valid(?!.*warning)/s,
	  'the document is valid, also its examples';
	is output("$deploy/build-docs"), '', 'the renderer is there';
	$got = request($nginx, { method => 'GET', target => '/v1/docs/redoc.js', headers => [] });
	ok $got->{status} == 200 && length $got->{body} > 500_000, 'and served';
}

done_testing();
output('dropdb', $database);
