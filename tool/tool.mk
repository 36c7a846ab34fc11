# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# build/quietus, the command-line tool. Hosted C with POSIX and Linux calls, libpci,
# libsmartcols, libkdumpfile, libelf, zlib and libzstd.

TOOL_SRC    := $(sort $(wildcard tool/*.c tool/*/*.c))
TOOL_OBJ    := $(TOOL_SRC:%.c=$(B)/%.o)
TOOL_CFLAGS  = -D_GNU_SOURCE -Itool -DQT_LIBDIR='"$(PREFIX)/lib/quietus"'
TOOL_LIBS   := -lsmartcols -lpci -lkdumpfile -lelf -lz -lzstd

# What runs when a capture kernel is installed or loaded, and when it has saved a dump.
KDUMP_HOOKS := $(wildcard packaging/kdump/* packaging/hooks/*)

all: $(B)/quietus

$(B)/quietus: $(TOOL_OBJ) $(CORE_LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(TOOL_OBJ) $(CORE_LIB) $(TOOL_LIBS) $(LDLIBS)

$(TOOL_OBJ): $(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(TOOL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(TOOL_OBJ:.o=.d)

# For the machine that the tool is for; another's is installed where it was made.
OWN_STAGE := $(B)/stage-$(if $(filter aarch64-%,$(shell $(CC) -dumpmachine)),arm64,x86_64).bin

.PHONY: tool install install-tool uninstall uninstall-tool
tool: $(B)/quietus $(OWN_STAGE) ## the command-line tool and the stage for its machine
install: install-tool
uninstall: uninstall-tool

install-tool: tool
	install -D -m 755 $(B)/quietus $(DESTDIR)$(PREFIX)/bin/quietus
	install -d $(DESTDIR)$(PREFIX)/lib/quietus
	install -m 644 $(B)/stage-*.bin $(DESTDIR)$(PREFIX)/lib/quietus
	for hook in $(KDUMP_HOOKS); do \
		to=$(DESTDIR)$(PREFIX)/lib/quietus/$${hook##*/}; \
		sed 's,/usr/lib/quietus,$(PREFIX)/lib/quietus,g' $$hook >$$to && \
		chmod "$$(stat -c %a $$hook)" $$to || exit; \
	done
	install -D -m 644 doc/man/quietus.1 $(DESTDIR)$(PREFIX)/share/man/man1/quietus.1

uninstall-tool:
	rm -f $(DESTDIR)$(PREFIX)/bin/quietus $(DESTDIR)$(PREFIX)/share/man/man1/quietus.1
	rm -f $(DESTDIR)$(PREFIX)/lib/quietus/stage-x86_64.bin $(DESTDIR)$(PREFIX)/lib/quietus/stage-arm64.bin
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/lib/quietus/,$(notdir $(KDUMP_HOOKS)))
	test ! -d $(DESTDIR)$(PREFIX)/lib/quietus || \
		rmdir --ignore-fail-on-non-empty $(DESTDIR)$(PREFIX)/lib/quietus
