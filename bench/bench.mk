# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# make bench: what a takeover costs, as ratios within one run, and how long resets take,
# by the model machine's clock and in QEMU's virtual time (with crashes of its own).

BENCH_MACHINE := $(sort $(wildcard test/machine/*.c))
BENCHES       := $(B)/bench/takeover $(B)/bench/reset

$(BENCHES): $(B)/bench/%: bench/%.c $(BENCH_MACHINE) $(B)/libquietus.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_POSIX_C_SOURCE=200809L -Itest -o $@ $^

.PHONY: bench
bench: $(BENCHES) $(B)/quietus $(B)/stage-x86_64.bin ## what a takeover costs, and how long resets take
	$(B)/bench/takeover
	$(B)/bench/reset
	bench/reset-qemu
