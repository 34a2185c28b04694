# Nothing is read from core's caches after they have let go of it, whatever others do to the catalogs meanwhile.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
plan skip_all => 'the server is built without assertions' if $node->safe_psql('postgres', 'SHOW debug_assertions') ne 'on';

$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION interactions;
SELECT interactions.create_tables();
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER zz_z AFTER UPDATE ON interactions.bookmarks FOR EACH ROW EXECUTE FUNCTION nothing();
CREATE TABLE orders (user_id text COLLATE "C" REFERENCES interactions.users ON DELETE CASCADE);
SQL
my ($code, $out, $err) = $node->psql('postgres', <<'SQL');
SET debug_discard_caches = 1;
SET client_min_messages = warning;
SELECT interactions.create_tables();
SELECT interactions_v1.create_bookmark('{"user_id": "g", "item_id": "i"}') IS NULL;
SELECT interactions_v1.create_bookmarks('[{"user_id": "g", "item_id": "i"}, {"user_id": "a", "item_id": "j"}]');
INSERT INTO interactions_v1.bookmarks (user_id, item_id) VALUES ('g', 'k'), ('g', 'l');
INSERT INTO interactions_v1.users (external_id) VALUES ('g'), ('a');
INSERT INTO orders VALUES ('g');
SELECT count(*) FROM interactions_v1.list_user_bookmarks('g');
SELECT interactions_v1.transfer_interactions('g', 'a') -> 'transferred' -> 'bookmarks';
SELECT user_id FROM orders;
CALL interactions.refresh_items('bookmarks');
SELECT interactions_v1.delete_bookmarks(user_id => 'a', item_id => 'l');
SELECT interactions.erase_user('a') -> 'erased' -> 'bookmarks';
SQL
is($err, '', 'no call failed');
is($out, <<'END' =~ s/\n\z//r, 'each did what it does');

f
{"created": 2, "duplicates": 0}
4
4
a
{"deleted": 1}
4
END

done_testing();
