# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# make bench: what a takeover costs, counted in instructions and measured as ratios within
# one run; what calls cost in a domain that stays in use; how long resets take, by the model
# machine's clock and in QEMU's virtual time (with crashes of its own). Plots go to
# build/bench; doc/ has copies of them.

BENCH_MACHINE := $(sort $(wildcard test/machine/*.c))
BENCHES       := $(addprefix $(B)/bench/,scan calls takeover reset)
BENCH_PLOTS   := pages devices

# The core as the stage has it, and what copies memory there, for what is measured to be what
# the stage executes. Their symbols are hidden ones, which no shared library can have.
BENCH_CORE    := $(addprefix $(B)/stage-x86_64/,$(addsuffix .o,$(CORE_SRC) stage/common/memory.c))

$(B)/bench/takeover: bench/count.c bench/count.h
$(BENCHES): $(B)/bench/%: bench/%.c bench/tables.c bench/tables.h $(BENCH_MACHINE) $(BENCH_CORE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_DEFAULT_SOURCE -Itest -static -o $@ $(filter %.c %.o,$^)

.PHONY: bench bench-e2e
bench: $(BENCHES) $(B)/quietus $(B)/stage-x86_64.bin ## what a takeover costs, and how long resets take
	$(B)/bench/scan
	$(B)/bench/calls
	bench/takeover-cost $(B)/bench
	for plot in $(BENCH_PLOTS); do \
		gnuplot -c bench/takeover.gnuplot $(B)/bench $$plot $(B)/bench/takeover-$$plot.svg; \
	done
	$(B)/bench/reset
	bench/reset-qemu

bench-e2e: $(B)/quietus $(B)/stage-x86_64.bin ## from panic to dump, next to stock kdump: crashes under QEMU, some minutes each
	bench/dump-time
