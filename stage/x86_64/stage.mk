# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# build/stage-x86_64.bin: the stage as a flat image, for `quietus wrap`;
# build/stage-x86_64.elf: the same with symbols, linked at 0.

STAGE_X86_SRC := $(sort $(wildcard stage/x86_64/*.S stage/x86_64/*.c stage/common/*.c)) $(CORE_SRC)
STAGE_X86_OBJ := $(addprefix $(B)/stage-x86_64/,$(addsuffix .o,$(STAGE_X86_SRC)))
STAGE_X86_ELF := $(B)/stage-x86_64.elf
STAGE_X86_BIN := $(B)/stage-x86_64.bin

# Bare metal: no red zone, because exceptions use the stack that they interrupt; no registers but
# the general ones, whose state is the dead kernel's; hidden symbols, so that none is looked up.
STAGE_X86_CFLAGS = -ffreestanding -fpie -fvisibility=hidden -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-common \
	-fno-sanitize=all -fno-lto \
	-include stage/common/hidden.h -Istage/x86_64
STAGE_X86_LDFLAGS = -nostdlib -static -pie --no-dynamic-linker -z norelro -z noexecstack \
	-z max-page-size=4096 --build-id=none -T stage/x86_64/stage.ld

OBJCOPY ?= objcopy
READELF ?= readelf

STAGES += $(STAGE_X86_BIN)
all: $(STAGE_X86_BIN)

$(STAGE_X86_BIN): $(STAGE_X86_ELF)
	$(OBJCOPY) -O binary $< $@

$(STAGE_X86_ELF): $(STAGE_X86_OBJ) stage/x86_64/stage.ld
	$(LD) $(STAGE_X86_LDFLAGS) -o $@ $(STAGE_X86_OBJ)
	@if $(READELF) -rW $@ | grep R_X86_64_ | grep -v R_X86_64_RELATIVE; then \
		echo "$@: relocations that the stage cannot make itself" >&2; rm -f $@; exit 1; fi

$(B)/stage-x86_64/%.o: %
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(STAGE_X86_CFLAGS) -MMD -MP -c -o $@ $<

-include $(STAGE_X86_OBJ:.o=.d)

