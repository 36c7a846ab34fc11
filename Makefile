# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `make help` lists the targets. Every folder that builds something has a
# NAME.mk fragment, included below; products go to build/.

VERSION := 0.1.0

CC       ?= gcc
CFLAGS   ?= -O2 -g
PREFIX   ?= /usr
B        := build
WARNINGS := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla
ALL_CFLAGS = -std=c11 $(WARNINGS) -Iinclude -DQT_VERSION='"$(VERSION)"' $(CFLAGS)

# Sources of core/, used by the stage, the tool, the library and the tests.
CORE_SRC := $(sort $(shell find core -name '*.c'))

.PHONY: all help clean
all:
.DEFAULT_GOAL := all

include $(sort $(wildcard */*.mk */*/*.mk))

clean:
	rm -rf $(B) compile_commands.json

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9_-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Where a compilation database is wanted (clangd, clang-tidy).
compile_commands.json: ## for clangd and clang-tidy (needs bear)
	$(MAKE) clean
	bear -- $(MAKE) all

C_FILES = $(shell git ls-files '*.c' '*.h')

.PHONY: format check-format
format: ## put all C files into the checked-in style
	clang-format -i $(C_FILES)
check-format: ## fail if `make format` would change anything
	clang-format --dry-run -Werror $(C_FILES)
