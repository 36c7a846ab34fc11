/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Requester tables in scalable mode: a root entry for each bus, in two halves; a
 * context entry for each function; from there a PASID directory, a PASID table,
 * and in that an entry for each PASID, which leads to a domain's table.
 *
 * DMA without a PASID, which is all that a capture kernel's drivers do, is
 * translated by the entry of one PASID: the context entry's RID_PASID. The others
 * lead to the address spaces of processes (shared virtual addressing) or to
 * domains of parts of a device. They are never written, nor are the tables below
 * them walked, and whether there are any does not matter: they translate
 * requests that carry their PASID, and those do not see what is done for RID_PASID.
 * Where one of them shares RID_PASID's table, the capture mapping appears for it
 * as well, at IOVAs that translated to nothing.
 *
 * A requester is blocked in its context entry: one store ends all it could reach,
 * under every PASID, and device TLB and page requests with it. The PASID entry of
 * RID_PASID would not do. PASID tables can be shared, by the aliases of a device
 * in some kernels and by all that are admitted to one domain here, and the others
 * must keep what they have; and processes' address spaces would stay open to a
 * device that was reset. So its directory and all PASID entries stay as they are,
 * for who comes to look at the dead kernel, and admission gives it a directory of
 * our own.
 *
 * Source: Intel VT-d specification, revision 4.1, sections 3.4.3 (scalable mode),
 * 9.2 (root entry), 9.4 (context entry), 9.5 (PASID directory), 9.6 (PASID entry).
 */
#include <quietus/memory.h>

#include "vtd.h"

static bool has(const struct qt_unit *unit, uint64_t capability)
{
	return unit->extended_capability & capability;
}

/* Bits that are set although the unit lacks what would give them a meaning. */
static bool unbacked(const struct qt_unit *unit, uint64_t word, uint64_t bits, uint64_t capability)
{
	return word & bits && !has(unit, capability);
}

static bool root_sound(const struct qt_unit *unit, uint64_t word)
{
	return !(word & VTD_SM_ROOT_RESERVED) && vtd_pointer_fits(unit, word);
}

static bool context_sound(const struct qt_unit *unit, const uint64_t *words)
{
	return !(words[0] & VTD_SM_LO_RESERVED) && !(words[1] & VTD_SM_HI_RESERVED) &&
	       words[2] == 0 && words[3] == 0 && vtd_pointer_fits(unit, words[0]) &&
	       !unbacked(unit, words[0], VTD_SM_DTE, VTD_ECAP_DT) &&
	       !unbacked(unit, words[0], VTD_SM_PASIDE, VTD_ECAP_PASID) &&
	       !unbacked(unit, words[0], VTD_SM_PRE, VTD_ECAP_PRS) &&
	       !unbacked(unit, words[0], VTD_SM_HPTE, VTD_ECAP_HPTS) &&
	       !unbacked(unit, words[0], VTD_SM_EPTR, VTD_ECAP_PTRS) &&
	       !unbacked(unit, words[1], VTD_SM_RID_PASID_MASK, VTD_ECAP_RPS) &&
	       !unbacked(unit, words[1], VTD_SM_RID_PRIV, VTD_ECAP_RPRIVS) &&
	       VTD_DIRECTORY_INDEX(VTD_SM_RID_PASID(words[1])) < VTD_DIRECTORY_ENTRIES(words[0]);
}

static bool directory_sound(const struct qt_unit *unit, uint64_t word)
{
	return !(word & VTD_DIRECTORY_RESERVED) && vtd_pointer_fits(unit, word);
}

/*
 * AW is not looked at here: Linux fills it in for every type of entry, and units
 * without second-stage tables take that.
 */
static bool pasid_sound(const struct qt_unit *unit, const uint64_t *words)
{
	const uint64_t second = VTD_PASID0_SSADE | VTD_POINTER;
	const uint64_t first = VTD_PASID2_FSPM_MASK | VTD_PASID2_WPE | VTD_POINTER;

	if (words[0] & VTD_PASID0_RESERVED || words[1] & VTD_PASID1_RESERVED ||
		words[2] & VTD_PASID2_RESERVED || words[3] || words[6] || words[7])
		return false;
	if (!vtd_pointer_fits(unit, words[0]) || !vtd_pointer_fits(unit, words[2]) ||
		!vtd_domain_id_fits(unit, VTD_PASID1_DID(words[1])))
		return false;
	return !unbacked(unit, words[0], second, VTD_ECAP_SSTS) &&
	       !unbacked(unit, words[0], VTD_PASID0_SSADE, VTD_ECAP_SSADS) &&
	       !unbacked(unit, words[1], VTD_PASID1_PWSNP, VTD_ECAP_SMPWC) &&
	       !unbacked(unit, words[1], VTD_PASID1_PGSNP, VTD_ECAP_SC) &&
	       !unbacked(unit, words[1], VTD_PASID1_MEMORY_TYPE, VTD_ECAP_MTS) &&
	       !unbacked(unit, words[2], first, VTD_ECAP_FSTS) &&
	       !unbacked(unit, words[2], VTD_PASID2_SRE, VTD_ECAP_SRS) &&
	       !unbacked(unit, words[2], VTD_PASID2_EAFE, VTD_ECAP_EAFS) &&
	       !unbacked(unit, words[4] | words[5], UINT64_MAX, VTD_ECAP_HPTS);
}

static struct qt_geometry first_stage(const struct qt_unit *unit, unsigned levels)
{
	return (struct qt_geometry){
		.format = &qt_format_x86_64_first_stage,
		.levels = (uint8_t)levels,
		.granule_lg2 = 12,
		.index_lg2 = 9,
		.leaf_level = unit->capability & VTD_CAP_FS1GP ? 2 : 1,
		/* The unit's MGAW is about second-stage tables only (11.4.2). */
		.input_bits = 0,
		.output_bits = unit->output_bits,
		.coherent = has(unit, VTD_ECAP_SMPWC),
		.sign_extended = true,
		.accessed_dirty = true,
	};
}

static struct qt_geometry second_stage(const struct qt_unit *unit, unsigned levels)
{
	struct qt_geometry geometry = vtd_second_stage(unit, levels);

	geometry.coherent = has(unit, VTD_ECAP_SMPWC);
	return geometry;
}

static bool first_stage_levels_supported(const struct qt_unit *unit, unsigned levels)
{
	return levels == 4 || (levels == 5 && unit->capability & VTD_CAP_FS5LP);
}

static void set_table(struct qt_unit_entry *entry, const struct qt_geometry *geometry, qt_phys root)
{
	entry->state = QT_REQ_TRANSLATED;
	entry->reason = QT_WHY_NONE;
	entry->table = (struct qt_table){*geometry, root};
}

static void decode_first_stage(
	const struct qt_unit *unit, const uint64_t *words, struct qt_unit_entry *entry)
{
	unsigned levels = 4 + VTD_PASID2_FSPM(words[2]);
	struct qt_geometry geometry = first_stage(unit, levels);

	geometry.coherent = words[1] & VTD_PASID1_PWSNP;
	if (has(unit, VTD_ECAP_FSTS) && first_stage_levels_supported(unit, levels))
		set_table(entry, &geometry, words[2] & VTD_POINTER);
}

static void decode_second_stage(
	const struct qt_unit *unit, const uint64_t *words, struct qt_unit_entry *entry)
{
	unsigned levels = VTD_PASID0_AW(words[0]) + 2;
	struct qt_geometry geometry = second_stage(unit, levels);

	geometry.coherent = words[1] & VTD_PASID1_PWSNP;
	geometry.accessed_dirty = words[0] & VTD_PASID0_SSADE;
	if (has(unit, VTD_ECAP_SSTS) && vtd_levels_supported(unit, levels))
		set_table(entry, &geometry, words[0] & VTD_POINTER);
}

/* What a present PASID entry means. */
static void decode_pasid(
	const struct qt_unit *unit, const uint64_t *words, struct qt_unit_entry *entry)
{
	entry->domain_id = VTD_PASID1_DID(words[1]);
	vtd_set_damaged(entry);
	if (!pasid_sound(unit, words))
		return;
	switch (VTD_PASID0_TYPE(words[0])) {
	case VTD_PGTT_FIRST:
		decode_first_stage(unit, words, entry);
		break;
	case VTD_PGTT_SECOND:
		decode_second_stage(unit, words, entry);
		break;
	case VTD_PGTT_PASS:
		if (!has(unit, VTD_ECAP_PT))
			break;
		entry->state = QT_REQ_PASSTHROUGH;
		entry->reason = QT_WHY_NONE;
		break;
	case VTD_PGTT_NESTED:
		/* A guest's own first-stage table: its IOVAs are for a hypervisor to give. */
		if (!has(unit, VTD_ECAP_NEST))
			break;
		decode_second_stage(unit, words, entry);
		if (entry->state != QT_REQ_TRANSLATED)
			break;
		qt_entry_refuse(entry, QT_REQ_UNSUPPORTED, QT_WHY_NESTED);
		break;
	default:
		break;
	}
}

static qt_phys root_half(const struct qt_unit *unit, unsigned bus, unsigned half)
{
	return unit->root + (bus * VTD_SM_HALVES + half) * sizeof(uint64_t);
}

static unsigned half_of(qt_rid rid)
{
	return QT_RID_DEVFN(rid) / VTD_SM_CONTEXTS;
}

static qt_phys context_in(qt_phys contexts, qt_rid rid)
{
	return contexts + QT_RID_DEVFN(rid) % VTD_SM_CONTEXTS * VTD_SM_CONTEXT_SIZE;
}

static qt_phys directory_entry(const uint64_t *context, uint32_t pasid)
{
	return (context[0] & VTD_POINTER) + VTD_DIRECTORY_INDEX(pasid) * sizeof(uint64_t);
}

static qt_phys pasid_entry(uint64_t directory, uint32_t pasid)
{
	return (directory & VTD_POINTER) + VTD_PASID_INDEX(pasid) * VTD_PASID_SIZE;
}

/*
 * From a present context entry down to what its RID_PASID has. Tables on the way
 * that cannot be read make it damaged: that is no reason to give up the others.
 */
static int decode_context(const struct qt_unit *unit, struct qt_reader *reader,
	const uint64_t *context, struct qt_unit_entry *entry)
{
	uint32_t pasid = VTD_SM_RID_PASID(context[1]);
	uint64_t directory, words[VTD_PASID_WORDS];
	int error;

	vtd_set_damaged(entry);
	if (!context_sound(unit, context))
		return QT_OK;
	entry->ats = context[0] & VTD_SM_DTE;
	error = qt_reader_words(reader, directory_entry(context, pasid), &directory, 1);
	if (error == QT_OK && directory & VTD_PRESENT) {
		if (!directory_sound(unit, directory))
			return QT_OK;
		error = qt_reader_words(
			reader, pasid_entry(directory, pasid), words, VTD_PASID_WORDS);
	}
	if (error == QT_E_OUTSIDE || error == QT_E_IO) {
		entry->reason = QT_WHY_GUARD_UNKNOWN; /* hardware may be able to */
		return QT_OK;
	}
	if (error)
		return error;
	if (!(directory & VTD_PRESENT) || !(words[0] & VTD_PRESENT)) {
		entry->state = QT_REQ_BLOCKED;
		entry->reason = QT_WHY_NONE;
		return QT_OK;
	}
	decode_pasid(unit, words, entry);
	/* Its DMA counts as a supervisor's: other rules hold in every table. */
	if (context[1] & VTD_SM_RID_PRIV && entry->state == QT_REQ_TRANSLATED)
		qt_entry_refuse(entry, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED);
	return QT_OK;
}

int vtd_scalable_entry(const struct qt_unit *unit, struct qt_reader *reader, qt_rid rid,
	struct qt_unit_entry *entry)
{
	uint64_t root, context[VTD_SM_CONTEXT_WORDS];
	int error;

	*entry = (struct qt_unit_entry){.rid = rid, .state = QT_REQ_ABSENT};
	error = qt_reader_words(reader, root_half(unit, QT_RID_BUS(rid), half_of(rid)), &root, 1);
	if (error || !(root & VTD_PRESENT))
		return error;
	if (!root_sound(unit, root)) {
		vtd_set_damaged(entry);
		return QT_OK;
	}
	error = qt_reader_words(
		reader, context_in(root & VTD_POINTER, rid), context, VTD_SM_CONTEXT_WORDS);
	if (error || !(context[0] & VTD_PRESENT))
		return error;
	return decode_context(unit, reader, context, entry);
}

/* Calls each for every present context entry below a half of a root entry. */
struct contexts {
	const struct qt_unit *unit;
	struct qt_reader *reader;
	int (*each)(struct contexts *all, qt_rid rid, const uint64_t *context);
	/* each's own. */
	vtd_visit_fn visit;
	void *context;
	uint32_t id;
	bool used;
};

static int contexts_below(struct contexts *all, qt_rid first, qt_phys table)
{
	for (unsigned i = 0; i < VTD_SM_CONTEXTS; i++) {
		uint64_t context[VTD_SM_CONTEXT_WORDS];
		int error = qt_reader_words(all->reader, table + i * VTD_SM_CONTEXT_SIZE, context,
			VTD_SM_CONTEXT_WORDS);

		if (error == QT_OK && context[0] & VTD_PRESENT)
			error = all->each(all, first + i, context);
		if (error)
			return error;
	}
	return QT_OK;
}

/* The damaged entry that stands for a half that cannot be read, where anybody wants to know. */
static int half_unread(struct contexts *all, qt_rid first, bool refused)
{
	return all->visit ? vtd_visit_damaged(first, refused, all->visit, all->context) : QT_OK;
}

static int each_context(struct contexts *all)
{
	for (unsigned n = 0; n < VTD_BUSES * VTD_SM_HALVES; n++) {
		const struct qt_unit *unit = all->unit;
		unsigned bus = n / VTD_SM_HALVES, half = n % VTD_SM_HALVES;
		qt_rid first = QT_RID(unit->segment, bus, half * VTD_SM_CONTEXTS);
		uint64_t word;
		int error = qt_reader_words(all->reader, root_half(unit, bus, half), &word, 1);

		/* Each half has a present bit of its own. */
		if (error == QT_OK && word & VTD_PRESENT) {
			error = root_sound(unit, word)
					? contexts_below(all, first, word & VTD_POINTER)
					: QT_E_OUTSIDE;
			if (error == QT_E_OUTSIDE || error == QT_E_IO)
				error = half_unread(all, first, !root_sound(unit, word));
		}
		if (error)
			return error;
	}
	return QT_OK;
}

static int visit_context(struct contexts *all, qt_rid rid, const uint64_t *context)
{
	struct qt_unit_entry entry = {.rid = rid};
	int error = decode_context(all->unit, all->reader, context, &entry);

	return error ? error : all->visit(all->context, &entry);
}

int vtd_scalable_scan(
	const struct qt_unit *unit, struct qt_reader *reader, vtd_visit_fn visit, void *context)
{
	struct contexts all = {
		.unit = unit,
		.reader = reader,
		.each = visit_context,
		.visit = visit,
		.context = context,
	};

	return each_context(&all);
}

/* Tables that cannot be read translate nothing, so nothing is cached under IDs in them. */
static int readable(int error)
{
	return error == QT_E_OUTSIDE || error == QT_E_IO ? QT_OK : error;
}

static int find_id_in_table(struct contexts *all, uint64_t directory)
{
	for (uint32_t i = 0; i < VTD_PASID_ENTRIES && !all->used; i++) {
		uint64_t words[2];
		int error = qt_reader_words(all->reader, pasid_entry(directory, i), words, 2);

		if (error)
			return readable(error);
		all->used = words[0] & VTD_PRESENT && VTD_PASID1_DID(words[1]) == all->id;
	}
	return QT_OK;
}

static int find_id(struct contexts *all, qt_rid rid, const uint64_t *context)
{
	(void)rid;
	if (!context_sound(all->unit, context))
		return QT_OK;
	for (uint32_t i = 0; i < VTD_DIRECTORY_ENTRIES(context[0]) && !all->used; i++) {
		uint64_t directory;
		int error = qt_reader_words(all->reader,
			(context[0] & VTD_POINTER) + i * sizeof(directory), &directory, 1);

		if (error == QT_OK && directory & VTD_PRESENT &&
			directory_sound(all->unit, directory))
			error = find_id_in_table(all, directory);
		if (error)
			return readable(error);
	}
	return QT_OK;
}

/* All PASIDs' entries count, for the unit's caches are tagged with their domain IDs too. */
int vtd_scalable_domain_id_used(
	const struct qt_unit *unit, struct qt_reader *reader, uint32_t id, bool *used)
{
	struct contexts all = {.unit = unit, .reader = reader, .each = find_id, .id = id};
	int error = each_context(&all);

	*used = all.used;
	return error;
}

/* The PASID entry of an admitted requester. */
static void make_pasid_entry(const struct qt_unit_change *change, uint64_t words[VTD_PASID_WORDS])
{
	const struct qt_table *table = &change->domain->table;
	const struct qt_geometry *g = &table->geometry;

	for (unsigned i = 0; i < VTD_PASID_WORDS; i++)
		words[i] = 0;
	words[1] = change->domain->id | (has(change->unit, VTD_ECAP_SMPWC) ? VTD_PASID1_PWSNP : 0);
	if (g->format == &qt_format_x86_64_first_stage) {
		/* Units take AW as Linux fills it in; QEMU's has it limit the IOVAs. */
		words[0] = VTD_PASID0(g->levels - 2u, VTD_PGTT_FIRST) | VTD_PRESENT;
		words[2] = table->root | (uint64_t)(g->levels - 4u) << 2;
	} else {
		words[0] = table->root | VTD_PASID0(g->levels - 2u, VTD_PGTT_SECOND) | VTD_PRESENT;
	}
}

/*
 * One that is there already must be the same (two aliases with one table), but for
 * tables of our own: what led to them was released, or leads to this domain.
 */
static int put_pasid_entry(const struct qt_unit_change *change, qt_phys at, bool own)
{
	uint64_t before[VTD_PASID_WORDS], after[VTD_PASID_WORDS];
	int error = qt_change_words(change, at, before, VTD_PASID_WORDS);

	if (error)
		return error;
	make_pasid_entry(change, after);
	if (before[0] & VTD_PRESENT && memcmp(before, after, sizeof(after)) != 0) {
		error = own ? qt_change_put(change, at, before[0], 0) : QT_E_BUSY;
		before[0] = 0;
	}
	return error ? error : qt_change_put_entry(change, at, before, after, VTD_PASID_WORDS);
}

/*
 * A PASID directory of our own in which PASID 0 has the domain: made once for all
 * that come in under it, so that hundreds of them need no more memory than one, and
 * kept for the next domain in the same place of the list.
 */
static int own_directory(const struct qt_unit_change *change, qt_phys *directory)
{
	struct qt_domain *domain = change->domain;
	int error = QT_OK;
	qt_phys table;

	if (domain->directory)
		*directory = domain->directory;
	else
		error = qt_change_new(change, VTD_TABLE_SIZE, directory);
	if (error == QT_OK)
		error = vtd_child_table(change, *directory, &table);
	if (error == QT_OK)
		error = put_pasid_entry(change, table, true);
	if (error == QT_OK)
		domain->directory = *directory;
	return error;
}

static int new_context(const struct qt_unit_change *change, qt_phys at, const uint64_t *before)
{
	uint64_t context[VTD_SM_CONTEXT_WORDS] = {0};
	qt_phys directory;
	int error = own_directory(change, &directory);

	if (error)
		return error;
	context[0] = directory | VTD_PRESENT;
	return qt_change_put_entry(change, at, before, context, VTD_SM_CONTEXT_WORDS);
}

/* Its context entry is there, with other PASIDs perhaps; only RID_PASID has nothing. */
static int complete_context(const struct qt_unit_change *change, const uint64_t *context)
{
	uint32_t pasid = VTD_SM_RID_PASID(context[1]);
	qt_phys table;
	int error;

	if (!context_sound(change->unit, context))
		return QT_E_BAD;
	error = vtd_child_table(change, directory_entry(context, pasid), &table);
	return error ? error : put_pasid_entry(change, pasid_entry(table, pasid), false);
}

int vtd_scalable_admit(const struct qt_unit_change *change)
{
	qt_phys root = root_half(change->unit, QT_RID_BUS(change->rid), half_of(change->rid));
	uint64_t context[VTD_SM_CONTEXT_WORDS];
	qt_phys contexts, at;
	int error = vtd_child_table(change, root, &contexts);

	if (error)
		return error;
	at = context_in(contexts, change->rid);
	error = qt_change_words(change, at, context, VTD_SM_CONTEXT_WORDS);
	if (error)
		return error;
	return context[0] & VTD_PRESENT ? complete_context(change, context)
					: new_context(change, at, context);
}

/* Finds the context entry of a requester that has one, whatever it says. */
static int present_context(const struct qt_unit_change *change, qt_phys *at, uint64_t *context)
{
	qt_phys root = root_half(change->unit, QT_RID_BUS(change->rid), half_of(change->rid));
	uint64_t word;
	int error = qt_change_words(change, root, &word, 1);

	if (error == QT_OK && (!(word & VTD_PRESENT) || !root_sound(change->unit, word)))
		error = QT_E_NOTFOUND;
	if (error)
		return error;
	*at = context_in(word & VTD_POINTER, change->rid);
	error = qt_change_words(change, *at, context, VTD_SM_CONTEXT_WORDS);
	return error == QT_OK && !(context[0] & VTD_PRESENT) ? QT_E_NOTFOUND : error;
}

/* Finds the entry of a requester's RID_PASID, where it has one. */
static int present_pasid(const struct qt_unit_change *change, qt_phys *at, uint64_t *words)
{
	uint64_t context[VTD_SM_CONTEXT_WORDS], directory;
	int error = present_context(change, at, context);
	uint32_t pasid;

	if (error == QT_OK && !context_sound(change->unit, context))
		error = QT_E_BAD;
	if (error)
		return error;
	pasid = VTD_SM_RID_PASID(context[1]);
	error = qt_change_words(change, directory_entry(context, pasid), &directory, 1);
	if (error == QT_OK && !(directory & VTD_PRESENT))
		error = QT_E_NOTFOUND;
	if (error)
		return error;
	*at = pasid_entry(directory, pasid);
	error = qt_change_words(change, *at, words, VTD_PASID_WORDS);
	return error == QT_OK && !(words[0] & VTD_PRESENT) ? QT_E_NOTFOUND : error;
}

/* The pointer's word, another one for each stage, also tells the levels: they stay as many. */
int vtd_scalable_set_root(const struct qt_unit_change *change)
{
	uint64_t words[VTD_PASID_WORDS];
	struct qt_unit_entry now = {.rid = change->rid};
	unsigned word;
	qt_phys at;
	int error = present_pasid(change, &at, words);

	if (error)
		return error;
	decode_pasid(change->unit, words, &now);
	if (now.state != QT_REQ_TRANSLATED ||
		now.table.geometry.format != change->table->geometry.format ||
		now.table.geometry.levels != change->table->geometry.levels)
		return QT_E_UNSUPPORTED;
	word = VTD_PASID0_TYPE(words[0]) == VTD_PGTT_FIRST ? 2 : 0;
	return qt_change_put(change, at + word * sizeof(words[0]), words[word],
		(words[word] & ~VTD_POINTER) | change->table->root);
}

int vtd_scalable_block(const struct qt_unit_change *change)
{
	uint64_t context[VTD_SM_CONTEXT_WORDS];
	qt_phys at;
	int error = present_context(change, &at, context);

	return error ? error : qt_change_put(change, at, context[0], 0);
}

int vtd_scalable_geometry(const struct qt_unit *unit, unsigned levels, struct qt_geometry *geometry)
{
	if (has(unit, VTD_ECAP_SSTS) && vtd_levels_supported(unit, levels))
		*geometry = second_stage(unit, levels);
	else if (!has(unit, VTD_ECAP_SSTS) && has(unit, VTD_ECAP_FSTS) &&
		 first_stage_levels_supported(unit, levels))
		*geometry = first_stage(unit, levels);
	else
		return QT_E_UNSUPPORTED;
	return QT_OK;
}
