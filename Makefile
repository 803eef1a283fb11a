# Makefile - the only one: builds, tests, runs and measures hocvu. `make help` lists the targets.
#
# Knobs: DEV=1 warnings as errors (default here), SAN=address,undefined | thread, CC=clang, BUILD=directory,
#        BENCH=name, FUZZ=seconds, PORT=first port of `make up`, DIR=state directory of `make up`.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

SAN   ?=
CC     = gcc
DEV   ?= 1
BUILD ?= build$(if $(SAN),-$(firstword $(subst $(comma), ,$(SAN))))
PORT  ?= 8400
DIR   ?= var
FUZZ  ?= 60
BENCH ?= answers
comma := ,

SERVICES := identity content learning assessment certification reporting
PROGRAMS := $(SERVICES) gateway ctl

# What is linked, and into what: the lists below are the project's whole dependency on libraries.
LIBS_common        := libzmq libpq hiredis libmicrohttpd libsodium libcjson
LIBS_identity      := libcurl cjose
LIBS_ctl           := libcurl
pkg_libs            = $(if $(strip $(1)),$(shell pkg-config --libs $(1) 2>/dev/null))
pkg_flags           = $(shell pkg-config --cflags $(1) 2>/dev/null)

CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(filter 1,$(DEV)),-Werror)
HARDEN   := -fstack-protector-strong -fno-omit-frame-pointer $(if $(SAN),,-D_FORTIFY_SOURCE=2)
CSTD     := -std=c11 -D_GNU_SOURCE
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all)
COMPILE   = $(CC) $(CSTD) $(CFLAGS) $(WARN) $(HARDEN) $(SANFLAGS) -MMD -MP -include common/banned.h
LINK      = $(CC) $(CFLAGS) $(SANFLAGS) -pthread

# The dependency rule, held by include paths: proto knows nobody, common knows proto, a service knows both.
INC_proto  := -Iproto
INC_common := -Iproto -Icommon -I$(BUILD)/gen/common $(call pkg_flags,$(LIBS_common))

PROTO_SRC  := $(wildcard proto/*.c)
COMMON_SRC := $(wildcard common/*.c)
COMMON_SQL := $(wildcard common/*.sql)
PROTO_OBJ  := $(PROTO_SRC:%.c=$(BUILD)/%.o)
COMMON_OBJ := $(COMMON_SRC:%.c=$(BUILD)/%.o) $(COMMON_SQL:common/%.sql=$(BUILD)/gen/common/%_sql.o)
LIB_PROTO  := $(BUILD)/libproto.a
LIB_COMMON := $(BUILD)/libcommon.a
BASE_LIBS   = $(LIB_COMMON) $(LIB_PROTO) $(call pkg_libs,$(LIBS_common)) -lmsgpackc -lcsv -lutf8proc -lm
BIN        := $(foreach p,$(PROGRAMS),$(BUILD)/bin/$(if $(filter ctl,$(p)),hocvu,$(p)))

all: $(BIN) ## Build everything into build/bin

$(LIB_PROTO): $(PROTO_OBJ)
$(LIB_COMMON): $(COMMON_OBJ)
$(LIB_PROTO) $(LIB_COMMON):
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/proto/%.o: proto/%.c
	@mkdir -p $(@D)
	$(COMPILE) $(INC_proto) -c $< -o $@

COMMON_GEN := $(COMMON_SQL:common/%.sql=$(BUILD)/gen/common/%_sql.h)
$(BUILD)/gen/common/%_sql.h: common/%.sql common/sql2c.awk
	@mkdir -p $(@D)
	awk -f common/sql2c.awk -v mode=h -v array=$*_sql -v rows=common_rows.h $< > $@
$(BUILD)/gen/common/%_sql.c: common/%.sql common/sql2c.awk
	@mkdir -p $(@D)
	awk -f common/sql2c.awk -v mode=c -v array=$*_sql -v rows=common_rows.h -v header=$*_sql.h $< > $@
$(BUILD)/gen/common/%.o: $(BUILD)/gen/common/%.c $(BUILD)/gen/common/%.h
	$(COMPILE) $(INC_common) -c $< -o $@
$(BUILD)/common/%.o: common/%.c | $(COMMON_GEN)
	@mkdir -p $(@D)
	$(COMPILE) $(INC_common) -c $< -o $@

# One program per folder of services/: its .c files, its statements, the two archives.
define program
SRC_$(1) := $$(wildcard services/$(1)/*.c)
SQL_$(1) := $$(wildcard services/$(1)/*.sql)
OBJ_$(1) := $$(SRC_$(1):%.c=$$(BUILD)/%.o) $$(if $$(SQL_$(1)),$$(BUILD)/gen/$(1)/sql.o)
INC_$(1) := -Iservices/$(1) -I$$(BUILD)/gen/$(1) $$(INC_common) $$(call pkg_flags,$$(LIBS_$(1)))
$$(BUILD)/gen/$(1)/sql.h: $$(SQL_$(1)) common/sql2c.awk
	@mkdir -p $$(@D)
	awk -f common/sql2c.awk -v mode=h -v array=service_sql -v rows=$$(notdir $$(wildcard services/$(1)/rows.h)) $$(SQL_$(1)) > $$@
$$(BUILD)/gen/$(1)/sql.c: $$(SQL_$(1)) common/sql2c.awk
	@mkdir -p $$(@D)
	awk -f common/sql2c.awk -v mode=c -v array=service_sql -v header=sql.h -v rows=$$(notdir $$(wildcard services/$(1)/rows.h)) $$(SQL_$(1)) > $$@
$$(BUILD)/gen/$(1)/sql.o: $$(BUILD)/gen/$(1)/sql.c $$(BUILD)/gen/$(1)/sql.h
	$$(COMPILE) $$(INC_$(1)) -c $$< -o $$@
$$(BUILD)/services/$(1)/%.o: services/$(1)/%.c | $$(if $$(SQL_$(1)),$$(BUILD)/gen/$(1)/sql.h) $$(COMMON_GEN)
	@mkdir -p $$(@D)
	$$(COMPILE) $$(INC_$(1)) -c $$< -o $$@
$$(BUILD)/bin/$(if $(filter ctl,$(1)),hocvu,$(1)): $$(OBJ_$(1)) $$(LIB_COMMON) $$(LIB_PROTO)
	@mkdir -p $$(@D)
	$$(LINK) $$(OBJ_$(1)) $$(BASE_LIBS) $$(call pkg_libs,$$(LIBS_$(1))) -o $$@
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

clean: ## Remove what was built
	rm -rf $(BUILD)

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | awk -F'\t' '{printf "  %-16s %s\n", $$1, $$2}'

.PHONY: all clean help
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
