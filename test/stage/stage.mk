# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Hosted tests of those parts of the stage that need no bare metal, with
# sanitizers. Every test_*.c is a cmocka program of its own.

STAGE_TEST_SRC  := $(sort $(wildcard test/stage/test_*.c))
STAGE_TEST_DIR  := $(B)/stage-test
STAGE_TEST_PROG := $(STAGE_TEST_SRC:%.c=$(STAGE_TEST_DIR)/%)
STAGE_TEST_PURE := $(addprefix stage/common/,command_line.c efi.c log.c settle.c window.c) \
	$(addprefix stage/arm64/,firmware.c serial_place.c serial_spcr.c tree.c) \
	$(addprefix stage/x86_64/,e820.c encryption.c memmap.c rsdp.c serial_port.c setup_data.c setup_header.c)
STAGE_TEST_OBJ  := $(patsubst %.c,$(STAGE_TEST_DIR)/%.o,\
	$(STAGE_TEST_PURE) $(CORE_SRC) $(wildcard test/machine/*.c) test/unit/takeover.c)
STAGE_TEST_SAN  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

$(STAGE_TEST_DIR)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(STAGE_TEST_SAN) -Istage -Itest $(STAGE_TEST_ARCH) -MMD -MP -c -o $@ $<

$(STAGE_TEST_PROG): %: %.o $(STAGE_TEST_OBJ)
	$(CC) $(ALL_CFLAGS) $(STAGE_TEST_SAN) -o $@ $^ -lcmocka

# It has a port of its own in the place of serial.c.
$(STAGE_TEST_DIR)/test/stage/test_console: $(STAGE_TEST_DIR)/stage/arm64/console.o
$(addprefix $(STAGE_TEST_DIR)/,stage/arm64/console.o test/stage/test_console.o): STAGE_TEST_ARCH := -Istage/arm64

.PHONY: check-stage
check: check-stage
check-stage: $(STAGE_TEST_PROG) ## tests of the stage's hosted parts alone
	@for test in $^; do timeout 300 $$test || exit 1; done

.PHONY: check-reproducible
check: check-reproducible
check-reproducible: ## build each stage twice from clean trees, and compare them bit by bit
	@test/stage/reproducible $(B)/reproducible $(STAGES:$(B)/%=build/%)

.SECONDARY: $(STAGE_TEST_SRC:%.c=$(STAGE_TEST_DIR)/%.o)

-include $(STAGE_TEST_OBJ:.o=.d) $(STAGE_TEST_SRC:%.c=$(STAGE_TEST_DIR)/%.d)
