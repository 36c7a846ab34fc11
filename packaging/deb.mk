# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

DEB := $(B)/deb/quietus_$(VERSION)_$(shell dpkg --print-architecture 2>/dev/null).deb

# A Debian that the package is tested in.
DEB_TREE := $(B)/deb/bookworm

.PHONY: deb deb-tree check-hooks check-debian check-secure-boot
deb: ## the Debian package, in build/deb
	@mkdir -p $(B)/deb
	packaging/build-deb $(B)/deb $(VERSION)

deb-tree: deb
	test/hooks/tree $(DEB_TREE) $(DEB)

check-hooks: deb-tree tool ## test the package and `quietus setup` in a Debian tree (root)
	MAKE='$(MAKE)' test/hooks/check $(DEB_TREE) $(DEB)

check-debian: deb-tree ## crash a Debian with the package installed, upgrade it, purge, in QEMU (root)
	test/e2e/debian/run $(DEB_TREE) $(DEB) upgrade

check-secure-boot: deb-tree ## the same under Secure Boot: unsigned, signed, crash (root)
	test/e2e/debian/run $(DEB_TREE) $(DEB) secure-boot
