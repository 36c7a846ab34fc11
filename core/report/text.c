/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the numbers in a report mean, in words.
 */
#include <quietus/report.h>

#define NAME_OF(names, number) name_of(names, QT_ARRAY_SIZE(names), number)

static const char *name_of(const char *const *names, size_t count, unsigned number)
{
	return number < count && names[number] ? names[number] : "unknown";
}

static const char *const decisions[] = {
	[QT_UNDECIDED] = "undecided",
	[QT_DIRECT] = "direct",
	[QT_ADOPT] = "adopt",
	[QT_ADMIT] = "admit",
	[QT_STOP] = "stop",
	[QT_LEAVE] = "leave",
	[QT_FENCE] = "fence",
};

const char *qt_decision_name(unsigned decision)
{
	return NAME_OF(decisions, decision);
}

static const char *const outcomes[] = {
	[QT_OUTCOME_NONE] = "none",
	[QT_OUTCOME_COMMITTED] = "committed",
	[QT_OUTCOME_STOCK] = "stock",
	[QT_OUTCOME_UNDONE] = "undone",
	[QT_OUTCOME_OBSERVED] = "observed",
	[QT_OUTCOME_OFF] = "off",
};

const char *qt_outcome_name(unsigned outcome)
{
	return NAME_OF(outcomes, outcome);
}

static const char *const phases[] = {
	[QT_PHASE_ENTRY] = "entry",
	[QT_PHASE_FIND] = "find",
	[QT_PHASE_PLAN] = "plan",
	[QT_PHASE_PREPARE] = "prepare",
	[QT_PHASE_COMMIT] = "commit",
	[QT_PHASE_VERIFY] = "verify",
	[QT_PHASE_HANDOVER] = "hand-over",
	[QT_PHASE_STOP] = "stop",
};

const char *qt_phase_name(unsigned phase)
{
	return NAME_OF(phases, phase);
}

static const char *const clock_sources[] = {
	[QT_CLOCK_CPUID] = "TSC, frequency from CPUID",
	[QT_CLOCK_PM_TIMER] = "TSC, measured against the ACPI PM timer",
	[QT_CLOCK_PIT] = "TSC, measured against the 8254",
	[QT_CLOCK_GUESS] = "TSC, frequency guessed: times are upper bounds",
	[QT_CLOCK_CNTFRQ] = "CNTVCT, frequency from CNTFRQ",
	[QT_CLOCK_CNTVCT_GUESS] = "CNTVCT, frequency guessed: times are lower bounds",
};

const char *qt_clock_source_name(unsigned source)
{
	return NAME_OF(clock_sources, source);
}

static const char *const unit_states[] = {
	[QT_UNIT_OFF] = "off",
	[QT_UNIT_TRANSLATING] = "translating",
	[QT_UNIT_UNSUPPORTED] = "unsupported",
	[QT_UNIT_DEAD] = "dead",
};

const char *qt_unit_state_name(unsigned state)
{
	return NAME_OF(unit_states, state);
}

static const char *const entry_states[] = {
	[QT_REQ_DIRECT] = "direct",
	[QT_REQ_PASSTHROUGH] = "pass-through",
	[QT_REQ_ABSENT] = "absent",
	[QT_REQ_BLOCKED] = "blocked",
	[QT_REQ_TRANSLATED] = "translated",
	[QT_REQ_UNSUPPORTED] = "unsupported",
	[QT_REQ_DAMAGED] = "damaged",
};

const char *qt_entry_state_name(unsigned state)
{
	return NAME_OF(entry_states, state);
}

static const char *const reasons[] = {
	[QT_WHY_NONE] = "",
	[QT_WHY_UNIT_OFF] = "its IOMMU is not translating",
	[QT_WHY_NO_UNIT] = "no IOMMU is in its way",
	[QT_WHY_PASSTHROUGH] = "its entry passes DMA through untranslated",
	[QT_WHY_ALREADY_MAPPED] = "the crash region is already mapped one to one",
	[QT_WHY_FREE] = "the crash region's IOVAs translate nothing",
	[QT_WHY_NO_ENTRY] = "it has no entry",
	[QT_WHY_BLOCKED] = "its entry refuses DMA",
	[QT_WHY_IOVAS_TAKEN] = "IOVAs of the crash region are in use",
	[QT_WHY_TOO_NARROW] = "the crash region lies beyond its table",
	[QT_WHY_TABLE_DAMAGED] = "its table is damaged",
	[QT_WHY_GUARD_BROKEN] = "a leftover translation leads into the crash region",
	[QT_WHY_VIRTUAL_FUNCTION] = "the capture kernel has no use for a virtual function",
	[QT_WHY_ENTRY_DAMAGED] = "its entry is damaged",
	[QT_WHY_ENTRY_UNSUPPORTED] = "its entry is of a kind not supported",
	[QT_WHY_NO_TIME] = "its table is too large, or loops",
	[QT_WHY_NO_PERMISSION] = "an upper level of its table does not let read and write through",
	[QT_WHY_GUARD_UNKNOWN] =
		"its table cannot be read to the end, so it may lead into the crash region",
	[QT_WHY_SHARED_MEMORY] =
		"nothing keeps it off memory that the dead kernel shared with the capture kernel",
	[QT_WHY_PARTS_OF_PAGES] = "the crash region does not begin and end with pages of its table",
	[QT_WHY_NESTED] = "its DMA goes through a guest's tables and then its hypervisor's",
	[QT_WHY_UNIT_DEAD] = "the IOMMU does not answer",
	[QT_WHY_ABORT_MODE] = "the IOMMU is in abort mode",
	[QT_WHY_UNIT_UNSUPPORTED] = "the IOMMU is in a mode that is not known",
	[QT_WHY_ASKED_OFF] = "quietus=off",
	[QT_WHY_ASKED_OBSERVE] = "quietus=observe",
	[QT_WHY_NO_UNITS] = "the machine has no IOMMU",
	[QT_WHY_FIRMWARE_BAD] = "the firmware's description of IOMMUs is damaged",
	[QT_WHY_NO_CRASH_REGION] = "no crash region was handed over",
	[QT_WHY_NO_RAM_MAP] = "the dead kernel's RAM is not known",
	[QT_WHY_FUNCTION_UNREACHED] = "a storage, network or USB function would be lost",
	[QT_WHY_NO_LOW_MEMORY] = "the crash region has no memory below 4 GiB for 32-bit devices",
	[QT_WHY_NO_MEMORY] = "the stage's memory is used up",
	[QT_WHY_TOO_MANY] = "there is more of something than there is room for",
	[QT_WHY_VERIFY_FAILED] = "the result did not verify",
	[QT_WHY_FLUSH_FAILED] = "an IOMMU did not flush its caches",
	[QT_WHY_STORE_FAILED] = "a word could not be changed",
	[QT_WHY_EXCEPTION] = "a CPU exception",
	[QT_WHY_VENDOR_UNSUPPORTED] = "the IOMMU is of a kind not supported",
	[QT_WHY_COMMAND_LINE_FULL] = "the capture kernel's command line has no room",
	[QT_WHY_NOT_RESERVED] = "the stage's memory cannot be reserved",
	[QT_WHY_PROTECTED_MEMORY] = "an IOMMU's protected memory region covers the crash region",
	[QT_WHY_ENCRYPTED] = "memory is encrypted",
	[QT_WHY_NOT_MAPPED] = "the stage cannot map the machine's memory",
	[QT_WHY_GROWN] = "its table leaves the crash region free, once it has more levels",
	[QT_WHY_X2APIC_ID] =
		"the crash CPU's APIC ID needs interrupt remapping, which would end with this",
	[QT_WHY_KERNEL_TOO_OLD] = "the capture kernel is too old to be kept from the IOMMU",
	[QT_WHY_LOCKED_DOWN] = "the capture kernel is locked down, and would find the IOMMU",
	[QT_WHY_DOORBELL_UNSUPPORTED] =
		"devices' messages go to an interrupt controller of a kind not supported",
};

const char *qt_reason_text(unsigned reason)
{
	return NAME_OF(reasons, reason);
}
