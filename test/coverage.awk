# Reads the reasons of test/uncovered.txt, then what gcov -t says of src. Prints each line that no test reached, with its
# reason, and the share of lines reached. Fails where that is below minimum, in percent, or a reason or its line is missing.
# The reason of a function's first line is one for all of it.

function trim(s) {
	gsub(/^[ \t]+|[ \t]+$/, "", s)
	return s
}

# file|text|reason, where the text may hold "|"
FNR == NR {
	if (/^(#|$)/) next
	n = split($0, parts, "|")
	entries++
	file[entries] = parts[1]
	reason[entries] = parts[n]
	text[entries] = substr($0, length(parts[1]) + 2, length($0) - length(parts[1]) - length(parts[n]) - 2)
	next
}

# count:line:code, and at line 0 what gcov says of itself
{
	count = trim(substr($0, 1, index($0, ":") - 1))
	code = substr($0, index($0, ":") + 1)
	line = trim(substr(code, 1, index(code, ":") - 1))
	code = substr(code, index(code, ":") + 1)
	outside = code ~ /^[^ \t}]/
	if (code ~ /^}/) whole = ""
	code = trim(code)
}
line == 0 {
	if (sub(/^Source:/, "", code)) source = code
	next
}
{
	why = whole
	for (i = 1; i <= entries; i++) {
		if (file[i] == source && index(code, text[i])) {
			met[i] = 1
			why = reason[i]
			if (outside) whole = why
		}
	}
}
code ~ /^[{}]+$/ || count !~ /^[0-9#=]/ { next }
{ lines[source]++ }
count !~ /^[#=]/ {
	reached[source]++
	next
}
why == "" {
	wrong++
	why = "NO REASON GIVEN"
}
{ printf "%s:%d: %s\n\t%s\n", source, line, code, why }

END {
	for (source in lines) {
		printf "%-24s %5d lines %6.1f %%\n", source, lines[source], 100 * reached[source] / lines[source] | "sort"
		all += lines[source]
		good += reached[source]
	}
	close("sort")
	for (i = 1; i <= entries; i++) {
		if (met[i]) continue
		wrong++
		printf "test/uncovered.txt: %s has no line \"%s\"\n", file[i], text[i]
	}
	printf "%-24s %5d lines %6.1f %%\n", "all", all, all ? 100 * good / all : 0
	exit wrong > 0 || all == 0 || good / all < minimum / 100
}
