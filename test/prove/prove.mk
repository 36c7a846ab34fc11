# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Proofs with CBMC: every folder here is one. Debian 12 does not have CBMC: there it
# comes from Debian 13, which wants root once, for debootstrap.
#
#   make prove PROVE="format journal"

PROVE ?=

.PHONY: prove
prove: ## prove parts of the core with CBMC, and that each proof can fail
	@newer=$$(command -v cbmc >/dev/null || packaging/newer trixie $(B)/cbmc-trixie cbmc=cbmc) && \
		PATH=$${newer:+$$newer:}$$PATH test/prove/run $(B)/prove $(PROVE)
