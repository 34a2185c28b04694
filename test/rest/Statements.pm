# The statements that PostgREST makes of requests: those of PostgREST 16.2, as the server's log showed them, with the settings of postgrest.conf.
package Statements;

use strict;
use warnings;
use Exporter 'import';
use Rest;

our @EXPORT = qw(replay);

my $settings = q{SELECT set_config('search_path', '"interactions_v1"', true), set_config('statement_timeout', '60s', true),
	set_config('role', :'role', true), set_config('request.jwt.claims', :'claims', true),
	set_config('request.method', :'method', true), set_config('request.path', :'path', true),
	set_config('request.headers', '{"prefer":"return=representation"}', true), set_config('request.cookies', '{}', true) \g /dev/null
};
my $answer = q{nullif(current_setting('response.headers', true), '') AS response_headers,
	nullif(current_setting('response.status', true), '') AS response_status, '' AS response_inserted};
my %argument_types = (page_size => 'integer', min_baskets => 'integer', min_users => 'integer', delete_user => 'boolean', missing_ok => 'boolean', delete_all => 'boolean');

# The statement of a request to PostgREST, and its psql variables
sub statement
{
	my ($case) = @_;
	my ($path, $query) = split /\?/, $case->{up_uri}, 2;
	my %variables = (method => $case->{up_method}, path => $path, body => $case->{up_body});

	if (my ($function) = $path =~ m{^/rpc/(\w+)$})
	{
		my $n = 0;
		my @arguments = map { [ @$_, "v$_->[0]" . $n++ ] } $case->{up_form} ? decode_form($case->{up_body}) : ();
		my $list = $function eq 'list_bought_together_items'
		  ? 'VARIADIC "ids" := ARRAY[' . join(', ', map { ":'$_->[2]'" } @arguments) . ']::text[]'
		  : $case->{up_form}
		  ? join(', ', map { qq{"$_->[0]" := :'$_->[2]'::} . ($argument_types{ $_->[0] } // 'text') } @arguments)
		  : $case->{up_text} ? q{:'body'::text} : q{:'body'::json};
		$variables{ $_->[2] } = $_->[1] for @arguments;

		if (my ($relation) = $function =~ /^(?:create|get)_(\w+[^s])$/ ? "${1}s" : $function =~ /^list_[a-z]+_(\w+)/ ? $1 : ())
		{
			my ($count, $body) = $function =~ /^(?:create|get)/
			  ? ('1', q{coalesce(json_agg(_postgrest_t)->0, 'null')})
			  : ('pg_catalog.count(_postgrest_t)', q{coalesce(json_agg(_postgrest_t), '[]')});
			return (
				qq{WITH pgrst_source AS (SELECT "pgrst_call".* FROM "interactions_v1"."$function"($list) pgrst_call)
				SELECT null::bigint AS total_result_set, $count AS page_total, $body AS body, $answer
				FROM (SELECT "$relation".* FROM "pgrst_source" AS "$relation") _postgrest_t}, \%variables);
		}
		return (
			qq{WITH pgrst_source AS (SELECT pgrst_call.pgrst_scalar FROM (SELECT "interactions_v1"."$function"($list) pgrst_scalar) pgrst_call)
			SELECT null::bigint AS total_result_set, 1 AS page_total, coalesce(json_agg(_postgrest_t.pgrst_scalar)->0, 'null') AS body, $answer
			FROM (SELECT "$function".* FROM "pgrst_source" AS "$function") _postgrest_t}, \%variables);
	}

	my $users = '"interactions_v1"."users"';
	my $where = '';
	if (defined $query)
	{
		my ($filter) = decode_form($query);
		$variables{id} = $filter->[1] =~ s/^eq\.//r;
		$where = "WHERE $users.\"external_id\" = :'id'";
	}
	my $body = eval { $json->decode($case->{up_body}) };
	my @columns = sort { $a cmp $b } ref $body eq 'HASH' ? keys %$body : ref $body eq 'ARRAY' ? keys %{ $body->[0] } : ();
	my $names = join ', ', map { qq{"$_"} } @columns;
	my $types = join ', ', map { qq{"$_" text} } @columns;
	my $source = ref $body eq 'ARRAY' ? 'json_to_recordset' : 'json_to_record';
	my $payload = "(SELECT :'body'::json AS json_data) pgrst_payload,
		LATERAL (SELECT $names FROM $source(pgrst_payload.json_data) AS _($types)) pgrst_body";
	my %source = (
		GET => "SELECT $users.* FROM $users $where",
		HEAD => "SELECT $users.* FROM $users $where",
		POST => "INSERT INTO $users($names) SELECT " . join(', ', map { qq{"pgrst_body"."$_"} } @columns) . " FROM $payload RETURNING $users.*",
		PATCH => !@columns
		? "SELECT $users.* FROM $users WHERE false"
		: "UPDATE $users SET " . join(', ', map { qq{"$_" = "pgrst_body"."$_"} } @columns) . " FROM $payload $where RETURNING $users.*",
		DELETE => "DELETE FROM $users $where RETURNING $users.*");
	return (
		"WITH pgrst_source AS ($source{$case->{up_method}})
		SELECT '' AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t)->0, 'null') AS body, $answer
		FROM (SELECT \"users\".* FROM \"pgrst_source\" AS \"users\") _postgrest_t", \%variables);
}

# Runs a statement in the transaction that PostgREST makes, which is not interested in warnings; gives back status,
# body and headers as PostgREST does. Without the claims of a token the role is web
sub replay
{
	local $ENV{PGOPTIONS} = '-c client_min_messages=error';
	my ($case, $token) = @_;
	my $claims = $token // { role => 'web' };
	my ($statement, $variables) = statement($case);
	@$variables{qw(role claims)} = ($claims->{role}, $json->encode($claims));
	my $read = $case->{up_method} =~ /^(GET|HEAD)$/ || $case->{up_uri} =~ m{^/rpc/(?:list|get)_} ? 'READ ONLY' : 'READ WRITE';
	my $object = $case->{up_uri} =~ m{^/users};

	open my $file, '>:raw', "$folder/statement.sql" or die $!;
	print $file "\\set VERBOSITY verbose\nBEGIN ISOLATION LEVEL READ COMMITTED $read;\n$settings;\n$statement\n\\gset\n",
	  $object ? "SELECT :page_total <> 1 AS rollback \\gset\n\\if :rollback\nROLLBACK;\n\\else\nCOMMIT;\n\\endif\n" : "COMMIT;\n",
	  "\\echo :page_total\n\\echo :response_status\n\\echo :response_headers\n\\echo :body\n";
	close $file;
	my $output = output(qw(psql -X -q -A -t -v ON_ERROR_STOP=1 -U authenticator -f), "$folder/statement.sql",
		map { ('-v', "$_=$variables->{$_}") } sort keys %$variables);

	if (my ($code, $message) = $output =~ /ERROR:  (\w{5}): (.*?)\n(?=(?:DETAIL|HINT|CONTEXT|LOCATION|LINE \d+):)/s)
	{
		my $status = $code =~ /^PT(\d{3})$/ ? $1
		  : $code =~ /^23(503|505)$/ ? 409
		  : $code eq '42501' ? ($token ? 403 : 401)
		  : $code =~ /^42(883|P01)$/ ? 404
		  : $code eq '25006' ? 405
		  : $code =~ /^(08|53)/ ? 503
		  : $code =~ /^(09|2[5D]|3[89B]|40|5|F0|HV|XX|P0(?!001))/ ? 500
		  : 400;
		my %error = (code => $code, message => $message, details => undef, hint => undef);
		$error{details} = $1 if $output =~ /^DETAIL:  (.*?)\n(?=[A-Z]+:)/ms;
		$error{hint} = $1 if $output =~ /^HINT:  (.*)/m;
		return ($status, \%error);
	}
	my ($total, $status, $headers, $body) = split /\n/, $output, 4;
	$status = '' if $status !~ /^\d/;    # \gset unsets the variable of a null
	return (406, undef) if $object && $total ne '1';
	return ($status || ($object && $case->{up_method} eq 'POST' ? 201 : 200), eval { $json->decode($body) } // $output, eval { $json->decode($headers) } // []);
}

1;
