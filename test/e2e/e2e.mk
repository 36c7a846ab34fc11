# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

# Between them: both loaders, NVMe, AHCI and a switch, a crash region above 4 GiB,
# one inside the IOVAs that were used, stock kdump's two kinds of failure, memory
# compared word by word, a fault in the middle of the commit, and SMMUv3.
E2E_SHORT := quiet vtd-off-on vtd-on-pt high-kexec-load switch ahci churn-window inject-page-fault \
	arm64-on-on

# What `make demo` crashes: x86_64 or arm64.
ARCH ?= x86_64

E2E_PRODUCTS := $(B)/quietus $(B)/stage-x86_64.bin $(B)/stage-arm64.bin

.PHONY: check e2e e2e-short e2e-matrix crash-campaign demo

e2e: $(E2E_PRODUCTS) ## all end-to-end scenarios under QEMU
	test/e2e/suite

# Last, when all that takes seconds has passed; it ends with the totals.
check:
	$(MAKE) --no-print-directory e2e-short

e2e-short: $(E2E_PRODUCTS) ## the end-to-end scenarios that `make check` runs
	test/e2e/suite $(E2E_SHORT)

demo: $(B)/quietus $(B)/stage-$(ARCH).bin ## the same crash with stock kdump and with Quietus, side by side; also ARCH=arm64
	ARCH=$(ARCH) test/e2e/demo

e2e-matrix: $(E2E_PRODUCTS) ## off, pass-through, translated in both kernels on all IOMMUs, beside stock kdump
	test/e2e/matrix

# Keeps the results that there are of this stage: started again, it goes on.
crash-campaign: $(E2E_PRODUCTS) ## crash N machines drawn at random from SEED on, beside stock kdump
	test/e2e/campaign --resume --count $(or $(N),10) --seed $(or $(SEED),1)
