# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The model machine and test programs without sanitizers, for where many runs of
# them are wanted: make campaign (test/unit) and make mutate (test/mutate).

PLAIN_DIR  := $(B)/plain
PLAIN_SRC   = $(wildcard test/machine/*.c) test/unit/takeover.c $(STAGE_TEST_PURE)
PLAIN_OBJ   = $(PLAIN_SRC:%.c=$(PLAIN_DIR)/%.o)
PLAIN_LIB  := $(PLAIN_DIR)/libhelp.a

$(PLAIN_DIR)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itest -Istage -MMD -MP -c -o $@ $<

# Which parts of the stage can be tested is told by a fragment that is read later.
.SECONDEXPANSION:
$(PLAIN_LIB): $$(PLAIN_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(PLAIN_DIR)/test/%: $(PLAIN_DIR)/test/%.o $(PLAIN_LIB) $(B)/libquietus.a
	$(CC) $(CFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lcmocka
