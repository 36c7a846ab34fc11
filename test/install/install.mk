# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

.PHONY: check check-install
check: check-install
check-install: all ## test make install and uninstall, and the installed library
	@MAKE='$(MAKE)' test/install/check $(B)/check-install '$(CC)'
