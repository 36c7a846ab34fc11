# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Unit tests: every test/unit/test_*.c is a cmocka program of its own, linked with
# the core and the model machine, all of it compiled with sanitizers.

TEST_MACHINE_SRC := $(sort $(wildcard test/machine/*.c))
UNIT_SRC         := $(sort $(wildcard test/unit/test_*.c))

UNIT_DIR  := $(B)/sanitized
UNIT_SAN  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
UNIT_LIB  := $(UNIT_DIR)/libquietus.a
UNIT_PROG := $(UNIT_SRC:%.c=$(UNIT_DIR)/%)
UNIT_OBJ  := $(CORE_SRC:%.c=$(UNIT_DIR)/%.o)
UNIT_HELP := $(TEST_MACHINE_SRC:%.c=$(UNIT_DIR)/%.o)
# What tests of takeovers share.
UNIT_MORE := $(UNIT_DIR)/test/unit/takeover.o

$(UNIT_DIR)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(UNIT_SAN) -Itest -MMD -MP -c -o $@ $<

$(UNIT_LIB): $(UNIT_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(UNIT_PROG): %: %.o $(UNIT_MORE) $(UNIT_HELP) $(UNIT_LIB)
	$(CC) $(ALL_CFLAGS) $(UNIT_SAN) -o $@ $^ -lcmocka

.PHONY: check-unit check
check: check-unit ## unit tests, and the short end-to-end set
check-unit: $(UNIT_PROG) ## unit tests alone
	@failed=; \
	for test in $^; do \
		printf '  %-28s' "$$(basename $$test)"; \
		if timeout 300 $$test >$$test.log 2>&1; then \
			echo "$$(grep -c '  OK' $$test.log) passed"; \
		else \
			echo FAILED; cat $$test.log; failed="$$failed $$(basename $$test)"; \
		fi; \
	done; \
	test -z "$$failed" || { echo "unit tests failed:$$failed"; exit 1; }

# make campaign [MACHINES=] [SEED=]: so many random machines, from that seed on.
MACHINES ?= 100000
SEED     ?= 1
CAMPAIGN := $(PLAIN_DIR)/test/unit/test_random_machines $(PLAIN_DIR)/test/stage/test_cut_off

.PHONY: campaign
campaign: $(CAMPAIGN) ## takeovers of MACHINES random machines from SEED on, and one cut off everywhere
	@test/unit/campaign $< $(MACHINES) $(SEED)
	@QT_EVERY=1 $(lastword $^)

# Kept, so that a second run only compiles what has changed.
.SECONDARY: $(UNIT_SRC:%.c=$(UNIT_DIR)/%.o)

-include $(UNIT_OBJ:.o=.d) $(UNIT_HELP:.o=.d) $(UNIT_MORE:.o=.d) $(UNIT_SRC:%.c=$(UNIT_DIR)/%.d)
-include $(CAMPAIGN:=.d)
