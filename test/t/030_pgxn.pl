# "make dist" makes of what git has a zip that PGXN takes and its client installs, loads, unloads and uninstalls.

use strict;
use warnings FATAL => 'all';
use CPAN::Meta::Validator;
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IO::Uncompress::Unzip;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

for my $program (qw(git pgxn))
{
	plan skip_all => "$program is not installed" unless grep { -x "$_/$program" } split /:/, $ENV{PATH};
}

# PGXN's specification 1.0.0 of META.json, for the validator of CPAN's, which it comes from. Where a list may also be
# one string it asks for the list, and for a license's URL.
sub matching
{
	my ($pattern, $what) = @_;
	return sub { my $value = $_[2] // ''; $value =~ $pattern || $_[0]->_error("\"$value\" is no $what") };
}
my $number = qr/(?:0|[1-9]\d*)/;
my $semantic = qr/$number\.$number\.$number(?:-[0-9A-Za-z.-]+)?/;
my $string = { value => \&CPAN::Meta::Validator::string };
my $url = { value => \&CPAN::Meta::Validator::url };
my $version = { value => matching(qr/^$semantic$/, 'semantic version') };
my $range = { value => matching(qr/^(?:(?:[<>]=?|[!=]=)?\s*(?:$semantic|0)(?:,\s*|$))+$/, 'range of versions') };
my $term = matching(qr/^[^\s[:cntrl:]\/\\]{2,}$/, 'term');
my $tag = { value => matching(qr/^[^[:cntrl:]\/\\]{1,256}$/, 'tag') };
my %custom = (':key' => { name => \&CPAN::Meta::Validator::custom_2, value => \&CPAN::Meta::Validator::anything });

sub required { return { %{ $_[0] }, mandatory => 1 } }

my $specification = {
	name => { mandatory => 1, value => $term },
	version => required($version),
	abstract => required($string),
	maintainer => required($string),
	license => { mandatory => 1, map => { ':key' => { name => \&CPAN::Meta::Validator::anything, %$url } } },
	provides => {
		mandatory => 1,
		map => { ':key' => { name => $term,
			map => { file => required($string), version => required($version), abstract => $string, docfile => $string, %custom } } } },
	'meta-spec' => { mandatory => 1, map => { version => { mandatory => 1, value => matching(qr/^1\.0\.0$/, 'known specification') }, url => $url, %custom } },
	description => $string,
	generated_by => $string,
	release_status => { value => matching(qr/^(?:stable|testing|unstable)$/, 'release status') },
	tags => { list => $tag },
	no_index => { map => { file => { list => $string }, directory => { list => $string }, %custom } },
	prereqs => {
		map => { ':key' => { name => \&CPAN::Meta::Validator::phase,
			map => { ':key' => { name => \&CPAN::Meta::Validator::relation, map => { ':key' => { name => $term, %$range } } } } } } },
	resources => {
		map => { homepage => $url,
			bugtracker => { map => { web => $url, mailto => { value => matching(qr/@/, 'address') }, %custom } },
			repository => { map => { web => $url, url => $url, type => { value => matching(qr/^[^[:upper:]]+$/, 'type') }, %custom } }, %custom } },
	%custom };

sub faults
{
	my ($meta) = @_;
	my $validator = CPAN::Meta::Validator->new($meta);
	$validator->check_map($specification, $meta);
	return [ $validator->errors ];
}

sub config
{
	my ($program, $option) = @_;
	my $value = `"$program" --$option`;
	chomp $value;
	return $value;
}

# A repository of what is here, so that git has it
my $root = dirname(__FILE__) . '/../..';
my ($release) = slurp_file("$root/interactions.control") =~ /^default_version = '(.+)'$/m;
my $zip = "$root/interactions-$release.zip";
my $pg_config = $ENV{PG_CONFIG} // 'pg_config';
{
	local $ENV{GIT_DIR} = PostgreSQL::Test::Utils::tempdir;
	my @git = ('git', '-C', $root, '-c', 'user.name=test', '-c', 'user.email=test', '--work-tree=.');
	system_or_bail(@$_) for [ 'git', 'init', '--quiet', '--bare' ], [ @git, 'add', '--all' ], [ @git, 'commit', '--quiet', '-m', 'All' ];
	command_ok([ 'make', '-s', '-C', $root, "PG_CONFIG=$pg_config", 'dist' ], 'make dist');
}

my $unzip = IO::Uncompress::Unzip->new($zip) or BAIL_OUT("$zip: $IO::Uncompress::Unzip::UnzipError");
my %files;
do
{
	local $/;
	$files{ $unzip->getHeaderInfo->{Name} } = readline $unzip;
} while ($unzip->nextStream > 0);
is_deeply([ grep { !/^interactions-\Q$release\E\// } keys %files ], [], 'all is in a folder that bears the version');
is_deeply([ grep { /\.(?:o|so|bc|zip)$|--\Q$release\E\.sql$|\/exports\.map$/ } keys %files ], [], 'and nothing that is built');

my $meta = decode_json($files{"interactions-$release/META.json"} // '{}');
is_deeply(faults($meta), [], 'META.json keeps to the specification');
for my $spoilt (
	[ 'no version', sub { delete $_[0]{version} } ],
	[ 'a version of two numbers', sub { $_[0]{version} = '1.0' } ],
	[ 'an unknown key', sub { $_[0]{provides}{interactions}{script} = 'a' } ],
	[ 'no file', sub { delete $_[0]{provides}{interactions}{file} } ])
{
	my $other = decode_json($files{"interactions-$release/META.json"});
	$spoilt->[1]->($other);
	is(scalar(@{ faults($other) }), 1, "which $spoilt->[0] would break");
}
is($meta->{name}, 'interactions', 'it names the extension');
is($_->{version}, $release, 'and its version') for $meta, $meta->{provides}{interactions};
ok(defined $files{"interactions-$release/$meta->{provides}{interactions}{$_}"}, "its $_ is there") for qw(file docfile);

# A PostgreSQL without the extension, for pgxn
my $own = PostgreSQL::Test::Utils::tempdir;
my @folders = map { config($pg_config, $_) } qw(bindir pkglibdir sharedir includedir-server);
SKIP:
{
	skip 'the headers of PostgreSQL are not there', 10 unless -e "$folders[3]/postgres.h";
	system_or_bail('cp', '-r', '--parents', @folders, $own);
	my @find = ('find', (map { "$own$_" } @folders), '-name', 'interactions*');
	system_or_bail(@find, '-delete');
	my $copy = "$own$folders[0]/pg_config";
	make_path(config($copy, 'libdir')); # where pgxn looks whether it may write

	my $node = PostgreSQL::Test::Cluster->new('main', install_path => dirname($own . $folders[0]));
	$node->init;
	$node->start;
	my @pgxn = ('--pg_config', $copy, '--yes');
	my @server = ('-h', $node->host, '-p', $node->port, '-d', 'postgres');
	my $extensions = q(SELECT extname, extversion FROM pg_extension WHERE extname = 'interactions');

	local $ENV{MAKEFLAGS} = 'with_llvm=no'; # as the private PostgreSQL was built without bitcode
	command_ok([ 'pgxn', 'install', @pgxn, $zip ], 'pgxn install');
	command_ok([ 'pgxn', 'load', @pgxn, @server, $zip ], 'pgxn load');
	is($node->safe_psql('postgres', $extensions), "interactions|$release", 'the extension is created');
	is($node->safe_psql('postgres', <<'SQL'), 'anna|book-1|1700000000000', 'and stores a purchase');
SET client_min_messages = warning;
SELECT interactions.create_tables() \g /dev/null
SELECT user_id, item_id, "timestamp" FROM interactions_v1.create_purchase('{"user_id": "anna", "item_id": "book-1", "timestamp": 1700000000000}');
SQL
	my (undef, $said) = run_command([ 'pgxn', 'unload', @pgxn, @server, $zip ]);
	like($said, qr/cannot drop extension interactions/, 'pgxn unload leaves it while tables depend on it');
	$node->safe_psql('postgres', 'SET client_min_messages = warning; DROP EXTENSION interactions CASCADE');
	command_ok([ 'pgxn', 'uninstall', @pgxn, $zip ], 'pgxn uninstall');
	command_like(\@find, qr/^$/, 'leaves nothing');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM interactions.purchases'), '1', 'but the rows');
	$node->stop;
}
unlink $zip;
done_testing();
