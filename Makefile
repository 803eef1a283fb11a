# Makefile - the only one: builds, tests, runs and measures hocvu. `make help` lists the targets.
#
# Knobs: DEV=1 warnings as errors (default here), SAN=address,undefined | thread, CC=clang, BUILD=directory,
#        BENCH=name, FUZZ=seconds, PORT=first port of `make up` (8400), DIR=state directory of `make up`.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules $(if $(filter 0,$(MAKELEVEL)),-j$(shell nproc))

SAN   ?=
CC     = gcc
DEV   ?= 1
BUILD ?= build$(if $(SAN),-$(firstword $(subst $(comma), ,$(SAN))))
PORT  ?=
DIR   ?= var
FUZZ  ?= 60
BENCH ?= answers
comma := ,
export TSAN_OPTIONS = suppressions=$(CURDIR)/tests/harness/threads/suppressions exitcode=66 die_after_fork=0
export ASAN_OPTIONS = detect_leaks=1:abort_on_error=0
export UBSAN_OPTIONS = print_stacktrace=1
# V=1 prints every command.
Q      = $(if $(filter 1,$(V)),,@printf '  %s\n' $@; )

SERVICES := identity content learning assessment certification reporting sync
PROGRAMS := $(SERVICES) gateway ctl

# What is linked, and into what: the lists below are the project's whole dependency on libraries.
LIBS_common        := libzmq libpq hiredis libmicrohttpd libsodium libcjson libxml-2.0 minizip xlsxwriter
LIBS_identity      := libcurl cjose libcrypto
LIBS_ctl           := libcurl
LIBS_sync          := libcurl
pkg_libs            = $(if $(strip $(1)),$(shell pkg-config --libs $(1) 2>/dev/null))
pkg_flags           = $(shell pkg-config --cflags $(1) 2>/dev/null)

CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(filter 1,$(DEV)),-Werror)
HARDEN   := -fstack-protector-strong -fno-omit-frame-pointer $(if $(SAN),,-D_FORTIFY_SOURCE=2)
CSTD     := -std=c11 -D_GNU_SOURCE
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all)
COMPILE   = $(Q)$(CC) $(CSTD) $(CFLAGS) $(WARN) $(HARDEN) $(SANFLAGS) -MMD -MP -include common/banned.h
LINK      = $(Q)$(CC) $(CFLAGS) $(SANFLAGS) -pthread -Wl,--as-needed
# What is tested is built as it is delivered. The tests themselves are built and linked as fast as can be: there are many.
COMPILE_TEST = $(COMPILE) -O0 -U_FORTIFY_SOURCE
FAST_LD     := $(if $(shell command -v ld.gold),-fuse-ld=gold)
LINK_TEST    = $(LINK) $(FAST_LD)

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
BASE_LIBS  := $(LIB_COMMON) $(LIB_PROTO) $(call pkg_libs,$(LIBS_common)) -lmsgpackc -lcsv -lutf8proc -lm
BIN        := $(foreach p,$(PROGRAMS),$(BUILD)/bin/$(if $(filter ctl,$(p)),hocvu,$(p)))

all: $(BIN) ## Build everything into build/bin

$(LIB_PROTO): $(PROTO_OBJ)
$(LIB_COMMON): $(COMMON_OBJ)
$(LIB_PROTO) $(LIB_COMMON):
	@rm -f $@
	$(Q)ar rcs $@ $^

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
# Macros of this library's header use functions that banned.h takes away, so it is read first.
$(BUILD)/common/xlsx_write.o: override CFLAGS += -include xlsxwriter.h
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


# --- Tests: mirror the tree. tests/<folder>/test_<name>.c is one program. ---

# Criterion's sandbox and ThreadSanitizer exclude each other; see tests/harness/threads.
INC_tests   := $(if $(findstring thread,$(SAN)),-Itests/harness/threads) -Itests/harness
CRITERION   := $(if $(findstring thread,$(SAN)),,criterion)
HARNESS_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/harness/*.c))
TEST_LIBS   := $(BASE_LIBS) $(call pkg_libs,$(CRITERION))
TEST_SRC    := $(wildcard tests/proto/test_*.c tests/common/test_*.c $(foreach p,$(PROGRAMS),tests/services/$(p)/test_*.c))
TESTS       := $(TEST_SRC:%.c=$(BUILD)/%)
TEST_SH     := $(wildcard tests/deploy/test_*.sh tests/fuzz/test_*.sh tests/rights/test_*.sh)
FLOW_SH     := $(wildcard tests/flow/test_*.sh)
# Fuzz targets: tests/fuzz/fuzz_<name>.c with the seeds tests/fuzz/corpus/<name>.
FUZZERS     := messages csv xlsx tokens
REPLAYS     := $(FUZZERS:%=$(BUILD)/tests/fuzz/replay_%)

$(BUILD)/tests/harness/%.o: tests/harness/%.c | $(COMMON_GEN)
	@mkdir -p $(@D)
	$(COMPILE_TEST) -DCRITERION_NO_MAIN $(INC_tests) $(INC_common) -c $< -o $@
$(BUILD)/tests/proto/test_%.o: tests/proto/test_%.c
	@mkdir -p $(@D)
	$(COMPILE_TEST) $(INC_tests) $(INC_proto) -c $< -o $@
$(BUILD)/tests/proto/test_%: $(BUILD)/tests/proto/test_%.o $(LIB_PROTO)
	$(LINK_TEST) $< $(LIB_PROTO) -lmsgpackc -lcjson $(call pkg_libs,$(CRITERION)) -lm -o $@
$(BUILD)/tests/common/test_%.o: tests/common/test_%.c | $(COMMON_GEN)
	@mkdir -p $(@D)
	$(COMPILE_TEST) $(INC_tests) $(INC_common) -c $< -o $@
$(BUILD)/tests/common/test_%: $(BUILD)/tests/common/test_%.o $(HARNESS_OBJ) $(LIB_COMMON) $(LIB_PROTO)
	$(LINK_TEST) $< $(HARNESS_OBJ) $(TEST_LIBS) -o $@

define service_tests
$$(BUILD)/tests/services/$(1)/test_%.o: tests/services/$(1)/test_%.c | $$(if $$(SQL_$(1)),$$(BUILD)/gen/$(1)/sql.h) $$(COMMON_GEN)
	@mkdir -p $$(@D)
	$$(COMPILE_TEST) $$(INC_tests) $$(INC_$(1)) -c $$< -o $$@
$$(BUILD)/tests/services/$(1)/test_%: $$(BUILD)/tests/services/$(1)/test_%.o $$(filter-out %/main.o,$$(OBJ_$(1))) $$(HARNESS_OBJ) $$(LIB_COMMON) $$(LIB_PROTO)
	$$(LINK_TEST) $$< $$(filter-out %/main.o,$$(OBJ_$(1))) $$(HARNESS_OBJ) $$(TEST_LIBS) $$(call pkg_libs,$$(LIBS_$(1))) -o $$@
endef
$(foreach p,$(PROGRAMS),$(eval $(call service_tests,$(p))))
# Every METHOD with every role, over a running installation: made of the command line's own way to call.
RIGHTS_BIN := $(BUILD)/tests/rights/rights_try
RIGHTS_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/rights/*.c))
$(BUILD)/tests/rights/%.o: tests/rights/%.c | $(COMMON_GEN)
	@mkdir -p $(@D)
	$(COMPILE_TEST) $(INC_tests) $(INC_ctl) -c $< -o $@
$(RIGHTS_BIN): $(RIGHTS_OBJ) $(filter-out %/main.o,$(OBJ_ctl)) $(LIB_COMMON) $(LIB_PROTO)
	$(LINK_TEST) $(filter %.o,$^) $(BASE_LIBS) $(call pkg_libs,$(LIBS_ctl)) -o $@
.SECONDARY: # nothing made on the way is deleted

packages:
	deploy/install-packages build run
packages-test: packages
	deploy/install-packages test
packages-bench: packages
	deploy/install-packages bench

check: packages-test ## All tests on their own private PostgreSQL and Redis
	$(MAKE) check-all
check-all: all format-check derived-check check-tests
# The demonstration provider's modules, fetched once.
IDP_MODULES := deploy/idp/node_modules/.package-lock.json
$(IDP_MODULES): deploy/idp/package-lock.json
	cd deploy/idp && npm ci --omit=dev --no-audit --no-fund --loglevel=error
	@touch $@
# What drives the browser of the tests.
BROWSER_MODULES := tests/browser/node_modules/.package-lock.json
$(BROWSER_MODULES): tests/browser/package-lock.json
	cd tests/browser && npm ci --no-audit --no-fund --loglevel=error
	@touch $@
check-tests: all $(TESTS) $(REPLAYS) $(RIGHTS_BIN) $(IDP_MODULES) $(BROWSER_MODULES)
	HOCVU_BIN=$(abspath $(BUILD))/bin BUILD=$(abspath $(BUILD)) tests/run $(FLOW_SH) $(TEST_SH) $(TESTS)
check-unit: all $(TESTS) $(IDP_MODULES) ## The Criterion tests only
	HOCVU_BIN=$(abspath $(BUILD))/bin tests/run $(TESTS)

# What a fuzz target needs of common/, and how long its inputs are.
FUZZ_COMMON_csv  := table row_judge csv csv_rows nfc
FUZZ_COMMON_xlsx := $(FUZZ_COMMON_csv) xlsx xlsx_book xlsx_part
FUZZ_COMMON_tokens := token jws seal
FUZZ_FROM_tokens   := $(addprefix services/identity/,id_token json_read claims_read token_hash partner_box refresh)
FUZZ_LIBS_tokens   := cjose libcrypto libsodium
FUZZ_INC_tokens     = -Iservices/identity
FUZZ_LEN_tokens   := 4096
FUZZ_LEN_messages := 4096
FUZZ_LEN_csv      := 2048
FUZZ_LEN_xlsx     := 8192

$(BUILD)/tests/fuzz/%.o: tests/fuzz/%.c
	@mkdir -p $(@D)
	$(COMPILE) $(INC_common) -c $< -o $@
$(BUILD)/tests/fuzz/fuzz_tokens.o: tests/fuzz/fuzz_tokens.c
	@mkdir -p $(@D)
	$(COMPILE) $(FUZZ_INC_tokens) $(INC_common) -c $< -o $@
$(BUILD)/tests/fuzz/replay_tokens: $(BUILD)/tests/fuzz/replay.o $(BUILD)/tests/fuzz/fuzz_tokens.o \
    $(FUZZ_FROM_tokens:%=$(BUILD)/%.o) $(LIB_COMMON) $(LIB_PROTO)
	$(LINK) $(filter %.o,$^) $(BASE_LIBS) $(call pkg_libs,$(FUZZ_LIBS_tokens)) -o $@
$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/replay.o $(BUILD)/tests/fuzz/fuzz_%.o $(LIB_COMMON) $(LIB_PROTO)
	$(LINK) $(filter %.o,$^) $(BASE_LIBS) -o $@
$(BUILD)/tests/fuzz/seed_messages: $(BUILD)/tests/fuzz/seed_messages.o $(LIB_PROTO)
	$(LINK) $^ -lmsgpackc -lcjson -lm -o $@

FUZZ_FLAGS := -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
build-fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(wildcard proto/*.[ch] proto/*.def common/*.[ch] services/identity/*.[ch] tests/fuzz/*.h tests/common/*.h)
	@mkdir -p $(@D)
	clang $(CSTD) -O1 -g $(FUZZ_FLAGS) -include common/banned.h $(FUZZ_INC_$*) $(INC_common) $(PROTO_SRC) \
	    $(FUZZ_COMMON_$*:%=common/%.c) $(FUZZ_FROM_$*:%=%.c) $< $(call pkg_libs,libxml-2.0 minizip $(FUZZ_LIBS_$*)) -lz -lcsv -lutf8proc -lmsgpackc -lcjson -lm \
	    -o $@
fuzz-%: build-fuzz/fuzz_%
	@mkdir -p build-fuzz/corpus/$*
	build-fuzz/fuzz_$* -max_total_time=$(FUZZ) -max_len=$(FUZZ_LEN_$*) -timeout=10 -rss_limit_mb=1024 \
	    -artifact_prefix=build-fuzz/$*- build-fuzz/corpus/$* tests/fuzz/corpus/$*
fuzz: packages-test ## Fuzz messages, file readers and tokens: make fuzz FUZZ=seconds of each
	@set -e; for f in $(FUZZERS); do $(MAKE) fuzz-$$f; done

# --- What is derived from the .def files: committed, and compared. ---

DERIVED := openapi.json api.html wire.lock
$(BUILD)/bin/protodoc: $(patsubst %.c,$(BUILD)/%.o,$(wildcard proto/protodoc/*.c)) $(LIB_PROTO)
	@mkdir -p $(@D)
	$(LINK) $^ -lmsgpackc -lcjson -lm -o $@
$(BUILD)/proto/protodoc/%.o: proto/protodoc/%.c
	@mkdir -p $(@D)
	$(COMPILE) $(INC_proto) -c $< -o $@
derived: $(BUILD)/bin/protodoc ## Write openapi.json, the API page and wire.lock anew
	$(BUILD)/bin/protodoc proto/derived
derived-check: $(BUILD)/bin/protodoc
	@mkdir -p $(BUILD)/derived
	$(BUILD)/bin/protodoc --lock proto/derived/wire.lock
	$(BUILD)/bin/protodoc $(BUILD)/derived
	@for f in $(DERIVED); do cmp -s $(BUILD)/derived/$$f proto/derived/$$f || \
	    { echo "proto/derived/$$f is not what the .def files say: run make derived and commit it"; exit 1; }; done

C_FILES = $(shell git ls-files '*.c' '*.h' 2>/dev/null | grep -v -e '^proto/define.h$$' -e '^proto/declare.h$$' -e '^proto/bind.h$$')
format: ## Lay out C code as .clang-format says
	clang-format -i $(C_FILES)
format-check:
	@clang-format --dry-run -Werror $(C_FILES)

# --- Running. ---

up: packages ## Install, build, migrate, start everything, load the sample
	$(MAKE) all
	BUILD=$(abspath $(BUILD)) deploy/up --dir $(DIR) $(if $(PORT),--port $(PORT))
down: ## Stop exactly what make up started; data stays
	deploy/stack down --dir $(DIR)
status: ## What runs, and how well
	deploy/stack status --dir $(DIR)

bench: packages-bench ## Measure one of tests/bench, or all: make bench BENCH=answers
	$(MAKE) all $(BUILD)/bench/tools
	BUILD=$(abspath $(BUILD)) tests/bench/run $(BENCH)
check-faults: packages-test packages-bench ## A hundred kills, a full disk, a clock set back: nothing acknowledged is lost
	$(MAKE) all $(BUILD)/bench/tools
	BUILD=$(abspath $(BUILD)) tests/flow/faults

# exam_load is made of all files of tests/load but those that are programs by themselves.
LOAD_ALONE := exam_check seed_exam mint login_load
LOAD_SRC   := $(filter-out $(LOAD_ALONE:%=tests/load/%.c),$(wildcard tests/load/*.c))
BENCH_BIN  := $(patsubst tests/bench/%.c,%,$(wildcard tests/bench/*.c)) $(LOAD_ALONE) exam_load
$(BUILD)/bench/tools: $(BENCH_BIN:%=$(BUILD)/bench/bin/%)
	@mkdir -p $(@D) && touch $@
$(BUILD)/tests/load/%.o: tests/load/%.c
	@mkdir -p $(@D)
	$(COMPILE) -Itests/load -Itests/harness $(INC_common) -c $< -o $@
$(BUILD)/tests/bench/%.o: tests/bench/%.c
	@mkdir -p $(@D)
	$(COMPILE) $(INC_common) -c $< -o $@
$(BUILD)/bench/bin/exam_load: $(LOAD_SRC:%.c=$(BUILD)/%.o) $(LIB_COMMON) $(LIB_PROTO)
	@mkdir -p $(@D)
	$(LINK) $(filter %.o,$^) $(BASE_LIBS) -o $@
$(LOAD_ALONE:%=$(BUILD)/bench/bin/%): $(BUILD)/bench/bin/%: $(BUILD)/tests/load/%.o $(LIB_COMMON) $(LIB_PROTO)
	@mkdir -p $(@D)
	$(LINK) $< $(BASE_LIBS) -o $@
# A provider signs with what providers have.
$(BUILD)/bench/bin/idp_echo: BASE_LIBS += $(call pkg_libs,libcrypto)
$(BUILD)/bench/bin/%: $(BUILD)/tests/bench/%.o $(LIB_COMMON) $(LIB_PROTO)
	@mkdir -p $(@D)
	$(LINK) $< $(BASE_LIBS) -o $@

clean: ## Remove what was built
	rm -rf $(BUILD)

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | awk -F'\t' '{printf "  %-16s %s\n", $$1, $$2}'

.PHONY: all check check-all check-tests check-unit fuzz derived derived-check format format-check packages packages-test \
        packages-bench up down status bench check-faults clean help
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
