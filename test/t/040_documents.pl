# What README and the documents show works: their SQL runs, their shell can be read, their links lead somewhere, every error stands in one of them, and README stays short.

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

# The names of a document's headings, as links have them
sub anchors
{
	my ($text) = @_;
	return map { my $name = lc; $name =~ s/[^\w\- ]//g; $name =~ tr/ /-/; $name => 1 } $text =~ /^#+ (.*)$/mg;
}

my $n = 0;
for my $document (@documents)
{
	my $text = slurp_file($document);
	(my $outside = $text) =~ s/^```.*?^```//msg;

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
			my $ok = IPC::Run::run(['psql', '-X', '-q', '-f', "$folder/block.sql", $node->connstr($database)], '>', \$stdout, '2>', \$stderr);
			ok($ok, "$document: $line") or diag $stderr;
			unlink "$folder/block.sql";
		}
	}

	for my $block ($text =~ /^```sh\n(.*?)^```$/msg)
	{
		my ($line) = $block =~ /^(.*)$/m;
		my $stderr;
		ok(IPC::Run::run(['bash', '-n'], '<', \$block, '2>', \$stderr), "$document: $line") or diag $stderr;
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

cmp_ok(scalar(split /\n/, slurp_file('README.md')), '<=', 200, 'README has 200 lines at most');
done_testing();
