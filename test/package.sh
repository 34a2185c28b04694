# shellcheck shell=bash disable=SC2034,SC2154
# The stage "package" of test/run: Debian's packages, from "make deb" to a purge in a bare Debian. Of test/run are
# $folder, $major, $names and $failed; of cluster.sh and debian.sh the rest.

run_package() {
	local names='' before=$failed project=$folder/package version next
	if ((EUID)) || [[ -z $major || -z $(debian_repository Debian) ]]; then
		echo 'package ... skipped, it needs root, and PostgreSQL from a package of Debian'
		add 0 0 0 1
		return
	fi
	install_packages build-essential debhelper debootstrap lintian postgresql-server-dev-all
	system=$folder/system
	as_owner mkdir "$project"
	copy_project
	version=$(sed -n "s/^default_version = '\(.*\)'/\1/p" "$project/interactions.control")
	next=${version%.*}.$((${version##*.} + 1))
	step control as_owner env -C "$project" PG_SUPPORTED_VERSIONS=15 pg_buildext checkcontrol # with git goes that of 15
	step versions each_version
	step build make_debs "$version"
	step lintian as_owner lintian --fail-on error "$folder/debs-$version"/*.changes
	step 'next version' make_next_version
	step debian make_bare_debian
	step install in_debian install_debs
	step files in_debian look_at_files
	step purchase in_debian store_purchase
	step documents in_debian serve_documents
	step upgrade in_debian upgrade_running
	step purge in_debian purge_debs
}

# A check that the next ones rest on
step() { # NAME COMMAND...
	if ((failed == before)); then check "$@"; fi
}

# Each PostgreSQL whose development files are there has a package
each_version() {
	[[ $(as_owner env -C "$project" PG_SUPPORTED_VERSIONS="$(seq 14 19)" pg_buildext supported-versions | xargs) == '15 16 17 18 19' ]] &&
		grep -q 'PG_SUPPORTED_VERSIONS=installed ' "$project/Makefile"
}

make_debs() { # VERSION
	as_owner make -s -C "$project" deb && as_owner mv "$project/deb" "$folder/debs-$1"
}

# What README says of a release, in "Releasing a version"
make_next_version() {
	# shellcheck disable=SC2016
	as_owner env -C "$project" version="$version" next="$next" bash -euo pipefail -c '
		make -s "interactions--$version.sql"
		mv "interactions--$version.sql" sql
		sed -i "s/^\(default_version = \).*/\1'\''$next'\''/" interactions.control
		echo "CREATE FUNCTION interactions.is_next() RETURNS boolean LANGUAGE sql RETURN true;" >"sql/interactions--$version--$next.sql"
		sed "/^interactions /s/($version)/($next)/;/^ --/q" debian/changelog >changelog
		cat debian/changelog >>changelog
		mv changelog debian' && make_debs "$next"
}

# Of the machine's own suite, with its sources and preferences. No service starts there by itself.
make_bare_debian() {
	local suite
	read -r _ _ suite _ < <(debian_sources 'Label: Debian')
	in_namespaces 'make_debian "$@"' "$suite" "$(debian_repository Debian)" &&
		debian_sources >"$system/etc/apt/sources.list" &&
		cp -r /etc/apt/preferences.d "$system/etc/apt" &&
		install -m 755 /dev/stdin "$system/usr/sbin/policy-rc.d" <<<$'#!/bin/sh\nexit 101' &&
		cp -r "$project/test" "$folder"/debs-* "$system/root"
}

# Runs a script as the first process of namespaces of its own: when it ends, whatever it started or mounted is gone.
in_namespaces() { # SCRIPT ARGUMENT...
	(
		export root system
		export -f die make_debian mount_debian
		unshare --mount --pid --fork --kill-child bash -euo pipefail -c "$1" "$0" "${@:2}"
	)
}

# Calls a function of this file in the bare Debian, and shows what it does.
# shellcheck disable=SC2016
in_debian() { # FUNCTION
	in_namespaces 'mount_debian; exec chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"' \
		major="$major" version="$version" next="$next" \
		bash -euo pipefail -c 'cd /root; source test/cluster.sh; source test/package.sh; set -x; "$1"' - "$1"
}

# From here on, what runs there

as_user() { # USER COMMAND...
	setpriv --reuid="$1" --regid="$(id -g "$1")" --clear-groups "${@:2}"
}

sql() { # ARGUMENT_OF_PSQL...
	as_user postgres psql -X -q -A -t -v ON_ERROR_STOP=1 -d shop "$@"
}

start_server() {
	pg_ctlcluster "$major" main start -o '-c listen_addresses= -c client_min_messages=warning'
}

stop_server() {
	pg_ctlcluster "$major" main stop
}

install_debs() {
	apt_get update
	apt_get install -y --no-install-recommends ./debs-"$version"/{postgresql-"$major"-interactions_,interactions-rest_}*.deb
	[[ ! $(find /etc/systemd -name 'interactions*') ]] # nothing is enabled
}

# What is to be enabled by hand is all there, and the secret of tokens is for the user alone that PostgREST is
look_at_files() {
	units=$(dpkg -L interactions-rest | sed -n 's|/interactions-nginx\.service$||p')
	unit=$units/interactions-postgrest.service
	for file in /etc/interactions/{nginx,postgrest}.conf /usr/share/interactions/{roles,reader}.sql /usr/share/doc/interactions-rest/{README.Debian,rest.md.gz} \
		"$units"/interactions-nginx.service "$unit"; do
		[[ $(dpkg -S "$file") == interactions-rest:* ]]
	done
	[[ -e $(sed -n 's/^ExecStart=[^ ]* //p' "$unit") ]]
	bash -c "$(sed -n 's/^# *openssl.* | sudo \(install .*\)/\1/p' /etc/interactions/postgrest.conf)" <<<secret
	[[ $(stat -c '%U %a' /etc/interactions/jwt.secret) == "$(sed -n 's/^User=//p' "$unit") 600" ]]
	rm /etc/interactions/jwt.secret
}

# As README.Debian has it, up to the user that PostgREST is
store_purchase() {
	start_server
	as_user postgres createdb shop
	sql -o /dev/null -c 'CREATE EXTENSION interactions' -c 'SELECT interactions.create_tables()'
	sql -f /usr/share/interactions/roles.sql
	stored=$(as_user authenticator psql -X -q -A -t -v ON_ERROR_STOP=1 -d shop -c 'SET ROLE web' -c "SELECT *
		FROM interactions_v1.create_purchase('{\"user_id\": \"anna\", \"item_id\": \"book-1\", \"timestamp\": 1700000000000, \"price\": 9.50}')")
	[[ $stored == 'anna|book-1|1700000000000||9.50|' ]]
	stop_server
}

# nginx, as the unit starts it, but at a socket
serve_documents() {
	start=$(sed -n 's/^ExecStart=//p' "$(dpkg -L interactions-rest | grep '/interactions-nginx\.service$')")
	sed 's|listen 127\.0\.0\.1:8080;|listen unix:/var/lib/interactions/socket;|' /etc/interactions/nginx.conf >nginx.conf
	install -d -o www-data /var/lib/interactions
	chmod 755 /root
	as_user www-data bash -c "exec ${start/\/etc\/interactions\//\/root\/}" &
	for ((try = 0; try < 50; try++)); do [[ ! -S /var/lib/interactions/socket ]] || break && sleep 0.1; done
	[[ $(get /v1/openapi.yaml) == *"$(</usr/share/interactions/openapi.yaml)" ]]
	[[ $(get /v1/docs) == *'<redoc '* ]]
	[[ ! -e /usr/share/interactions/redoc.standalone.js || $(get /v1/docs/redoc.js) == *Redoc* ]]
	[[ $(get /v1/users/anna) == *' 503 '*'{"code":"PT503"'* ]]
}

get() { # PATH
	perl -MIO::Socket::UNIX -e '
		my $socket = IO::Socket::UNIX->new("/var/lib/interactions/socket") or die "$!\n";
		print $socket "GET $ARGV[0] HTTP/1.0\r\n\r\n";
		print <$socket>' "$1"
}

# The SQL that stores what is there already, and an item that is not
batch() { # ITEM
	echo "SELECT interactions_v1.create_purchases('[{\"user_id\": \"anna\", \"item_id\": \"book-1\", \"timestamp\": 1700000000000, \"price\": 9.50}," \
		"{\"user_id\": \"anna\", \"item_id\": \"$1\", \"timestamp\": 1700000000000}]');"
}

# A session that is there before the new version comes goes on, and so does the server.
upgrade_running() {
	stored='{"created": 1, "duplicates": 1}'
	start_server
	started=$(sql -c 'SELECT pg_postmaster_start_time()')
	coproc old { sql; }
	batch book-2 >&"${old[1]}"
	read -r answer <&"${old[0]}"
	[[ $answer == "$stored" ]]

	apt_get install -y --no-install-recommends ./debs-"$next"/{postgresql-"$major"-interactions_,interactions-rest_}*.deb

	batch book-3 >&"${old[1]}"
	read -r answer <&"${old[0]}"
	[[ $answer == "$stored" ]]
	[[ $(sql -c "$(batch book-4)") == "$stored" ]] # the new library, the old SQL
	sql -o /dev/null -c 'ALTER EXTENSION interactions UPDATE' -c 'SELECT interactions.create_tables()'
	[[ $(sql -c "SELECT extversion, interactions.is_next() FROM pg_extension WHERE extname = 'interactions'") == "$next|t" ]]
	[[ $(sql -c "$(batch book-5)") == "$stored" ]]
	batch book-6 >&"${old[1]}"
	read -r answer <&"${old[0]}"
	[[ $answer == "$stored" ]]
	[[ $(sql -c 'SELECT pg_postmaster_start_time()') == "$started" ]]
	stop_server
}

# The rows are the user's. What PostgreSQL's packages hold, and what this test brought, is not of ours.
purge_debs() {
	touch /var/lib/interactions/client_body
	apt_get purge -y interactions-rest "postgresql-$major-interactions"
	find / -xdev -name '*interactions*' -not -path '/root/*' >left
	[[ ! -s left ]] || { cat left && false; }
	[[ ! $(dpkg-query -W -f '${Package}\n' '*interactions*' 2>/dev/null) ]]
	[[ ! $(getent passwd authenticator) ]]
	start_server
	[[ $(sql -c 'SELECT count(*) FROM interactions.purchases') == 6 ]]
	stop_server
}
