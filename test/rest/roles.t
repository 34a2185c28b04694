# Promise: roles.sql can be run twice, gives the roles what the API needs, and nobody else anything.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Rest;
use Test::More;

my $database = 'rest_roles';
output('dropdb', '--if-exists', $database);
output('psql', '-X', '-c', "DROP ROLE IF EXISTS $_") for qw(authenticator web web_reader), '"An ""analyst"""';    # fails where they are in use
is output('createdb', $database), '', 'a database';
$ENV{PGDATABASE} = $database;
is output(qw(psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -c), 'CREATE EXTENSION interactions', '-c', 'SELECT interactions.create_tables()', '-f', "$deploy/roles.sql"), '', 'with the roles';

sub sql
{
	my ($role, @statements) = @_;
	return output(qw(psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -U authenticator), map { ('-c', $_) } $role ? "SET ROLE $role" : (), @statements);
}

sub rights
{
	return output(qw(psql -X -q -A -t -c), q{
		SELECT oid::regclass::text, relacl FROM pg_class WHERE relnamespace::regnamespace::text ~ '^interactions'
		UNION ALL SELECT oid::regprocedure::text, proacl FROM pg_proc WHERE pronamespace::regnamespace::text ~ '^interactions'
		UNION ALL SELECT nspname, nspacl FROM pg_namespace WHERE nspname ~ '^interactions'
		ORDER BY 1});
}

my $rights = rights();
is output(qw(psql -X -q -v ON_ERROR_STOP=1 -f), "$deploy/roles.sql"), '', 'a second time';
is rights(), $rights, 'changes nothing';
output(qw(psql -X -q -c), 'GRANT ALL ON ALL TABLES IN SCHEMA interactions TO PUBLIC, web_reader; GRANT ALL ON SCHEMA interactions_v1 TO PUBLIC',
	'-f', "$deploy/roles.sql");
is rights(), $rights, 'and takes away what is too much';

is output(qw(psql -X -q -A -t -c), q{
	SELECT 'relation ' || oid::regclass FROM pg_class WHERE relnamespace::regnamespace::text ~ '^interactions'
		AND relkind IN ('r', 'v') AND has_table_privilege('public', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
	UNION ALL SELECT 'routine ' || oid::regprocedure FROM pg_proc WHERE pronamespace::regnamespace::text ~ '^interactions'
		AND has_function_privilege('public', oid, 'EXECUTE')
	UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname ~ '^interactions'
		AND has_schema_privilege('public', oid, 'USAGE, CREATE')}), '', 'PUBLIC has nothing';

is output(qw(psql -X -q -A -t -c), q{SELECT rolname, rolcanlogin, rolinherit, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
	FROM pg_roles WHERE rolname IN ('authenticator', 'web', 'web_reader') ORDER BY 1}),
  "authenticator|t|f|f\nweb|f|t|f\nweb_reader|f|t|f\n", 'the roles are plain ones';
is output(qw(psql -X -q -A -t -c), q{SELECT roleid::regrole FROM pg_auth_members WHERE member = 'authenticator'::regrole ORDER BY 1::text}),
  "web\nweb_reader\n", 'the authenticator may become these';
is output(qw(psql -X -q -A -t -c), q{SELECT rolname FROM pg_roles WHERE rolname IN ('authenticator', 'web', 'web_reader')
	AND array_to_string(rolconfig, ' ') ~ 'statement_timeout=[1-9]' ORDER BY 1}), "authenticator\nweb\nweb_reader\n", 'each has a statement_timeout';

my $denied = qr/42501/;
like sql('', 'SELECT * FROM interactions_v1.users'), $denied, 'the authenticator itself has no right';
like sql('web', $_), $denied, "web may not: $_" for 'TRUNCATE interactions.purchases', 'CREATE TABLE interactions_v1.t ()',
  'UPDATE interactions.purchases SET price = 0', q{CALL interactions.transfer_interactions('a', 'b')}, 'DROP VIEW interactions_v1.users',
  'ALTER TABLE interactions.ratings DISABLE TRIGGER ALL', 'SET ROLE postgres';
unlike sql('web_reader', $_), qr/\d{5}/, "web_reader may: $_" for q{SELECT interactions_v1.list_user_purchases('a')},
  q{SELECT interactions_v1.list_item_views('a')}, 'SELECT * FROM interactions_v1.users', 'SELECT * FROM interactions_v1.ratings';
like sql('web_reader', $_), $denied, "web_reader may not: $_" for q{SELECT interactions_v1.create_view('{"user_id":"a","item_id":"b"}')},
  q{SELECT interactions_v1.delete_views('a')}, q{SELECT interactions_v1.transfer_interactions('a', 'b')},
  q{INSERT INTO interactions_v1.views (user_id, item_id) VALUES ('a', 'b')}, q{INSERT INTO interactions.users (user_id) VALUES ('a')},
  'DELETE FROM interactions_v1.users';

# The limit that roles.sql has as a comment
my $limit = slurp("$deploy/roles.sql") =~ s/^-- (?=ALTER ROLE)//mr;
open my $file, '>', "$folder/roles.sql" or die $!;
print $file $limit;
close $file;
is output(qw(psql -X -q -v ON_ERROR_STOP=1 -f), "$folder/roles.sql"), '', 'with a limit of pages';
for my $role ('web', 'web_reader')
{
	like sql($role, "SELECT interactions_v1.list_user_purchases('a'$_)"), qr/22023/, "$role: a page$_ is refused" for '', ', 10001';
	is sql($role, "SELECT interactions_v1.list_user_purchases('a', 10000)"), '', "$role: one of 10000 is not";
}
output(qw(psql -X -q -c), 'ALTER ROLE authenticator RESET interactions.max_page_size');

# reader.sql makes a reader of any role, also a second time
output(qw(psql -X -q -c), 'CREATE ROLE "An ""analyst"""; GRANT "An ""analyst""" TO authenticator');
is output(qw(psql -X -q -v ON_ERROR_STOP=1 -v), 'role=An "analyst"', '-f', "$deploy/reader.sql"), '', "a reader, time $_" for 1, 2;
my $analyst = '"An ""analyst"""';
is output(qw(psql -X -q -A -t -c), q{
	SELECT 'cannot read ' || oid::regclass FROM pg_class WHERE relnamespace::regnamespace::text ~ '^interactions'
		AND relkind IN ('r', 'p', 'v') AND NOT has_table_privilege('An "analyst"', oid, 'SELECT')
	UNION ALL SELECT 'can change ' || oid::regclass FROM pg_class WHERE relnamespace::regnamespace::text ~ '^interactions'
		AND relkind IN ('r', 'p', 'v') AND has_table_privilege('An "analyst"', oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
	UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace::regnamespace::text ~ '^interactions'
		AND has_function_privilege('An "analyst"', oid, 'EXECUTE') <> (provolatile <> 'v')}), '', 'it reads everything and changes nothing';
is sql($analyst, "SELECT count(*) FROM interactions_v1.list_user_purchases('a')", 'SELECT count(*) FROM interactions_v1.users',
	'SELECT count(*) FROM interactions.stats'), "0\n0\n5\n", 'in lists, views and tables';

done_testing();
output('dropdb', $database);
