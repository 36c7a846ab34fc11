# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# make check-tool: the command-line tool against synthetic images and Debian's
# kernels. TOOL_TEST names one test or a pattern; TEST_KERNELS names other,
# signed kernel images.

TOOL_TEST_SRC     := $(sort $(wildcard test/tool/*.c))
# With the model machine: one that crashed has a report and memory.
TOOL_TEST_OBJ     := $(patsubst %.c,$(B)/%.o,$(TOOL_TEST_SRC) $(sort $(wildcard test/machine/*.c)))
TOOL_TEST_FOLDER  := $(B)/test/tool
TOOL_TEST_STAGE   := $(TOOL_TEST_FOLDER)/stub_stage.bin
TOOL_TEST_SUITES  := bookworm trixie
TOOL_TEST_KERNELS := $(if $(TEST_KERNELS),$(TEST_KERNELS),$(TOOL_TEST_SUITES:%=$(B)/kernels/%/vmlinuz))

# The tool once more, with every out-of-bounds access and undefined operation a crash.
TOOL_SANITIZED    := $(TOOL_TEST_FOLDER)/quietus-sanitized
TOOL_TESTED       := $(TOOL_SANITIZED)
SANITIZE          := -fsanitize=address,undefined -fno-sanitize-recover=all
# Made by test/unit/unit.mk.
SANITIZED_CORE    := $(B)/sanitized/libquietus.a

.PHONY: check check-tool
check: check-tool
# Where there is a compiler for it.
check-tool: $(filter $(STAGE_ARM64_BIN),$(STAGES))
# Made by tool/tool.mk, which is read later.
check-tool: $(addprefix $(B)/completion/,bash zsh fish)
check-tool: $(TOOL_TEST_FOLDER)/test-tool $(TOOL_TESTED) $(TOOL_TEST_STAGE) ## test the command-line tool
	test/tool/prepare $(B)/kernels $(if $(TEST_KERNELS),,$(TOOL_TEST_SUITES))
	@mkdir -p $(TOOL_TEST_FOLDER)/tmp
	QUIETUS=$(CURDIR)/$(TOOL_TESTED) QT_TEST_STAGE=$(CURDIR)/$(TOOL_TEST_STAGE) \
	QT_TEST_STAGE_ARM64=$(CURDIR)/$(STAGE_ARM64_BIN) \
	QT_TEST_FOLDER=$(CURDIR)/$(TOOL_TEST_FOLDER)/tmp QT_TEST_TOP=$(CURDIR) \
	QT_TEST_COMPLETIONS=$(CURDIR)/$(B)/completion \
	LSAN_OPTIONS=suppressions=$(CURDIR)/test/tool/lsan.suppress:print_suppressions=0 \
	QT_TEST_KERNELS="$(abspath $(TOOL_TEST_KERNELS))" \
		$(TOOL_TEST_FOLDER)/test-tool $(TOOL_TEST)

# What those do not see: decisions that depend on memory nobody wrote to.
.PHONY: memcheck
memcheck: $(B)/quietus ## the same tests with the tool under valgrind
	$(MAKE) --no-print-directory check-tool TOOL_TESTED=test/tool/memcheck

$(TOOL_TEST_FOLDER)/test-tool: $(TOOL_TEST_OBJ) $(CORE_LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(TOOL_TEST_OBJ) $(CORE_LIB) -lcmocka

$(TOOL_TEST_OBJ): $(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_GNU_SOURCE -Itest -MMD -MP -c -o $@ $<

# TOOL_SRC is set later than this is read.
$(TOOL_SANITIZED): $(SANITIZED_CORE) $(wildcard tool/*.[ch] tool/*/*.[ch] include/quietus/*.h)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(TOOL_CFLAGS) $(SANITIZE) -o $@ $(TOOL_SRC) $(SANITIZED_CORE) $(TOOL_LIBS)

$(TOOL_TEST_STAGE): test/tool/stub_stage.S
	@mkdir -p $(@D)
	$(CC) -c -o $(@:.bin=.o) $<
	objcopy -O binary -j .text $(@:.bin=.o) $@

-include $(TOOL_TEST_OBJ:.o=.d)
