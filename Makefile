# Builds, installs and checks the extension through PGXS: make, make install, make installcheck.

EXTENSION = interactions
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(EXTENSION).control)
SCRIPT = $(EXTENSION)--$(EXTVERSION).sql

MODULE_big = interactions
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c)))
DATA_built = $(SCRIPT)
DATA = $(wildcard sql/$(EXTENSION)--*.sql)
EXTRA_CLEAN = $(SCRIPT)

TESTS = $(sort $(wildcard test/sql/*.sql))
REGRESS = $(patsubst test/sql/%.sql,%,$(TESTS))
REGRESS_OPTS = --inputdir=test --load-extension=$(EXTENSION)
ISOLATION = $(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --outputdir=. --load-extension=$(EXTENSION)

PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(OBJS): $(wildcard src/*.h)

# A line of types.txt makes one type; the list of seen users is a branch of a UNION per type
$(SCRIPT): sql/model.sql sql/type.sql.in sql/types.txt sql/wire.sql Makefile
	set -e; trap 'rm -f $@.tmp' EXIT; \
	types=$$(grep -v '^#' sql/types.txt); \
	{ \
		cat sql/model.sql; \
		echo "$$types" | while IFS='|' read -r singular plural columns names; do \
			sed -e "s/@singular@/$$singular/g" -e "s/@plural@/$$plural/g" \
				-e "s/@columns@/$$columns/" -e "s/@names@/$$names/" sql/type.sql.in; \
		done; \
		seen=$$(echo "$$types" | cut -d'|' -f2 | \
			sed 's/.*/SELECT user_id FROM interactions.&/' | paste -sd'|' | sed 's/|/ UNION /g'); \
		sed -e "s/@seen@/$$seen/" sql/wire.sql; \
	} > $@.tmp; \
	mv $@.tmp $@

# The renderer of the REST API's page, from npm
.PHONY: docs
docs:
	deploy/build-docs
