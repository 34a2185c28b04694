# shellcheck shell=bash
# A private PostgreSQL with this extension, for the scripts that source this file:
#
#   prepare [PACKAGE...]         installs what is missing ("%" is the major version), and copies
#                                PostgreSQL and the project into a folder of their own
#   build [VARIABLE=VALUE...]    builds the copy and installs it there; build.log keeps what make said
#   start_cluster [SETTING...]   initdb and start; a SETTING is a line of postgresql.conf; connections
#                                go by socket, or by a port too: PGPORT=$(free_port), listen_addresses
#   stop_cluster                 stops it; start_cluster starts it again, with the settings added
#   as_owner COMMAND...          runs COMMAND as the cluster's owner: postgres when root, else oneself
#   die MESSAGE                  says why it cannot go on; exit code 2
#
# They set $folder (everything lies there), $project (the copy), $bin (PostgreSQL's programs, first on
# PATH), PG_CONFIG, and libpq's PGHOST, PGPORT, PGUSER and PGDATABASE. Nothing outside $folder is
# written but packages, and whatever way the script ends, the servers in $folder stop and it is removed.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=
owner=()

# The caller's environment must not reach the cluster
umask 022
while read -r name; do unset "$name"; done < <(compgen -e | grep -E '^(PG[A-Z]+|LC_.*|LANGUAGE|MAKE(FLAGS|LEVEL)|MFLAGS)$')
export LANG=C.UTF-8

die() {
	echo "${0#"$root/"}: $*" >&2
	exit 2
}

as_owner() {
	(cd "$folder" && exec "${owner[@]}" env HOME="$folder" TMPDIR="$folder/tmp" "$@")
}

apt_get() {
	local sudo=() log
	if ((EUID)); then sudo=(sudo -n); fi
	log=$("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" 2>&1 </dev/null) ||
		{ echo "$log" >&2 && return 1; }
}

# Installs the packages that are missing, without the cluster that Debian makes for a new PostgreSQL,
# and without starting a service.
install_packages() {
	local package missing=() sudo=() setting=/etc/postgresql-common/createcluster.d/interactions.conf policy=/usr/sbin/policy-rc.d
	command -v dpkg-query >/dev/null || return 0
	for package; do
		[[ $(dpkg-query -W -f '${db:Status-Status} ' "$package" 2>/dev/null) == 'installed '* ]] || missing+=("$package")
	done
	((${#missing[@]})) || return 0
	if ((EUID)); then
		sudo -n true 2>/dev/null || die "packages are missing, install them first: apt-get install ${missing[*]}"
		sudo=(sudo -n)
	fi
	echo "Installing ${missing[*]}"
	apt_get update || true # an old list may do
	"${sudo[@]}" install -D -m 644 /dev/stdin $setting <<<'create_main_cluster = false'
	if [[ -e $policy ]]; then policy=; else "${sudo[@]}" install -m 755 /dev/stdin $policy <<<$'#!/bin/sh\nexit 101'; fi
	apt_get install -y --no-install-recommends "${missing[@]}" || package=
	"${sudo[@]}" rm -f $setting $policy
	[[ $package ]] || die "apt-get could not install ${missing[*]}"
}

distribution_major() {
	apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p'
}

# Chooses the PostgreSQL: that of PG_CONFIG, else of pg_config on PATH, else the distribution's.
# Sets bindir, and major where it comes from Debian's packages.
choose_postgres() {
	bindir=$("${PG_CONFIG:-pg_config}" --bindir 2>/dev/null) || bindir=$(dirname "${PG_CONFIG-}")
	major=
	if [[ $bindir =~ ^/usr/lib/postgresql/([0-9]+)/bin$ ]]; then
		major=${BASH_REMATCH[1]}
	elif [[ -z ${PG_CONFIG-} && $bindir == . ]]; then
		command -v apt-cache >/dev/null || die "no PostgreSQL here; set PG_CONFIG to the path of its pg_config"
		major=$(distribution_major)
		if [[ -z $major ]]; then
			((EUID == 0)) || sudo -n true 2>/dev/null || die "no PostgreSQL here, install it first: apt-get install postgresql"
			apt_get update
			major=$(distribution_major)
		fi
		bindir=/usr/lib/postgresql/$major/bin
	fi
}

# PostgreSQL finds its other folders relative to its programs: so a copy that keeps the paths is whole.
copy_postgres() {
	local config=$bindir/pg_config
	[[ -x $bindir/postgres && -x $config && -f $("$config" --pgxs) ]] ||
		die "${PG_CONFIG:-$config} leads to no PostgreSQL server with its development files; set PG_CONFIG to another's pg_config"
	tar -C / --exclude=bitcode --exclude=man -cf - "${bindir#/}" "$("$config" --pkglibdir | cut -c2-)" \
		"$("$config" --sharedir | cut -c2-)" "$("$config" --includedir-server | cut -c2-)" | as_owner tar -C "$folder/postgresql" -xf -
	bin=$folder/postgresql$bindir
	PG_CONFIG=$bin/pg_config
	[[ $("$PG_CONFIG" --sharedir) == "$folder/postgresql$("$config" --sharedir)" ]] || die "cannot use a copy of $bindir"
	export PG_CONFIG PATH="$bin:$PATH"
}

# What git knows and does not ignore, or everything where there is no git
project_files() {
	if [[ ! -e $root/.git ]] || ! git -C "$root" ls-files -z --cached --others --exclude-standard 2>/dev/null; then
		(cd "$root" && find . -name .git -prune -o -type f -print0)
	fi
}

copy_project() {
	local name
	project_files | while IFS= read -r -d '' name; do
		if [[ -e $root/$name ]]; then printf '%s\0' "$name"; fi
	done | tar -C "$root" --null -T - -cf - | as_owner tar -C "$project" -xf -
}

# shellcheck disable=SC2120
prepare() {
	local packages=(gcc libc6-dev make postgresql-% postgresql-server-dev-% "$@")
	choose_postgres
	if [[ -z $major ]]; then mapfile -t packages < <(printf '%s\n' "${packages[@]}" | grep -v %); fi
	install_packages "${packages[@]//%/$major}"

	trap cleanup EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 141' PIPE
	trap 'exit 143' TERM
	folder=$(mktemp -d "${TMPDIR:-/tmp}/interactions.XXXXXX")
	project=$folder/project
	if ((EUID == 0)); then
		id postgres >/dev/null 2>&1 || die "PostgreSQL does not run as root: add a user named postgres"
		owner=(setpriv --reuid=postgres --regid=postgres --init-groups)
		chown postgres: "$folder"
	fi
	{ ((${#folder} < 60)) && as_owner mkdir "$folder/tmp" "$project" "$folder/postgresql" 2>/dev/null; } ||
		die "no place for a cluster in ${folder%/*}; set TMPDIR to a folder with a short name that anybody can reach"

	copy_project
	copy_postgres
}

# shellcheck disable=SC2120
build() {
	local make=(make -s -C "$project" PG_CONFIG="$bindir/pg_config" DESTDIR="$folder/postgresql" with_llvm=no "$@")
	{ as_owner "${make[@]}" clean && as_owner "${make[@]}" -j"$(nproc)" all && as_owner "${make[@]}" install; } \
		>"$folder/build.log" 2>&1 || { cat "$folder/build.log" && return 1; }
}

free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

# shellcheck disable=SC2120
start_cluster() {
	local data=$folder/data log=$folder/postgresql.log
	export PGHOST=$folder PGPORT=${PGPORT:-5432} PGUSER=postgres PGDATABASE=postgres
	[[ -d $data ]] || as_owner initdb -D "$data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
	printf '%s\n' "unix_socket_directories = '$folder'" "port = $PGPORT" "listen_addresses = ''" "$@" >>"$data/postgresql.conf"
	as_owner pg_ctl -D "$data" -l "$log" -s -w start || { tail "$log" >&2 && die "PostgreSQL does not start"; }
}

stop_cluster() {
	as_owner pg_ctl -D "$folder/data" -s -w -m fast stop
}

cleanup() {
	local pidfile
	trap '' HUP INT PIPE TERM
	set +e
	[[ $folder ]] || return
	cd /
	while read -r pidfile; do
		as_owner "$bin/pg_ctl" -D "${pidfile%/*}" -s -w -m immediate stop
	done < <(find "$folder" -name postmaster.pid) >/dev/null 2>&1
	jobs -p | xargs -r kill 2>/dev/null
	wait
	rm -rf "$folder" 2>/dev/null || { sleep 1 && rm -rf "$folder"; }
}
