# The extension works in a database of any encoding; a character that the encoding does not have is an error, and stores nothing.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

# A letter that the encoding has, beyond ASCII, and one that it has not; as numbers of Unicode
my %letters = (
	UTF8 => [ 0x1F600, undef ],
	LATIN1 => [ 0xE9, 0x20AC ],
	LATIN9 => [ 0x20AC, 0x3042 ],
	WIN1252 => [ 0xE9, 0x3042 ],
	KOI8R => [ 0x416, 0xE9 ],
	EUC_JP => [ 0x3042, 0x1F600 ],
	EUC_KR => [ 0xAC00, 0x1F600 ],
	EUC_CN => [ 0x4E2D, 0x1F600 ],);

# The two ways to write a character: itself, in UTF-8, and as JSON's escape
sub itself
{
	my $bytes = chr shift;
	utf8::encode($bytes);
	return $bytes;
}

sub escape
{
	my ($code) = @_;
	return sprintf '\u%04x', $code if $code < 0x10000;
	return sprintf '\u%04x\u%04x', 0xD800 + (($code - 0x10000) >> 10), 0xDC00 + ($code & 0x3FF);
}

sub sqlstate
{
	my ($db, $sql) = @_;
	my ($status, $out, $err) = $node->psql($db, "\\set VERBOSITY sqlstate\n$sql", extra_params => [ '-v', 'ON_ERROR_STOP=1' ]);
	return $err =~ /ERROR:\s+(\w{5})/ ? $1 : "none: $out";
}

$ENV{PGCLIENTENCODING} = 'UTF8';
for my $encoding (sort keys %letters)
{
	my ($has, $lacks) = @{ $letters{$encoding} };
	my ($x, $e) = (itself($has), escape($has));
	my $db = lc $encoding;
	$node->safe_psql('postgres', "CREATE DATABASE $db ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql($db, 'CREATE EXTENSION interactions; SELECT interactions.create_tables()');

	# the same interaction through every way in is stored once
	is( $node->safe_psql($db, <<SQL), <<OUT =~ s/\n\z//r, "$encoding: every way in");
SELECT item_id FROM interactions_v1.create_rating('{"user_id": "u$x", "item_id": "i$x", "timestamp": 1000000000001, "value": 5}');
SELECT item_id, current_setting('response.status')
FROM interactions_v1.create_rating('{"user_id": "u$e", "item_id": "i$e", "timestamp": 1000000000001, "value": 5}');
SELECT interactions_v1.create_ratings('[{"user_id": "u$e", "item_id": "i$x", "timestamp": 1000000000001, "value": 5}]');
SELECT interactions_v1.import_ratings('[{"user_id": "u$x", "item_id": "i$e", "timestamp": 1000000000001, "value": 5}]');
INSERT INTO interactions_v1.ratings VALUES ('u$x', 'i$x', 1000000000001, NULL, 5);
COPY interactions_v1.ratings FROM STDIN;
u$x	i$x	1000000000001	\\N	5
\\.
INSERT INTO interactions.ratings (user_id, item_id, "timestamp", value) VALUES ('u$x', 'i$x', to_timestamp(1000000000.001), 5) ON CONFLICT DO NOTHING;
SELECT user_id, item_id, octet_length(user_id) > 2 FROM interactions_v1.list_user_ratings('u$x');
SELECT count(*) FROM interactions_v1.list_user_ratings('u$x', after => '1000000000001:i$x');
SELECT count(*) FROM interactions_v1.list_user_ratings('u$x', after => '1000000000001:i${x}z');
SELECT to_user_id FROM json_to_record(interactions_v1.transfer_interactions('u$x', 'v$x')) AS t (to_user_id text);
SELECT interactions_v1.delete_ratings(user_id => 'v$x', item_id => 'i$x');
SQL
i$x
i$x|200
{"created": 0, "duplicates": 1}
{"created": 0, "duplicates": 1, "errors": []}
u$x|i$x|${\ ($encoding =~ /^(UTF8|EUC)/ ? 't' : 'f')}
0
1
v$x
{"deleted": 1}
OUT

	# a long id is cut in the message, never within a character
	my ($status, $out, $err) = $node->psql($db, "SELECT interactions_v1.create_bookmark(json_build_object('user_id', repeat('$x', 600), 'item_id', 'a'))");
	like($err, qr/"user_id" must have 1 to 512 bytes, not \d+: "(?:$x){8,64}\.\.\."/, "$encoding: a message with a part of an id");

	next unless defined $lacks;
	my ($y, $f) = (itself($lacks), escape($lacks));
	is(sqlstate($db, "SELECT interactions_v1.create_bookmark('{\"user_id\": \"$y\", \"item_id\": \"i\"}')"),
		'22P05', "$encoding: a character that it does not have");
	is(sqlstate($db, "INSERT INTO interactions_v1.bookmarks (user_id, item_id) VALUES ('$y', 'i')"), '22P05', "$encoding: in an INSERT");
	my $element = "{\"user_id\": \"u\", \"item_id\": \"$f\"}";
	is(sqlstate($db, "SELECT interactions_v1.create_bookmark('$element')"), '22P05', "$encoding: as an escape");
	is(sqlstate($db, "SELECT interactions_v1.create_bookmarks('[{\"user_id\": \"u\", \"item_id\": \"good\"}, $element]')"),
		'22P05', "$encoding: in a batch");
	is($node->safe_psql($db, 'SELECT count(*) FROM interactions.bookmarks'), '0', "$encoding: nothing was stored");
	is( $node->safe_psql($db, "SELECT interactions_v1.create_bookmarks('[{\"user_id\": \"u\", \"item_id\": \"good\"}]')"),
		'{"created": 1, "duplicates": 0}', "$encoding: the server goes on");
}

# SQL_ASCII takes any bytes, and knows no character beyond ASCII
$node->safe_psql('postgres', "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
$node->safe_psql('ascii', 'CREATE EXTENSION interactions; SELECT interactions.create_tables()');
my $e = itself(0xE9);
is( $node->safe_psql('ascii', <<SQL), "A|200\n$e|2\n{\"created\": 0, \"duplicates\": 1}\n{\"deleted\": 1}", 'SQL_ASCII: every way in');
INSERT INTO interactions_v1.bookmarks VALUES ('A', 'A', 1000000000001, NULL), ('$e', '$e', 1000000000001, NULL);
SELECT item_id, current_setting('response.status') FROM interactions_v1.create_bookmark('{"user_id": "\\u0041", "item_id": "A", "timestamp": 1000000000001}');
SELECT item_id, octet_length(item_id) FROM interactions_v1.list_user_bookmarks('$e');
SELECT interactions_v1.create_bookmarks('[{"user_id": "$e", "item_id": "$e", "timestamp": 1000000000001}]');
SELECT interactions_v1.delete_bookmarks(item_id => '$e');
SQL
like(sqlstate('ascii', q(SELECT interactions_v1.create_bookmark('{"user_id": "\u00e9", "item_id": "i"}'))),
	qr/^(22P05|0A000)$/, 'SQL_ASCII: an escape beyond ASCII');
is($node->safe_psql('ascii', 'SELECT count(*) FROM interactions.bookmarks'), '1', 'SQL_ASCII: nothing was stored');

$node->stop;
done_testing();
