# What README and the documents show works: their SQL runs, README's answers what it should, their shell can be read and names what is there, their links lead somewhere, every error stands in one of them, and README stays short.

use strict;
use warnings FATAL => 'all';
use File::Basename;
use File::Temp;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @documents = ('README.md', 'SECURITY.md', 'RESULTS.md', 'CHANGELOG.md', glob 'doc/*.md');
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'");
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE app; CREATE ROLE web; CREATE ROLE web_reader');

# What the first block of README answers, from the first purchase to the first list
my @answers = (<<'END');
anna|book-1|1767225600000||9.50|2
{"created": 2, "duplicates": 0}
{"from_user_id": "guest-7", "to_user_id": "anna", "transferred": {"bookmarks": 0, "ratings": 0, "purchases": 0, "cart_additions": 0, "views": 2}, "duplicates": 0, "user_deleted": true}
anna|book-2|1767225609000||
anna|book-1|1767225604000||5300
anna|book-1|1767225604000||5300
book-1|19.00
END

# The names of a document's headings, as links have them
sub anchors
{
	my ($text) = @_;
	return map { my $name = lc; $name =~ s/[^\w\- ]//g; $name =~ tr/ /-/; $name => 1 } $text =~ /^#+ (.*)$/mg;
}

# What make can make, and what "make deb" leads to
my @packages = map { "deb/${_}_1_all.deb" } slurp_file('debian/control') =~ /^Package: (\S+)$/mg;
my %targets = map { $_ => 1 } qw(install installcheck clean), slurp_file('Makefile') =~ /^\.PHONY: (\w+)$/mg;

my ($n, $all) = (0, '');
for my $document (@documents)
{
	my $text = slurp_file($document);
	(my $outside = $text) =~ s/^```.*?^```//msg;
	$all .= $text;

	for my $link ($outside =~ /\]\(([^)\s]+)\)/g)
	{
		next if $link =~ m{^https?://};
		my ($path, $anchor) = $link =~ /^([^#]*)#?(.*)$/;
		my $file = $path eq '' ? $document : dirname($document) . "/$path";
		ok(-e $file && ($anchor eq '' || {anchors(slurp_file($file))}->{$anchor}), "$document links to $link");
	}

	my @blocks = $text =~ /^```sql\n(.*?)^```$/msg;
	if (@blocks && $document ne 'doc/migrating.md') # which has a test of its own
	{
		my $database = 'document' . ++$n;
		my $folder = File::Temp->newdir;
		$node->safe_psql('postgres', "CREATE DATABASE $database");
		$node->safe_psql($database, 'CREATE EXTENSION interactions; SELECT interactions.create_tables()');
		for my $block (@blocks)
		{
			my ($line) = $block =~ /^(?!--)(.*)$/m;
			append_to_file("$folder/block.sql", "\\set ON_ERROR_STOP on\n\\set VERBOSITY verbose\n\\cd $folder\n$block");
			my ($stdout, $stderr);
			my $ok = IPC::Run::run(['psql', '-X', '-q', '-A', '-t', '-f', "$folder/block.sql", $node->connstr($database)], '>', \$stdout, '2>', \$stderr);
			ok($ok, "$document: $line") or diag $stderr;
			is($stdout, shift @answers, "$document: what it answers") if @answers && $document eq 'README.md';
			is_deeply([ grep { index($stdout, $_) < 0 } $block =~ /;\s+-- (\{.*\})$/mg ], [], "$document: as it says") if $block =~ /;\s+-- \{/;
			unlink "$folder/block.sql";
		}
	}

	# CSV HEADER alone would take columns by their place, whatever their names
	is_deeply([ grep { !/HEADER match/ } $text =~ /^\\?copy .* FROM .*header.*$/mig ], [], "$document: the names of columns are compared");

	for my $block ($text =~ /^```sh\n(.*?)^```$/msg)
	{
		my ($line) = $block =~ /^(.*)$/m;
		my $stderr;
		ok(IPC::Run::run(['bash', '-n'], '<', \$block, '2>', \$stderr), "$document: $line") or diag $stderr;
		my @missing = grep { my @found = grep { -e } glob; !@found } grep { !/redoc/ } $block =~ m{(?<![\w/.:-])((?:bench|demo|deploy|test)/[\w.*/-]+)}g;
		push @missing, grep { my $name = join '.*', map { quotemeta } split /\*/, $_, -1; !grep { /^$name$/ } @packages } $block =~ m{ \./(\S+\.deb)}g;
		push @missing, grep { !$targets{$_} } $block =~ /^(?:sudo )?make(?: +[A-Z_]+=\S+)* +([\w-]+)/mg;
		is_deeply(\@missing, [], "$document: $line: names what is there");
	}
}

# The SQLSTATEs that the code raises, and the codes of nginx.conf's own answers
my $headers = `pg_config --includedir-server`;
chomp $headers;
my %states = slurp_file("$headers/utils/errcodes.h") =~ /^#define (ERRCODE_\w+) MAKE_SQLSTATE\((.*)\)/mg;
s/[^\w]//g for values %states;
my $errors = join '', map { slurp_file("doc/$_.md") } qw(reference insight troubleshooting);
my %raised = map { $_ => 1 } map { slurp_file($_) =~ /[^_](ERRCODE_\w+)/g } glob 'src/*.[ch]';
delete @raised{qw(ERRCODE_DUPLICATE_TABLE ERRCODE_UNKNOWN_USER)}; # of a NOTICE; our own, PT404
my @codes = map { $states{$_} // $_ } keys %raised;
push @codes, map { slurp_file($_) =~ /ERRCODE = '(\w+)'/g } glob 'sql/*.sql';
push @codes, slurp_file('deploy/nginx.conf') =~ /"code":"(\w+)"/g;
cmp_ok(scalar(@codes), '>', 40, 'there are errors');
is_deeply([ grep { $errors !~ /\b$_\b/ } sort @codes ], [], 'the documents have each of them');

# The commands of rest.md install all that nginx serves, and what PostgREST needs; without one of them a page is blank
my ($commands) = slurp_file('doc/rest.md') =~ /^```sh\n(.*?)^```$/ms;
like($commands, qr{ -t /var/lib/interactions .*\bdeploy/\Q$_\E}, "rest.md installs $_") for slurp_file('deploy/nginx.conf') =~ /^\s*alias (\S+);/mg;
like($commands, qr{ -t /etc/interactions .*\bdeploy/$_\b}, "rest.md installs $_") for qw(nginx.conf postgrest.conf);

# Who may read the secret is said twice
my ($mode, $owner) = slurp_file('deploy/postgrest.conf') =~ /install -m (\d+) -o (\w+) .*jwt\.secret$/m;
is(($mode // '') . ' ' . ($owner // ''), '600 authenticator', 'only PostgREST may read the secret');
like(slurp_file('doc/rest.md'), qr/whose file belongs to the\s+user `$owner` and has mode $mode/, 'so rest.md says') if $owner;

is(scalar(() = $all =~ /`?price`? is (?:the price )?(?:per|of one) piece/g), 1, 'what price and amount are is said once');

cmp_ok(scalar(split /\n/, slurp_file('README.md')), '<=', 200, 'README has 200 lines at most');
done_testing();
