# Builds, installs and checks the extension through PGXS: make, make install, make installcheck.

EXTENSION = interactions
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(EXTENSION).control)
SCRIPT = $(EXTENSION)--$(EXTVERSION).sql

MODULE_big = interactions
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c)))
DELTA = $(EXTENSION)--0.3.0--$(EXTVERSION).sql
DATA_built = $(SCRIPT) $(DELTA)
DATA = $(wildcard sql/$(EXTENSION)--*.sql)
EXTRA_CLEAN = $(DATA_built) exports.map

# These come first: they make what the other tests use. test/run partitions begins with another
FIRST_SQL = create_tables
PARTITIONED_SQL = partitioned
FIRST_SPEC = create_tables_twice
REGRESS = $(FIRST_SQL) $(filter-out $(FIRST_SQL) $(PARTITIONED_SQL),$(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql))))
REGRESS_OPTS = --inputdir=test --load-extension=$(EXTENSION)
ISOLATION = $(FIRST_SPEC) $(filter-out $(FIRST_SPEC),$(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec))))
ISOLATION_OPTS = --inputdir=test --outputdir=. --load-extension=$(EXTENSION)

PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# The library exports what SQL calls, and nothing else. Since 16 PGXS sees to that
ifneq ($(filter 15.%,$(VERSION)),)
ifeq ($(PORTNAME),linux)
EXPORTS = exports.map
SHLIB_LINK += -Wl,--version-script=$(EXPORTS)
$(shlib): $(EXPORTS)
$(EXPORTS): $(wildcard src/*.c) Makefile
	{ echo '{ global: _PG_init; Pg_magic_func; pg_finfo_*;'; \
		sed -n 's/^PG_FUNCTION_INFO_V1(\(.*\));/\1;/p' src/*.c; echo 'local: *; };'; } > $@
endif
endif

$(OBJS): $(wildcard src/*.h)

# A line of types.txt makes one type
$(SCRIPT): sql/head.sql sql/type.sql.in sql/types.txt sql/insight.sql sql/shards.sql sql/tail.sql Makefile
	set -e; trap 'rm -f $@.tmp' EXIT; \
	{ \
		cat sql/head.sql; \
		grep -v '^#' sql/types.txt | while IFS='|' read -r singular plural columns; do \
			sed -e "s/@singular@/$$singular/g" -e "s/@plural@/$$plural/g" -e "s/@columns@/$$columns/" sql/type.sql.in; \
		done; \
		cat sql/insight.sql sql/shards.sql sql/tail.sql; \
	} > $@.tmp; \
	mv $@.tmp $@

# What is new since the version before stands in parts of its own
$(DELTA): sql/insight.sql sql/shards.sql sql/tail.sql Makefile
	{ \
		printf '%s\n' '\echo Use "ALTER EXTENSION interactions UPDATE" to load this file. \quit'; \
		echo 'SET LOCAL search_path = pg_catalog, pg_temp;'; \
		cat sql/insight.sql sql/shards.sql sql/tail.sql; \
	} > $@

# The renderer of the REST API's page, from npm
.PHONY: docs
docs:
	deploy/build-docs

# Debian's packages, in deb/: one for each PostgreSQL whose development files are there, and interactions-rest
.PHONY: deb
deb:
	deploy/build-docs || echo 'Without the renderer /v1/docs leads to openapi.yaml only.' >&2
	rm -rf deb && mkdir -p deb/source
	tar --exclude=./deb --exclude=./.git -cf - . | tar -C deb/source -xf -
	unset MAKEFLAGS && export PG_SUPPORTED_VERSIONS=installed DEB_BUILD_OPTIONS=nocheck DEB_BUILD_PROFILES=nocheck && \
		cd deb/source && pg_buildext updatecontrol && dpkg-buildpackage -b -us -uc
	rm -rf deb/source

# The zip for PGXN, of what git has
.PHONY: dist
dist:
	git archive --format=zip --prefix=$(EXTENSION)-$(EXTVERSION)/ -o $(EXTENSION)-$(EXTVERSION).zip HEAD
