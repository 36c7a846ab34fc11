# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# build/stage-arm64.bin: the stage as a flat image, for `quietus wrap`;
# build/stage-arm64.elf: the same with symbols, linked at 0. Made where there is a
# cross compiler: gcc's, or clang with lld if CC is clang.

STAGE_ARM64_SRC := $(sort $(wildcard stage/arm64/*.S stage/arm64/*.c stage/common/*.c)) $(CORE_SRC)
STAGE_ARM64_OBJ := $(addprefix $(B)/stage-arm64/,$(addsuffix .o,$(STAGE_ARM64_SRC)))
STAGE_ARM64_ELF := $(B)/stage-arm64.elf
STAGE_ARM64_BIN := $(B)/stage-arm64.bin

ARM64_CROSS   ?= aarch64-linux-gnu-
ARM64_CC      ?= $(ARM64_CROSS)gcc
ARM64_OBJCOPY ?= $(ARM64_CROSS)objcopy

# Bare metal: no alignment is assumed, because without translation all memory is as a device's;
# no registers but the general ones; hidden symbols, so that none is looked up.
STAGE_ARM64_CFLAGS = -ffreestanding -fpie -fvisibility=hidden -mgeneral-regs-only -mstrict-align \
	-mno-outline-atomics -mbranch-protection=none \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-common -fno-sanitize=all -fno-lto \
	-include stage/common/hidden.h -Istage/arm64
STAGE_ARM64_LDFLAGS = -nostdlib -static-pie -Wl,--no-dynamic-linker -Wl,-z,norelro \
	-Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,-T,stage/arm64/stage.ld

ifneq ($(shell command -v $(ARM64_CC)),)
STAGES += $(STAGE_ARM64_BIN)
all: $(STAGE_ARM64_BIN)
else
all: no-stage-arm64
endif

.PHONY: no-stage-arm64
no-stage-arm64:
	@echo "$(STAGE_ARM64_BIN) is not made: there is no $(ARM64_CC)" \
		"(on Debian: gcc-aarch64-linux-gnu)"

$(STAGE_ARM64_BIN): $(STAGE_ARM64_ELF)
	$(ARM64_OBJCOPY) -O binary $< $@

$(STAGE_ARM64_ELF): $(STAGE_ARM64_OBJ) stage/arm64/stage.ld
	$(ARM64_CC) $(STAGE_ARM64_LDFLAGS) -o $@ $(STAGE_ARM64_OBJ)
	@if $(READELF) -rW $@ | grep R_AARCH64_ | grep -v R_AARCH64_RELATIVE; then \
		echo "$@: relocations that the stage cannot make itself" >&2; rm -f $@; exit 1; fi

$(B)/stage-arm64/%.o: %
	@mkdir -p $(@D)
	$(ARM64_CC) $(ALL_CFLAGS) $(STAGE_ARM64_CFLAGS) -MMD -MP -c -o $@ $<

-include $(STAGE_ARM64_OBJ:.o=.d)
