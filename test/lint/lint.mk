# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# make lint: what clang-tidy, cppcheck, gcc's -fanalyzer and mandoc find. .clang-tidy says which
# checks are left out. Its clang-analyzer-* are those that scan-build runs, and more.

TIDY := clang-tidy --quiet
lint_files = git ls-files $(1) | xargs -P $(shell nproc) -n 4

# NullArg: does not see that the e820 table's room, asked twice, is the same room.
TIDY_STAGE := $(TIDY) --checks=-clang-analyzer-unix.cstring.NullArg

# Nothing is suppressed: what gcc cannot see, a reader may not see either.
ANALYZE = $(call lint_files,$(1)) sh -c 'for file; do \
	$(2) -fanalyzer $(subst ','\'',$(ALL_CFLAGS) $(3)) -c -o /dev/null $$file || exit 1; done' gcc

.PHONY: lint lint-gcc
lint: lint-gcc ## clang-tidy, cppcheck and gcc -fanalyzer over the code; mandoc over the manual
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

lint-gcc: ## gcc -fanalyzer over core/ and stage/ alone
	$(call ANALYZE,'core/*.c',gcc,)
	$(call ANALYZE,'stage/x86_64/*.c' 'stage/common/*.c',gcc,$(STAGE_X86_CFLAGS))
	$(call ANALYZE,'stage/arm64/*.c',$(ARM64_CROSS)gcc,$(STAGE_ARM64_CFLAGS))
