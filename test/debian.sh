# shellcheck shell=bash
# A bare Debian, from where this machine's apt gets its packages, for the scripts that source this file after cluster.sh:
#
#   debian_sources           prints each source of Debian's packages that apt has, as a line of sources.list
#   debian_repository LABEL  prints the URL of one: Debian, or Debian-Security; nothing where apt has none
#   make_debian SUITE URL    makes it in $system by debootstrap, and mounts what it needs; the caller is the first process
#                            of namespaces of its own, so that the mounts end with it
#   mount_debian             mounts that again, in other namespaces

system=

# shellcheck disable=SC2016
debian_sources() {
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' "$@" | awk '!seen[$0]++'
}

debian_repository() {
	debian_sources "Label: $1" 'Component: main' | awk 'NR == 1 { sub("/$", "", $2); print $2 }'
}

# Its root becomes a mount, so that what runs there can have namespaces of its own, too
mount_debian() {
	mount --bind "$system" "$system"
	mount -t proc proc "$system/proc"
	mount -t tmpfs -o mode=1777 tmpfs "$system/dev/shm"
}

# The script for sid makes all suites, also those that this machine's debootstrap does not know
make_debian() {
	local log=${system%/*}/debootstrap.log
	debootstrap --variant=minbase "$1" "$system" "$2" sid >"$log" 2>&1 ||
		{ tail "$log" >&2 && die "debootstrap could not make Debian $1 from $2"; }
	mount_debian
	echo force-unsafe-io >"$system/etc/dpkg/dpkg.cfg.d/unsafe-io"
	echo 'Acquire::Check-Valid-Until "false";' >"$system/etc/apt/apt.conf.d/valid-until" # a mirror may lag behind
}
