# Promise: with the policies of doc/rest.md a customer's token reaches the customer's own rows and no others, by every request; and web all of them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Rest;
use Statements;
use Test::More;

my $database = 'rest_row_security';
my %blocks = slurp("$deploy/../doc/rest.md") =~ /^```sql (\w+)\n(.*?)^```/msg;

sub sql { return output(qw(psql -X -q -A -t -v ON_ERROR_STOP=1), map { ('-c', $_) } @_) }
sub forget { sql('DROP ROLE IF EXISTS customer') }

output('dropdb', '--if-exists', $database);
forget();
is output('createdb', $database), '', 'a database';
$ENV{PGDATABASE} = $database;
is output(qw(psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -c), 'CREATE EXTENSION interactions', '-c', 'SELECT interactions.create_tables()', '-f', "$deploy/roles.sql"), '', 'with the roles';
is sql($blocks{row_security}), '', 'and the policies';

my $anna = { role => 'customer', sub => 'anna' };
my $nobody = { role => 'customer' };

# A request as nginx sends it on; its status, and its body or the SQLSTATE of its error
sub ask
{
	my ($token, $method, $uri, $body) = @_;
	my ($status, $answer) = replay({ up_method => $method, up_uri => $uri, up_body => $body // '', up_form => scalar($uri =~ m{^/rpc/[^?]*$}) }, $token);
	return $status >= 400 ? $status . ($answer ? " $answer->{code}" : '') : "$status " . $json->encode($answer);
}

sub purchase { return qq({"user_id":"$_[0]","item_id":"$_[1]","timestamp":1700000000000,"price":9.5}) }
sub stored { return qq({"amount":null,"item_id":"$_[1]","price":9.5,"recommendation_id":null,"timestamp":1700000000000,"user_id":"$_[0]"}) }
my ($one, $many, $import) = map { "/rpc/${_}?columns=body" } qw(create_purchase create_purchases import_purchases);

is ask(undef, 'POST', $many, '[' . join(',', map { purchase($_, 'i') } qw(anna ben)) . ']'), '201 {"created":2,"duplicates":0}', 'web stores for two';
is ask(undef, 'POST', '/users', '{"external_id":"ben","name":"Ben"}'), '201 {"created_at":' . sql("SELECT created_at FROM interactions_v1.users WHERE external_id = 'ben'") =~ s/\n//r . ',"external_id":"ben","name":"Ben"}', 'and registers one';

is ask($anna, 'POST', $one, purchase('anna', 'j')), '201 ' . stored('anna', 'j'), 'a customer stores';
is ask($anna, 'POST', $one, purchase('anna', 'j')), '200 ' . stored('anna', 'j'), 'and may retry';
is ask($anna, 'POST', $one, purchase('ben', 'j')), '403 42501', 'but not for another';
is ask($anna, 'POST', $one, purchase('ben', 'i')), '403 42501', 'nor what another has stored';
is ask($anna, 'POST', $many, '[' . join(',', map { purchase($_, 'k') } qw(anna ben)) . ']'), '403 42501', 'nor in a batch';
is ask($anna, 'POST', $import, '[' . join(',', map { purchase($_, 'k') } qw(anna ben)) . ']'), '403 42501', 'or an import';
is ask($anna, 'POST', $many, '[' . join(',', map { purchase('anna', $_) } qw(i l)) . ']'), '201 {"created":1,"duplicates":1}', 'a batch of the own';

is ask($anna, 'POST', '/rpc/list_user_purchases', 'user_id=anna'), '200 [' . join(',', map { stored('anna', $_) } qw(l j i)) . ']', 'the own list';
is ask($anna, 'POST', '/rpc/list_user_purchases', 'user_id=ben'), '200 []', q(another's);
is ask($anna, 'POST', '/rpc/list_item_purchases', 'item_id=i'), '200 [' . stored('anna', 'i') . ']', q(an item's);
like ask($anna, 'GET', '/users?external_id=eq.anna'), qr/^200 .*"anna"/, 'the customer is known';
is ask($anna, 'GET', '/users?external_id=eq.ben'), '406', 'another is not';
is ask($anna, 'POST', '/rpc/delete_purchases', 'user_id=ben'), '200 {"deleted":0}', q(another's rows stay);
is ask($anna, 'POST', '/rpc/delete_purchases', 'item_id=i'), '200 {"deleted":1}', 'the own go';
is ask($anna, @$_), '403 42501', "not: @$_[0, 1]" for [ 'POST', '/rpc/transfer_interactions', 'from_user_id=anna&to_user_id=ben' ],
  [ 'DELETE', '/users?external_id=eq.anna' ], [ 'POST', '/users', '{"external_id":"anna","name":"A"}' ], [ 'PATCH', '/users?external_id=eq.anna', '{"name":"A"}' ],
  [ 'POST', '/rpc/create_recommendation?columns=body', '{"recommendation_id":"r"}' ], [ 'POST', '/rpc/get_recommendation', 'recommendation_id=r' ];
is sql(q(SET request.jwt.claims = '{"sub": "anna"}'), 'SET ROLE customer', 'SELECT count(*) FROM interactions.purchases', 'SELECT count(*) FROM interactions_v1.purchases'), "2\n2\n", 'nor past the API';
like sql(q(SET request.jwt.claims = '{"sub": "anna"}'), 'SET ROLE customer', q(SELECT interactions.erase_user('anna'))), qr/permission denied/, 'an erasure is not for customers';

is ask($nobody, 'POST', '/rpc/list_user_purchases', 'user_id=anna'), '200 []', 'without "sub" there is nothing to see';
is ask($nobody, 'POST', $one, purchase('anna', 'm')), '403 42501', 'and nothing to store';
is sql('SET ROLE customer', 'SELECT count(*) FROM interactions.purchases'), "0\n", 'nor without claims';

is ask($anna, 'POST', '/rpc/list_popular_items', 'interaction_type=purchases'), '200 []', 'and a customer may ask for them';
is ask(undef, 'POST', '/rpc/list_user_purchases', 'user_id=ben'), '200 [' . stored('ben', 'i') . ']', 'web sees all';
is ask({ role => 'web_reader' }, 'POST', '/rpc/list_user_purchases', 'user_id=ben'), '200 [' . stored('ben', 'i') . ']', 'so does web_reader';
like ask(undef, 'POST', '/rpc/transfer_interactions', 'from_user_id=anna&to_user_id=ben'), qr/^200 .*"purchases":2/, 'and web transfers';

# Tenants
is sql($blocks{tenants}), '', 'a column for tenants';
my ($north, $south) = map { { role => 'customer', tenant => $_ } } qw(north south);
is ask($north, 'POST', $one, purchase('n1', 'i')), '201 ' . stored('n1', 'i'), 'one stores';
is ask($south, 'POST', $many, '[' . purchase('s1', 'i') . ']'), '201 {"created":1,"duplicates":0}', 'so does another';
is ask($north, 'POST', '/rpc/list_item_purchases', 'item_id=i'), '200 [' . stored('n1', 'i') . ']', 'one sees its own';
is ask($south, 'POST', '/rpc/list_item_purchases', 'item_id=i'), '200 [' . stored('s1', 'i') . ']', 'so does the other';
is ask($south, 'POST', $one, purchase('n1', 'i')), '403 42501', 'what another tenant has stored is refused';
is ask($south, 'POST', $many, '[' . purchase('n1', 'i') . ']'), '201 {"created":0,"duplicates":1}', 'or a duplicate in a batch';
is ask($south, 'POST', '/rpc/delete_purchases', 'delete_all=true'), '200 {"deleted":1}', 'all is all of a tenant';
is ask({ role => 'customer', sub => 'n1' }, 'POST', '/rpc/list_user_purchases', 'user_id=n1'), '200 []', 'no tenant, no rows';

done_testing();
$ENV{PGDATABASE} = 'postgres';
output('dropdb', $database);
forget();
