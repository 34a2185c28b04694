# demo/run, one of README's two commands, goes through the life of the data to its end, with a file in wire format, and leaves nothing behind.

use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir;
append_to_file("$folder/ratings.csv", "user_id,item_id,value,timestamp\n" . join '', map { "anna,i$_,4.5,$_\nben,i$_,3,$_\n" } 1767225600000 .. 1767225600009);
my ($titles) = scalar(() = slurp_file('demo/run') =~ /^title "/mg);
my ($out, $error) = ('', '');
$ENV{TMPDIR} = PostgreSQL::Test::Utils::tempdir_short;
ok(IPC::Run::run([ 'demo/run', "$folder/ratings.csv" ], '<', \undef, '>', \$out, '2>', \$error), 'it goes well') or diag $out, $error;
is($error, '', 'without a word');
like($out, qr/^    20 ratings are stored/m, 'the file is loaded');
is(scalar(() = $out =~ /^\d+\. /mg), $titles, 'to its end');
is_deeply([ glob "$ENV{TMPDIR}/*" ], [], 'nothing is left');
done_testing();
