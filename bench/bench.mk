# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# make bench: what a takeover costs, as ratios within one run.

BENCH_SRC := bench/takeover.c $(sort $(wildcard test/machine/*.c))

$(B)/bench/takeover: $(BENCH_SRC) $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_POSIX_C_SOURCE=200809L -Itest -o $@ $(BENCH_SRC) $(CORE_LIB)

.PHONY: bench
bench: $(B)/bench/takeover ## what a takeover costs
	$(B)/bench/takeover
