# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The core as a hosted static library, with its headers and pkg-config file.
# The stage compiles the same sources by itself, freestanding.

LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include

CORE_OBJ := $(CORE_SRC:%.c=$(B)/%.o)
CORE_LIB := $(B)/libquietus.a

all: $(CORE_LIB) $(B)/quietus.pc

$(CORE_OBJ): $(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC -MMD -MP -c -o $@ $<

$(CORE_LIB): $(CORE_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

# Depends on the paths it is made for, so it is made anew each time.
$(B)/quietus.pc: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' \
		'Name: quietus' \
		'Description: Takes over a live IOMMU from the kernel that set it up' \
		'Version: $(VERSION)' 'Libs: -L$${libdir} -lquietus' \
		'Cflags: -I$${includedir}' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

.PHONY: FORCE install install-core uninstall uninstall-core
FORCE:

install: install-core ## install everything below DESTDIR and PREFIX

install-core: $(CORE_LIB) $(B)/quietus.pc
	install -d $(DESTDIR)$(INCLUDEDIR)/quietus $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 include/quietus/*.h $(DESTDIR)$(INCLUDEDIR)/quietus
	install -m 644 $(CORE_LIB) $(DESTDIR)$(LIBDIR)
	install -m 644 $(B)/quietus.pc $(DESTDIR)$(LIBDIR)/pkgconfig

uninstall: uninstall-core ## remove what install put there

uninstall-core:
	rm -rf $(DESTDIR)$(INCLUDEDIR)/quietus
	rm -f $(DESTDIR)$(LIBDIR)/libquietus.a $(DESTDIR)$(LIBDIR)/pkgconfig/quietus.pc

-include $(CORE_OBJ:.o=.d)
