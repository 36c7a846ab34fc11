# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# make coverage: which lines of core/ the hosted tests run, by gcov. A build of its own,
# without sanitizers, in which only core/ is counted and lines stay what they are.

COVERAGE_DIR   := $(B)/coverage
COVERAGE_FLAGS := -Og -g --coverage -fprofile-filter-files=^core/
COVERAGE_TESTS := check-unit check-stage check-translate

.PHONY: coverage
coverage: ## lines of core/ that the hosted tests do not run, and why
	@mkdir -p $(COVERAGE_DIR)
	@find $(COVERAGE_DIR) -name '*.gcda' -delete
	@$(MAKE) --no-print-directory B=$(COVERAGE_DIR) CC=gcc CFLAGS='$(COVERAGE_FLAGS)' \
		UNIT_SAN= STAGE_TEST_SAN= $(COVERAGE_TESTS) >$(COVERAGE_DIR).log 2>&1 || \
		{ cat $(COVERAGE_DIR).log; exit 1; }
	@test/coverage/report $(COVERAGE_DIR) test/coverage/explained
