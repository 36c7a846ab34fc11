# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

.PHONY: deb
deb: ## the Debian package, in build/deb
	@mkdir -p $(B)/deb
	packaging/build-deb $(B)/deb $(VERSION)
