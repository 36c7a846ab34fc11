# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

DEB := $(B)/deb/quietus_$(VERSION)_amd64.deb

.PHONY: deb check-hooks check-debian
deb: ## the Debian package, in build/deb
	@mkdir -p $(B)/deb
	packaging/build-deb $(B)/deb $(VERSION)

check-hooks: deb $(B)/quietus $(B)/stage-x86_64.bin ## test the package and `quietus setup` in a Debian tree (root)
	MAKE='$(MAKE)' test/hooks/check $(B)/deb $(DEB)

check-debian: check-hooks ## crash a Debian with the package installed, in QEMU (root)
	test/e2e/debian $(B)/deb $(DEB)
