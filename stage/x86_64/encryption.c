// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: APM 2, 7.10 (SME), 15.34 (SEV) and 15.36 (SNP); APM 3, CPUID 8000_001Fh; Intel TDX
 * Module Specification, CPUID 21h.
 */
#include <quietus/memory.h>

#include "encryption.h"

#define ENCRYPTION_LEAF 0x8000001f
#define ENCRYPTION_SME  (1u << 0)
#define ENCRYPTION_SEV  (1u << 1)
#define ENCRYPTION_SNP  (1u << 4)

#define TDX_LEAF 0x21

static bool is_tdx_guest(const struct encryption_cpu *cpu)
{
	struct cpuid r;

	if (cpu->cpuid(0, 0).eax < TDX_LEAF)
		return false;
	r = cpu->cpuid(TDX_LEAF, 0);
	return memcmp(&r.ebx, "Inte", 4) == 0 && memcmp(&r.edx, "lTDX", 4) == 0 &&
	       memcmp(&r.ecx, "    ", 4) == 0;
}

const char *encryption_in_use(const struct encryption_cpu *cpu)
{
	uint32_t features = 0;

	if (cpu->cpuid(0x80000000, 0).eax >= ENCRYPTION_LEAF)
		features = cpu->cpuid(ENCRYPTION_LEAF, 0).eax;
	if (features & ENCRYPTION_SEV && cpu->read_msr(MSR_SEV_STATUS) & 1)
		return "SEV";
	/* A host that enforces it keeps its IOMMUs to tables that firmware has checked. */
	if (features & ENCRYPTION_SNP && cpu->read_msr(MSR_SYSCFG) & SYSCFG_SNP)
		return "SNP";
	/*
	 * Switched on by firmware; whether the dead kernel used it is not to be seen
	 * from here, so the answer is the careful one.
	 */
	if (features & ENCRYPTION_SME && cpu->read_msr(MSR_SYSCFG) & SYSCFG_MEM_ENCRYPT)
		return "SME";
	return is_tdx_guest(cpu) ? "TDX" : NULL;
}
