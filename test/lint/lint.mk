# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# make lint: what clang-tidy, cppcheck and mandoc find. .clang-tidy says which checks are left out.

TIDY := clang-tidy --quiet
lint_files = git ls-files $(1) | xargs -P $(shell nproc) -n 4

# NullArg: does not see that the e820 table's room, asked twice, is the same room.
TIDY_STAGE := $(TIDY) --checks=-clang-analyzer-unix.cstring.NullArg

.PHONY: lint
lint: ## clang-tidy and cppcheck over core/, stage/ and tool/; mandoc over the manual
	$(call lint_files,'core/*.c' 'tool/*.c') sh -c \
		'$(TIDY) "$$@" -- $(subst ','\'',$(ALL_CFLAGS) $(TOOL_CFLAGS)) 2>/dev/null' tidy
	$(call lint_files,'stage/*.c' ':!stage/arm64') sh -c \
		'$(TIDY_STAGE) "$$@" -- $(subst ','\'',$(ALL_CFLAGS) $(STAGE_X86_CFLAGS)) 2>/dev/null' tidy
	$(call lint_files,'stage/arm64/*.c') sh -c \
		'$(TIDY_STAGE) "$$@" -- --target=aarch64-linux-gnu \
		$(subst ','\'',$(ALL_CFLAGS) $(STAGE_ARM64_CFLAGS)) 2>/dev/null' tidy
	cppcheck --std=c11 --enable=warning,performance,portability --inline-suppr \
		--suppressions-list=test/lint/cppcheck.suppress --error-exitcode=1 --quiet \
		-j $(shell nproc) -Iinclude core tool stage
