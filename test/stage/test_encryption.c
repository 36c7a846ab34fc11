// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Memory encryption as CPUID and MSRs tell it. APM 3, CPUID 8000_001Fh; APM 2,
 * 7.10.1 and 15.34.10; TDX Module Specification, CPUID 21h.
 */
#include <x86_64/encryption.h>

#include "fake.h"

#define LEAF_AMD 0x8000001f
#define LEAF_TDX 0x21

#define SME       (1u << 0)
#define SEV       (1u << 1)
#define SNP       (1u << 4)
#define SYSCFG_ON (UINT64_C(1) << 23)
#define SNP_ON    (UINT64_C(1) << 24)

struct machine {
	const char *what;
	uint32_t basic_leaves;    /* CPUID 0 */
	uint32_t extended_leaves; /* CPUID 8000_0000h */
	uint32_t features;        /* CPUID 8000_001Fh */
	uint64_t syscfg;
	uint64_t sev_status;
	const char *tdx; /* CPUID 21h: EBX, EDX, ECX */
	const char *found;
};

static const struct machine machines[] = {
	{"an Intel host", 0x20, 0x80000008, ~0u, 0, 0, "IntelTDX    ", NULL},
	{"an Intel host that has the leaf", 0x24, 0x80000008, ~0u, 0, 0, NULL, NULL},
	{"a TDX guest", 0x21, 0x80000008, ~0u, 0, 0, "IntelTDX    ", "TDX"},
	{"its name cut short", 0x21, 0x80000008, 0, 0, 0, "IntelTDX   ", NULL},
	{"its name in another order", 0x21, 0x80000008, 0, 0, 0, "Intel   lTDX", NULL},
	{"an older AMD host", 0xd, 0x8000001e, ~0u, ~0ull, ~0ull, NULL, NULL},
	{"an AMD host that could", 0x10, 0x80000028, SME | SEV | SNP, 0, 0, NULL, NULL},
	{"SME", 0x10, 0x8000001f, SME | SEV | SNP, SYSCFG_ON, 0, NULL, "SME"},
	{"SME without SEV", 0x10, 0x8000001f, SME, SYSCFG_ON, 0, NULL, "SME"},
	{"SYSCFG of a CPU without SME", 0x10, 0x8000001f, SNP, SYSCFG_ON, 0, NULL, NULL},
	{"SNP enforced", 0x10, 0x8000001f, SME | SEV | SNP, SNP_ON, 0, NULL, "SNP"},
	{"and SME", 0x10, 0x8000001f, SME | SEV | SNP, SNP_ON | SYSCFG_ON, 0, NULL, "SNP"},
	{"a SEV guest", 0x10, 0x8000001f, SEV, 0, 1, NULL, "SEV"},
	{"a SEV-SNP guest", 0x10, 0x8000001f, SEV | SNP, 0, 7, NULL, "SEV"},
	{"a guest shown SEV without having it", 0x10, 0x8000001f, SEV, 0, 6, NULL, NULL},
};

static const struct machine *now;

static struct cpuid fake_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r = {0};

	assert_int_equal(subleaf, 0);
	switch (leaf) {
	case 0:
		r.eax = now->basic_leaves;
		break;
	case 0x80000000:
		r.eax = now->extended_leaves;
		break;
	case LEAF_AMD:
		assert_true(now->extended_leaves >= LEAF_AMD);
		r.eax = now->features;
		break;
	case LEAF_TDX:
		assert_true(now->basic_leaves >= LEAF_TDX);
		if (!now->tdx)
			break;
		memcpy(&r.ebx, now->tdx, 4);
		memcpy(&r.edx, now->tdx + 4, 4);
		memcpy(&r.ecx, now->tdx + 8, 4);
		break;
	default:
		fail_msg("%s: CPUID %x", now->what, leaf);
	}
	return r;
}

/* An MSR that is not there raises an exception. */
static uint64_t fake_msr(uint32_t msr)
{
	assert_true(now->extended_leaves >= LEAF_AMD);
	switch (msr) {
	case MSR_SEV_STATUS:
		assert_true(now->features & SEV);
		return now->sev_status;
	case MSR_SYSCFG:
		assert_true(now->features & (SME | SNP));
		return now->syscfg;
	default:
		fail_msg("%s: MSR %x", now->what, msr);
		return 0;
	}
}

static void what_is_in_use_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(machines); i++) {
		const char *found;

		now = &machines[i];
		found = encryption_in_use(&(struct encryption_cpu){fake_cpuid, fake_msr});
		if (!found != !now->found || (found && strcmp(found, now->found) != 0))
			fail_msg("%s: %s", now->what, found ? found : "none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_in_use_is_told)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
