# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Fuzzing with libFuzzer (needs clang): every test/fuzz/NAME.c with an
# LLVMFuzzerTestOneInput() is a target, starting from test/fuzz/corpus/NAME.
# FUZZ names one target, or some of them.
#
#   make fuzz SECONDS=60 FUZZ=acpi

FUZZ_CC      := clang
FUZZ_DIR     := $(B)/fuzz
FUZZ_COMMON  := test/fuzz/fuzz.c test/fuzz/takeover.c
FUZZ_SRC     := $(filter-out $(FUZZ_COMMON) test/fuzz/seeds.c,$(sort $(wildcard test/fuzz/*.c)))
FUZZ         ?= $(FUZZ_SRC:test/fuzz/%.c=%)
FUZZ_SAN     := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_COVER   := -fsanitize=fuzzer-no-link
FUZZ_CFLAGS   = -Itest -Istage $(TOOL_CFLAGS)
# Where programs are linked from archives, only what a target uses gets in.
FUZZ_TOOL    := $(sort $(wildcard tool/*/*.c))
FUZZ_PARTS    = $(FUZZ_COMMON) $(CORE_SRC) $(TEST_MACHINE_SRC) $(STAGE_TEST_PURE) $(FUZZ_TOOL)
FUZZ_OBJ      = $(FUZZ_PARTS:%.c=$(FUZZ_DIR)/%.o)
FUZZ_LIB     := $(FUZZ_DIR)/libparts.a
FUZZ_PROG    := $(FUZZ:%=$(FUZZ_DIR)/%)

# How long each target runs.
SECONDS      ?= 60

# What checks the code is not what is to be covered, and the model machine has to be fast.
$(FUZZ_DIR)/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(ALL_CFLAGS) $(FUZZ_CFLAGS) $(if $(filter test/machine/%,$<),,$(FUZZ_SAN)) \
		$(if $(filter test/%,$<),,$(FUZZ_COVER)) -MMD -MP -c -o $@ $<

# Some of the parts are listed in fragments that are read later than this one.
.SECONDEXPANSION:
$(FUZZ_LIB): $$(FUZZ_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(FUZZ_SRC:test/fuzz/%.c=$(FUZZ_DIR)/%): $(FUZZ_DIR)/%: $(FUZZ_DIR)/test/fuzz/%.o $(FUZZ_LIB)
	$(FUZZ_CC) $(FUZZ_SAN) -fsanitize=fuzzer -o $@ $^ \
		-Wl,--wrap=qt_alloc,--as-needed $(TOOL_LIBS)

.PHONY: fuzz check-fuzz fuzz-seeds fuzz-seeds-qemu
fuzz: $(FUZZ_PROG) ## run every fuzz target for SECONDS each
	@test/fuzz/run $(FUZZ_DIR) $(SECONDS) $(FUZZ)

check: check-fuzz
check-fuzz: $(FUZZ_PROG) ## the same for 2 seconds each
	@test/fuzz/run $(FUZZ_DIR) 2 $(FUZZ)

# The corpora that a program makes, from the model machine and from test/tool's images.
$(FUZZ_DIR)/seeds: $(FUZZ_DIR)/test/fuzz/seeds.o $(FUZZ_DIR)/test/tool/synthetic.o $(FUZZ_LIB)
	$(FUZZ_CC) $(FUZZ_SAN) -Wl,--wrap=qt_alloc -o $@ $^

fuzz-seeds: $(FUZZ_DIR)/seeds ## write the inputs in test/fuzz/corpus anew
	$< test/fuzz/corpus

fuzz-seeds-qemu: ## the same for ACPI tables and PCI functions of QEMU's machines
	test/fuzz/from-qemu test/fuzz/corpus

.SECONDARY: $(FUZZ_SRC:%.c=$(FUZZ_DIR)/%.o)

-include $(patsubst %.c,$(FUZZ_DIR)/%.d,$(FUZZ_SRC) $(FUZZ_PARTS) test/fuzz/seeds.c)
