# pg_upgrade keeps every row and the extension, to the same major version, and to each other one that has the extension installed.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

sub config
{
	my ($program, $option) = @_;
	my $value = `"$program" --$option`;
	chomp $value;
	return $value;
}

sub major
{
	return config($_[0], 'version') =~ /^PostgreSQL (\d+)/ ? $1 : 0;
}

my $own = config('pg_config', 'bindir');
my $major = major('pg_config');
my %targets = ($major => $own);
for my $program (glob('/usr/lib/postgresql/*/bin/pg_config /usr/local/pgsql*/bin/pg_config /usr/pgsql-*/bin/pg_config'))
{
	my $other = major($program);
	my $bindir = config($program, 'bindir');
	$targets{$other} = $bindir
	  if $other > $major && -x "$bindir/pg_upgrade" && -e config($program, 'sharedir') . '/extension/interactions.control';
}

sub content
{
	my ($node) = @_;
	return join "\n", map {
		my $key = $_ eq 'users' ? 'user_id' : 'user_id, "timestamp", item_id, fingerprint';
		$_, $node->safe_psql('postgres', "COPY (SELECT * FROM interactions.$_ ORDER BY $key) TO STDOUT")
	} qw(bookmarks ratings purchases cart_additions views users);
}

for my $target (sort { $a <=> $b } keys %targets)
{
	my $bindir = $targets{$target};
	my $old = PostgreSQL::Test::Cluster->new("from_${major}_$target");
	my @initdb = $major < 18 && $target > 17 ? (extra => ['--no-data-checksums']) : ();
	$old->init;
	$old->start;
	$old->safe_psql('postgres', <<'SQL');
CREATE EXTENSION interactions;
INSERT INTO interactions_v1.users VALUES ('u', 'Uma', 1);
INSERT INTO interactions_v1.ratings SELECT 'u' || i % 10, 'i' || i, i, NULL, i % 6 FROM generate_series(1, 1000) AS i;
INSERT INTO interactions_v1.purchases VALUES ('u', 'i', 1, NULL, 9.50, 2);
INSERT INTO interactions_v1.views VALUES ('u', 'i', 1, 'r', 1000);
SQL
	my $content = content($old);
	$old->stop;

	my $new = PostgreSQL::Test::Cluster->new("to_${major}_$target", $target == $major ? () : (install_path => $bindir =~ s/\/bin$//r));
	$new->init(@initdb);
	$new->append_conf('postgresql.conf', "unix_socket_directories = '" . $old->host . "'");
	my $folder = PostgreSQL::Test::Utils::tempdir;
	my $output = '';
	chdir $folder or die $!;
	my $ok = IPC::Run::run(
		[   "$bindir/pg_upgrade", '--no-sync', '-b', $own, '-B', $bindir, '-d', $old->data_dir, '-D', $new->data_dir,
			'-s', $old->host, '-p', $old->port, '-P', $new->port ],
		'<', \undef, '>&', \$output);
	ok($ok, "pg_upgrade from $major to $target") or diag $output;
	$new->start;
	ok(content($new) eq $content, "$major to $target: every row is there");
	is( $new->safe_psql('postgres', <<'SQL'), qq({"created": 1, "duplicates": 1}\n100), "$major to $target: the extension works");
SELECT interactions_v1.create_ratings('[{"user_id": "u1", "item_id": "i1", "timestamp": 1, "value": 1}, {"user_id": "u1", "item_id": "i", "timestamp": 1, "value": 1}]');
SELECT count(*) FROM interactions_v1.list_user_ratings('u2');
SQL
	is($new->safe_psql('postgres', q(SELECT extname FROM pg_extension WHERE extname = 'interactions')), 'interactions', "$major to $target: it is an extension");
	$new->stop;
}

SKIP:
{
	skip "no PostgreSQL newer than $major with the extension is installed", 1 if keys %targets == 1;
	pass('another major version was tried');
}
done_testing();
