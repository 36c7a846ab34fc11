# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The model machine and test programs without sanitizers, for where many runs of
# them are wanted: make campaign (test/unit) and make mutate (test/mutate).

PLAIN_DIR  := $(B)/plain
PLAIN_HELP := $(patsubst %.c,$(PLAIN_DIR)/%.o,$(sort $(wildcard test/machine/*.c)) test/unit/takeover.c)

$(PLAIN_DIR)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itest -Istage -MMD -MP -c -o $@ $<

-include $(PLAIN_HELP:.o=.d)
