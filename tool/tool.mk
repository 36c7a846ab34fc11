# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# build/quietus, the command-line tool. Hosted C with POSIX and Linux calls.

TOOL_SRC    := $(sort $(wildcard tool/*.c))
TOOL_OBJ    := $(TOOL_SRC:%.c=$(B)/%.o)
TOOL_CFLAGS  = -D_GNU_SOURCE -Itool -DQT_LIBDIR='"$(PREFIX)/lib/quietus"'

all: $(B)/quietus

$(B)/quietus: $(TOOL_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(TOOL_OBJ) $(LDLIBS)

$(TOOL_OBJ): $(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(TOOL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(TOOL_OBJ:.o=.d)

.PHONY: install install-tool uninstall uninstall-tool
install: install-tool ## install everything under $(DESTDIR)$(PREFIX)
uninstall: uninstall-tool ## remove what install put there

# The stage is installed where it was built: a tool without one still checks and unwraps images.
install-tool: $(B)/quietus
	install -D -m 755 $(B)/quietus $(DESTDIR)$(PREFIX)/bin/quietus
	install -D -m 644 doc/man/quietus.1 $(DESTDIR)$(PREFIX)/share/man/man1/quietus.1
	install -d $(DESTDIR)$(PREFIX)/include/quietus
	install -m 644 $(wildcard include/quietus/*.h) $(DESTDIR)$(PREFIX)/include/quietus/
	for stage in $(B)/stage-*.bin; do \
		test ! -f "$$stage" || \
			install -D -m 644 "$$stage" $(DESTDIR)$(PREFIX)/lib/quietus/$${stage##*/} || exit 1; \
	done

uninstall-tool:
	rm -f $(DESTDIR)$(PREFIX)/bin/quietus $(DESTDIR)$(PREFIX)/share/man/man1/quietus.1
	rm -f $(DESTDIR)$(PREFIX)/lib/quietus/stage-*.bin
	rm -rf $(DESTDIR)$(PREFIX)/include/quietus
	-rmdir $(DESTDIR)$(PREFIX)/lib/quietus 2>/dev/null
