/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Guest ("v2") translation: a device table entry can lead to a table of guest CR3s,
 * one for each PASID, and each of those to page tables like a CPU's. Requests
 * without a PASID, which is all that a capture kernel's drivers send, go through
 * those of PASID 0 where the entry says so (GIoV). Linux uses that without host
 * tables behind it (amd_iommu=pgtbl_v2), and such a domain can be adopted.
 *
 * The other PASIDs belong to processes: what is theirs is neither read nor written.
 *
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification, 48882,
 * revision 3.08, sections 2.2.2 (device table entry), 2.2.6 (guest page tables and
 * the guest CR3 table) and 2.2.7 (guest and nested translation).
 */
#include "amdvi.h"

/* Entry of a guest CR3 table, at each of its levels. */
#define GCR3_PRESENT  (1ull << 0)
#define GCR3_ADDRESS  0x000ffffffffff000ull
#define GCR3_RESERVED (~(GCR3_ADDRESS | GCR3_PRESENT))

bool amdvi_guest_sound(const struct qt_unit *unit, const uint64_t *words)
{
	const uint64_t control = unit->extended_capability, features = unit->capability;

	return features & AMDVI_FEATURE_GUEST && control & AMDVI_CONTROL_GUEST &&
	       AMDVI_GCR3_LEVELS(words[0]) <= AMDVI_FEATURE_GCR3_LEVELS(features) &&
	       AMDVI_GCR3_LEVELS(words[0]) < AMDVI_GCR3_LEVELS_RESERVED &&
	       AMDVI_GUEST_LEVELS(words[2]) <= AMDVI_FEATURE_GUEST_LEVELS(features) &&
	       AMDVI_GUEST_LEVELS(words[2]) < AMDVI_GUEST_LEVELS_RESERVED &&
	       (!(words[0] & AMDVI_GUEST_IO) || features & AMDVI_FEATURE_GUEST_IO);
}

/* All of these tables' roots are whole pages; PASID 0 is the first entry at every level. */
static int read_guest_cr3(struct qt_reader *reader, const uint64_t *words, uint64_t *entry)
{
	qt_phys table = AMDVI_GCR3_TABLE(words);

	for (unsigned level = AMDVI_GCR3_LEVELS(words[0]);; level--) {
		int error = qt_reader_words(reader, table, entry, 1);

		if (error || level == 0 || !(*entry & GCR3_PRESENT) || *entry & GCR3_RESERVED)
			return error;
		table = *entry & GCR3_ADDRESS;
	}
}

static struct qt_table guest_table(
	const struct qt_unit *unit, const uint64_t *words, uint64_t guest_cr3)
{
	const unsigned perms =
		(words[0] & AMDVI_READ ? QT_READ : 0) | (words[0] & AMDVI_WRITE ? QT_WRITE : 0);

	return (struct qt_table){
		.geometry = {.format = &qt_format_x86_64_first_stage,
			.levels = (uint8_t)(4 + AMDVI_GUEST_LEVELS(words[2])),
			.granule_lg2 = 12,
			.index_lg2 = 9,
			.leaf_level = 2,
			.output_bits = unit->output_bits,
			/* Its levels are not in the same word as its root. */
			.levels_max = 0,
			.denied = (uint8_t)(QT_RW & ~perms),
			.coherent = unit->coherent && !(words[1] & AMDVI_NO_SNOOP),
			/*
			 * As documented (2.2.6.5); those of PASID 0 are not, says Linux
			 * (dma_max_address). The lower half is the same either way.
			 */
			.sign_extended = true,
			.accessed_dirty = true},
		.root = guest_cr3 & GCR3_ADDRESS,
	};
}

int amdvi_decode_guest(const struct qt_unit *unit, struct qt_reader *reader, const uint64_t *words,
	struct qt_unit_entry *entry)
{
	uint64_t guest_cr3;
	int error = read_guest_cr3(reader, words, &guest_cr3);

	if (error == QT_E_OUTSIDE || error == QT_E_IO) {
		qt_entry_refuse(
			entry, QT_REQ_DAMAGED, QT_WHY_GUARD_UNKNOWN); /* hardware may read it */
	} else if (error) {
		return error;
	} else if (!(guest_cr3 & GCR3_PRESENT)) {
		/* Blocked, but not to be admitted: other PASIDs may be in use. */
		qt_entry_refuse(entry, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED);
	} else if (guest_cr3 & GCR3_RESERVED) {
		qt_entry_refuse(entry, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED);
	} else {
		entry->state = QT_REQ_TRANSLATED;
		entry->reason = QT_WHY_NONE;
		entry->ats = words[1] & AMDVI_IOTLB;
		entry->table = guest_table(unit, words, guest_cr3);
	}
	return QT_OK;
}
