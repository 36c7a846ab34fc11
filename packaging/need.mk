# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What must be installed before anything is compiled. Make makes what it includes
# before any target, so nothing starts half-equipped.

COMPILER := $(notdir $(firstword $(CC)))

# Debian has it in a folder of its architecture's.
PCI_HEADER := $(firstword $(wildcard /usr/include/pci/pci.h /usr/include/*/pci/pci.h) \
	/usr/include/pci/pci.h)

NEEDS_build := $(COMPILER)=$(if $(findstring clang,$(COMPILER)),clang,gcc) \
	ld=binutils objcopy=binutils /usr/include/stdio.h=libc6-dev \
	/usr/include/libsmartcols/libsmartcols.h=libsmartcols-dev \
	$(PCI_HEADER)=libpci-dev \
	/usr/include/libkdumpfile/kdumpfile.h=libkdumpfile-dev /usr/include/libelf.h=libelf-dev \
	/usr/include/zlib.h=zlib1g-dev /usr/include/zstd.h=libzstd-dev
NEEDS_check := /usr/include/cmocka.h=libcmocka-dev jq=jq pkg-config=pkg-config
NEEDS_deb   := dpkg-buildpackage=dpkg-dev dh=debhelper lintian=lintian mke2fs=e2fsprogs openssl=openssl
NEEDS_memcheck := valgrind=valgrind
NEEDS_bench := gnuplot=gnuplot-nox \
	python3=python3
NEEDS_lint  := clang-tidy=clang-tidy cppcheck=cppcheck mandoc=mandoc gcc=gcc \
	aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu
# Debian 12 has no CBMC: see test/prove/prove.mk.
NEEDS_prove  = cadical=cadical python3=python3 \
	$(if $(shell apt-cache show cbmc 2>/dev/null),cbmc=cbmc,debootstrap=debootstrap)

NEEDS_qemu  := qemu-system-x86_64=qemu-system-x86 qemu-system-aarch64=qemu-system-arm python3=python3

# For what is made for arm64 and runs in QEMU. make compiles the stage where it can without.
NEEDS_arm64 := aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu \
	/usr/aarch64-linux-gnu/lib/libc.a=libc6-dev-arm64-cross qemu-system-aarch64=qemu-system-arm

GOALS := $(or $(MAKECMDGOALS),all)
NEEDS := $(if $(filter-out clean help format check-format uninstall,$(GOALS)),build) \
	$(if $(filter check check-%,$(filter-out check-format,$(GOALS))),check) \
	$(if $(filter prove,$(GOALS)),prove) \
	$(if $(filter check check-qemu-iommu,$(GOALS)),qemu) \
	$(if $(filter lint lint-%,$(GOALS)),lint) \
	$(if $(filter memcheck,$(GOALS)),check memcheck) \
	$(if $(filter bench,$(GOALS)),bench) \
	$(if $(filter coverage,$(GOALS)),check) \
	$(if $(filter deb deb-tree check-hooks check-debian check-secure-boot,$(GOALS)),deb) \
	$(if $(filter check e2e e2e-short e2e-matrix $(if $(filter arm64,$(ARCH)),demo),$(GOALS)),arm64)

ifneq ($(strip $(NEEDS)),)
include $(patsubst %,$(B)/needs-%-$(COMPILER).mk,$(NEEDS))
endif

$(B)/needs-%-$(COMPILER).mk: packaging/need packaging/need.mk
	@packaging/need $(NEEDS_$*)
	@mkdir -p $(@D)
	@touch $@
