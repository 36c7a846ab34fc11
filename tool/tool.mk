# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# build/quietus, the command-line tool. Hosted C with POSIX and Linux calls, libpci,
# libsmartcols, libkdumpfile, libelf, zlib and libzstd.

TOOL_SRC    := $(sort $(filter-out tool/describe/%,$(wildcard tool/*.c tool/*/*.c)))
TOOL_OBJ    := $(TOOL_SRC:%.c=$(B)/%.o)
DESCRIBE_OBJ := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tool/describe/*.c)))
TOOL_CFLAGS  = -D_GNU_SOURCE -Itool -DQT_LIBDIR='"$(PREFIX)/lib/quietus"'
TOOL_LIBS   := -lsmartcols -lpci -lkdumpfile -lelf -lz -lzstd

# Made when the tool is built, from its tables of commands.
DESCRIBE    := $(B)/describe
MANUALS     := $(patsubst doc/man/%.in,$(B)/man/%,$(sort $(wildcard doc/man/*.1.in)))
COMPLETIONS := $(addprefix $(B)/completion/,bash zsh fish)
# Where the shells look for them, below share/, in the same order; Debian's zsh looks elsewhere.
COMPLETION_PLACES := bash-completion/completions/quietus \
	zsh/$(if $(wildcard /etc/debian_version),vendor-completions,site-functions)/_quietus \
	fish/vendor_completions.d/quietus.fish

# What runs when a capture kernel is installed or loaded, and when it has saved a dump.
KDUMP_HOOKS := $(wildcard packaging/kdump/* packaging/hooks/*)

all: $(B)/quietus $(MANUALS) $(COMPLETIONS)

$(B)/quietus: $(TOOL_OBJ) $(CORE_LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(TOOL_OBJ) $(CORE_LIB) $(TOOL_LIBS) $(LDLIBS)

$(DESCRIBE): $(DESCRIBE_OBJ) $(filter-out $(B)/tool/main.o,$(TOOL_OBJ)) $(CORE_LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(TOOL_LIBS) $(LDLIBS)

$(COMPLETIONS): $(B)/completion/%: $(DESCRIBE)
	@mkdir -p $(@D)
	$< $* >$@

$(B)/man/quietus.1: doc/man/quietus.1.in $(DESCRIBE)
	@mkdir -p $(@D)
	$(DESCRIBE) manual $< >$@

$(B)/man/quietus-%.1: doc/man/quietus-%.1.in $(DESCRIBE)
	@mkdir -p $(@D)
	$(DESCRIBE) manual $< $* >$@

$(TOOL_OBJ) $(DESCRIBE_OBJ): $(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(TOOL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(TOOL_OBJ:.o=.d) $(DESCRIBE_OBJ:.o=.d)

.PHONY: lint lint-manuals
lint: lint-manuals
lint-manuals: $(MANUALS)
	mandoc -T lint -W warning $(MANUALS)

# For the machine that the tool is for; another's is installed where it was made.
OWN_STAGE := $(B)/stage-$(if $(filter aarch64-%,$(shell $(CC) -dumpmachine)),arm64,x86_64).bin

.PHONY: tool install install-tool uninstall uninstall-tool
tool: $(B)/quietus $(OWN_STAGE) ## the command-line tool and the stage for its machine
install: install-tool
uninstall: uninstall-tool

install-tool: tool $(MANUALS) $(COMPLETIONS)
	install -D -m 755 $(B)/quietus $(DESTDIR)$(PREFIX)/bin/quietus
	install -d $(DESTDIR)$(PREFIX)/lib/quietus
	install -m 644 $(B)/stage-*.bin $(DESTDIR)$(PREFIX)/lib/quietus
	for hook in $(KDUMP_HOOKS); do \
		to=$(DESTDIR)$(PREFIX)/lib/quietus/$${hook##*/}; \
		sed 's,/usr/lib/quietus,$(PREFIX)/lib/quietus,g' $$hook >$$to && \
		chmod "$$(stat -c %a $$hook)" $$to || exit; \
	done
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(MANUALS) $(DESTDIR)$(PREFIX)/share/man/man1
	set -- $(COMPLETIONS); for place in $(COMPLETION_PLACES); do \
		install -D -m 644 $$1 $(DESTDIR)$(PREFIX)/share/$$place && shift || exit; \
	done

uninstall-tool:
	rm -f $(DESTDIR)$(PREFIX)/bin/quietus
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/man/man1/,$(notdir $(MANUALS)))
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/,$(COMPLETION_PLACES))
	rm -f $(DESTDIR)$(PREFIX)/lib/quietus/stage-x86_64.bin $(DESTDIR)$(PREFIX)/lib/quietus/stage-arm64.bin
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/lib/quietus/,$(notdir $(KDUMP_HOOKS)))
	test ! -d $(DESTDIR)$(PREFIX)/lib/quietus || \
		rmdir --ignore-fail-on-non-empty $(DESTDIR)$(PREFIX)/lib/quietus
