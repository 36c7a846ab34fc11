/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory encryption: detected, so that nothing is changed where it is in use. */
#ifndef QUIETUS_STAGE_ENCRYPTION_H
#define QUIETUS_STAGE_ENCRYPTION_H

#include "cpu.h"

/* How a CPU is asked; the tests have one of their own. */
struct encryption_cpu {
	struct cpuid (*cpuid)(uint32_t leaf, uint32_t subleaf);
	uint64_t (*read_msr)(uint32_t msr); /* only of one that CPUID says is there */
};

/*
 * The name of what encrypts memory with a bit in addresses (AMD SME and SEV, Intel
 * TDX guests) or keeps its owners apart (SNP), NULL if nothing does. May raise an
 * exception in a guest whose host hides these instructions.
 */
const char *encryption_in_use(const struct encryption_cpu *cpu);

#endif
