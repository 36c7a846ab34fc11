# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the core says of random tables (tables.c), against what libaddrxlat and QEMU's
# IOMMUs make of the same. ROUNDS machines of each family.

ORACLE_DIR      := $(B)/oracle
ORACLE_TABLES   := $(ORACLE_DIR)/tables
ORACLE_ADDRXLAT := $(ORACLE_DIR)/addrxlat
ROUNDS          ?= 6

$(ORACLE_TABLES): test/oracle/tables.c $(wildcard test/machine/*.[ch]) $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itest -o $@ $(filter %.c %.a,$^)

$(ORACLE_ADDRXLAT): test/oracle/addrxlat.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $< -laddrxlat

.PHONY: check check-addrxlat check-qemu-iommu
check: check-addrxlat check-qemu-iommu
check-addrxlat: $(ORACLE_TABLES) $(ORACLE_ADDRXLAT) ## the walker against libaddrxlat
	@test/oracle/libaddrxlat $(ORACLE_DIR) $(ROUNDS)

check-qemu-iommu: $(ORACLE_TABLES) ## the walker against QEMU's own IOMMUs
	@test/oracle/qemu $(ORACLE_TABLES) $(ROUNDS)
