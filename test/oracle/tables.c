/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tables: what a dead kernel leaves in memory for one IOMMU, random by a seed, and
 * where the core says that DMA goes through it, for others to try (qemu, addrxlat.c).
 *
 *   tables FAMILY SEED [taken | damaged]
 *
 * "taken": after a takeover. "damaged": single bits of table entries are wrong, those
 * that hold addresses aside. Prints a line each for
 *
 *   register WIDTH OFFSET VALUE      of the unit, that leads to the tables
 *   page ADDRESS BYTES               of memory, in hexadecimal
 *   table DEVICE FORMAT LEVELS ROOT  that a device's DMA goes through
 *   probe DEVICE IOVA PHYS PERMS     where an access of 8 bytes goes; PERMS is "rw",
 *                                    "r", "w" or "none"
 *
 * Exit code 3: a takeover that the core refused.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <machine/random.h>
#include <machine/scenario.h>
#include <quietus/unit.h>

#define DEVICES    12u
#define REGIONS    24u
#define DAMAGED    12u /* entries of a domain */
#define PROBES     42u /* of a device: each has 8 bytes of a page to itself */
#define FIRST      QT_RID(0, 0, 0x80)
#define REGISTERS  0xfed90000u
#define INTERRUPTS QT_MIB(0xfee) /* a MiB of IOVAs that are messages on x86 */

struct family {
	const char *name;
	struct model_unit_config (*config)(qt_phys registers);
	bool first_stage;
	qt_phys ram;           /* where QEMU's machine has it; 2 GiB are used */
	unsigned registers[2]; /* offset of the one with the tables' address, of one of 32 bits */
	unsigned levels[2];    /* that domains can have; 0: no other */
	uint64_t damage;       /* bits of entries that may be wrong */
};

/*
 * Damage leaves out addresses, flags that hardware sets, and bits that QEMU does not treat as
 * specified. AMD-Vi: it checks no reserved bits, no order of levels, no PR of a leaf.
 * SMMUv3: no access flag, no access for privileged only, no contiguous runs, no reserved
 * type of leaf. VT-d: SNP and TM are reserved there, which the core does not look at.
 */
#define BITS(last, first) (UINT64_MAX >> (63 - (last) + (first)) << (first))
#define DAMAGE_VTD        (BITS(10, 0) | BITS(61, 52) | BITS(63, 63))
#define DAMAGE_AMDVI      (BITS(8, 1) | BITS(63, 61))
#define DAMAGE_SMMUV3                                                                              \
	(BITS(0, 0) | BITS(5, 2) | BITS(9, 7) | BITS(11, 11) | BITS(60, 53) | BITS(63, 62))

static const struct family families[] = {
	{"vtd", model_unit_default, .registers = {0x20}, .levels = {3, 4}, .damage = DAMAGE_VTD},
	{"vtd-scalable", model_unit_scalable, .registers = {0x20}, .levels = {3, 4},
		.damage = DAMAGE_VTD},
	{"vtd-first-stage", model_unit_scalable, .first_stage = true, .registers = {0x20},
		.levels = {4}, .damage = BITS(4, 0) | BITS(11, 7) | BITS(63, 52)},
	{"amdvi", model_amdvi_default, .registers = {0}, .levels = {3, 4}, .damage = DAMAGE_AMDVI},
	{"smmuv3", model_smmu_default, .ram = QT_GIB(1), .registers = {0x80, 0x88},
		.levels = {3, 4}, .damage = DAMAGE_SMMUV3},
};

/* What was mapped, and maybe unmapped again. */
struct region {
	qt_iova iova;
	uint64_t size;
};

static struct region regions[DEVICES][REGIONS];

static const struct family *family_named(const char *name)
{
	for (size_t i = 0; i < QT_ARRAY_SIZE(families); i++)
		if (strcmp(families[i].name, name) == 0)
			return &families[i];
	fprintf(stderr, "tables: unknown family %s\n", name);
	exit(2);
}

/* A unit like the one that QEMU has. */
static struct model_unit_config config_of(const struct family *family)
{
	struct model_unit_config unit = family->config(REGISTERS);

	unit.levels = 1 << 3 | 1 << 4;
	unit.large_2m = unit.large_1g = unit.first_1g = true;
	unit.pass_through = true;
	unit.first_stage = family->first_stage;
	unit.second_stage = unit.scalable && !family->first_stage;
	unit.amdvi.entries = 256;
	unit.smmu.output = 4; /* 44 bits */
	unit.smmu.stalls = 1;
	return unit;
}

static struct model *machine_of(const struct family *family, uint64_t seed)
{
	struct model_unit_config unit = config_of(family);
	struct qt_range ram[] = {{0, 0xa0000}, {family->ram + QT_MIB(1), family->ram + QT_GIB(2)}};
	struct qt_range crash = {family->ram + QT_MIB(512), family->ram + QT_MIB(528)};

	return model_new(&(struct model_config){.ram = family->ram ? ram + 1 : ram,
		.ram_count = family->ram ? 1 : 2,
		.crash = &crash,
		.crash_count = 1,
		.units = &unit,
		.unit_count = 1,
		.seed = seed});
}

/* Tables are in the first GiB of RAM; all that DMA goes to is in the second, or is the crash
 * region. */
static qt_phys data(const struct family *family)
{
	return family->ram + QT_GIB(1);
}

/* Whether a takeover needs some of these IOVAs. */
static bool in_the_way(const struct model *m, qt_iova iova, uint64_t size)
{
	return (iova < m->crash[0].end && iova + size > m->crash[0].start) ||
	       (iova < MODEL_DOORBELL_END && iova + size > MODEL_DOORBELL);
}

/* Mostly pages, some of them 2 MiB, a few 1 GiB; some are unmapped again. None is in the way. */
static void map_some(struct model *m, const struct family *family, struct model_domain *domain,
	struct region *list)
{
	struct model_random *random = &m->random;

	for (unsigned i = 0; i < REGIONS; i++) {
		unsigned level = (unsigned)model_random_below(random, 16);
		unsigned lg2 = level == 0 ? 30 : level < 5 ? 21 : 12;
		unsigned span_lg2 = model_random_chance(random, 50) ? 33 : 12 + 9 * domain->levels;
		uint64_t size = (level ? 1 + model_random_below(random, 4) : 1) << lg2;
		uint64_t room = QT_GIB(1) - size + (UINT64_C(1) << lg2);
		qt_phys phys = data(family) + (model_random_below(random, room) >> lg2 << lg2);
		qt_iova iova;

		/* A CPU's tables have their upper half elsewhere. */
		span_lg2 -= family->first_stage && span_lg2 == 48;
		iova = model_random_below(random, (UINT64_C(1) << span_lg2) - size) >> lg2 << lg2;
		if (in_the_way(m, iova, size))
			continue;
		list[i] = (struct region){iova, size};
		model_map(m, domain, iova, phys, size, 1 + (unsigned)model_random_below(random, 3),
			(lg2 - 12) / 9);
		if (model_random_chance(random, 15))
			model_unmap(m, domain, iova, size);
	}
}

/* Turns single bits of entries over, at any level on the way to something that was mapped. */
static void damage(struct model *m, const struct family *family, struct model_domain *domain,
	const struct region *list)
{
	for (unsigned i = 0; i < DAMAGED; i++) {
		unsigned region = (unsigned)model_random_below(&m->random, REGIONS);
		unsigned level = (unsigned)model_random_below(&m->random, domain->levels);
		unsigned bit = (unsigned)model_random_below(&m->random, 64);
		qt_phys at = model_table_entry(m, domain, list[region].iova, level);

		while (!(family->damage >> bit & 1))
			bit = (bit + 1) % 64;
		if (at && model_peek(m, at))
			model_poke(m, at, model_peek(m, at) ^ UINT64_C(1) << bit);
	}
}

/* One domain each, the last device shares that of the one before, or has nothing. */
static void fill(struct model *m, const struct family *family, bool damaged)
{
	struct model_domain *domain = NULL;
	unsigned shared = (unsigned)model_random_below(&m->random, 3);
	unsigned levels = family->levels[1] ? 2 : 1;

	model_start_unit(m, 0);
	for (unsigned i = 0; i < DEVICES; i++) {
		qt_rid rid = FIRST + 8 * i;

		model_add_function(m, rid, 0x1234, 0x11e8, 0x020000);
		if (i + 1 == DEVICES && shared == 1) {
			model_attach_pass(m, 0, rid);
			continue;
		}
		if (i + 1 == DEVICES && shared == 2)
			continue;
		if (i + 1 < DEVICES) {
			domain = model_domain_new(m, 0,
				family->levels[model_random_below(&m->random, levels)],
				(uint16_t)(i + 1));
			map_some(m, family, domain, regions[i]);
			if (damaged)
				damage(m, family, domain, regions[i]);
		} else {
			memcpy(regions[i], regions[i - 1], sizeof(regions[i]));
		}
		model_attach(m, domain, rid, 0);
	}
}

static void print_registers(struct model *m, const struct family *family)
{
	const struct qt_host *host = &m->host;

	printf("register 64 0x%x 0x%" PRIx64 "\n", family->registers[0],
		host->mmio_read64(host->context, REGISTERS + family->registers[0]));
	if (family->registers[1])
		printf("register 32 0x%x 0x%x\n", family->registers[1],
			host->mmio_read32(host->context, REGISTERS + family->registers[1]));
}

static void print_pages(struct model *m, qt_phys from, qt_phys to)
{
	for (qt_phys page = from; page < to; page += MODEL_PAGE) {
		uint64_t words[MODEL_PAGE / 8], any = 0;

		for (unsigned i = 0; i < MODEL_PAGE / 8; i++)
			any |= words[i] = model_peek(m, page + 8 * i);
		if (!any)
			continue;
		printf("page 0x%" PRIx64 " ", page);
		for (unsigned i = 0; i < MODEL_PAGE; i++)
			printf("%02x", (unsigned)(words[i / 8] >> i % 8 * 8 & 0xff));
		putchar('\n');
	}
}

static qt_iova pick(struct model *m, const struct family *family, const struct region *list)
{
	const struct region *region = &list[model_random_below(&m->random, REGIONS)];
	unsigned kind = (unsigned)model_random_below(&m->random, 100);

	if (kind < 20)
		return m->crash[0].start + model_random_below(&m->random, QT_MIB(16));
	if (kind < 30)
		return model_random_next(&m->random) >> model_random_below(&m->random, 40);
	if (kind < 40)
		return data(family) + model_random_below(&m->random, QT_GIB(1));
	if (kind < 45)
		return region->iova - MODEL_PAGE;
	if (kind < 50)
		return region->iova + region->size;
	return region->iova + (region->size ? model_random_below(&m->random, region->size) : 0);
}

/* What the unit has for a device, from its own tables down. */
static struct qt_unit_entry entry_of(const struct qt_machine *machine, unsigned device)
{
	const struct qt_unit *unit = &machine->units[0];
	struct qt_reader reader = qt_machine_reader(machine, 100);
	struct qt_unit_entry entry;

	if (unit->ops->entry(unit, &reader, FIRST + 8 * device, &entry))
		entry = (struct qt_unit_entry){.state = QT_REQ_BLOCKED};
	return entry;
}

/* Where DMA goes; false: nowhere. */
static bool ask(const struct qt_machine *machine, const struct qt_unit_entry *entry, qt_iova iova,
	struct qt_mapping *mapping)
{
	struct qt_reader reader = qt_machine_reader(machine, 100);

	if (entry->state == QT_REQ_PASSTHROUGH) {
		*mapping = (struct qt_mapping){
			.iova = iova, .phys = iova, .size = MODEL_PAGE, .perms = QT_RW};
		return true;
	}
	return entry->state == QT_REQ_TRANSLATED && iova < qt_table_span(&entry->table) &&
	       qt_lookup(&reader, &entry->table, iova, mapping, NULL) == QT_OK && mapping->perms;
}

static void print_probes(struct model *m, const struct family *family, unsigned device,
	const struct qt_machine *machine)
{
	static const char *const names[] = {"none", "r", "w", "rw"};
	struct qt_unit_entry entry = entry_of(machine, device);

	if (entry.state == QT_REQ_TRANSLATED)
		printf("table %u %s %u 0x%" PRIx64 "\n", device, entry.table.geometry.format->name,
			entry.table.geometry.levels, entry.table.root);
	for (unsigned i = 0; i < PROBES; i++) {
		qt_iova iova = pick(m, family, regions[device]) / MODEL_PAGE * MODEL_PAGE +
			       (device * PROBES + i) * 8;
		struct qt_mapping mapping = {0};
		bool found = ask(machine, &entry, iova, &mapping);
		qt_phys phys = found ? mapping.phys + (iova - mapping.iova) : 0;

		/* Messages; and what must not be written over. */
		if ((!family->ram && iova >= INTERRUPTS && iova < INTERRUPTS + QT_MIB(1)) ||
			(found && (phys < data(family) || phys >= data(family) + QT_GIB(1)) &&
				(!model_in_crash(m, phys, 8) || model_in_arena(m, phys, 8))))
			continue;
		printf("probe %u 0x%" PRIx64 " 0x%" PRIx64 " %s\n", device, iova, phys,
			names[found ? mapping.perms : 0]);
	}
}

int main(int argc, char **argv)
{
	const struct family *family;
	struct scenario s;
	struct model *m;
	bool taken = argc == 4 && strcmp(argv[3], "taken") == 0;
	bool damaged = argc == 4 && strcmp(argv[3], "damaged") == 0;

	if (argc < 3 || (argc > 3 && !taken && !damaged)) {
		fprintf(stderr, "usage: tables FAMILY SEED [taken | damaged]\n");
		return 2;
	}
	family = family_named(argv[1]);
	m = machine_of(family, strtoull(argv[2], NULL, 0));
	fill(m, family, damaged);
	scenario_plan(&s, m);
	m->on_change = NULL;
	if (taken && s.plan.commit)
		scenario_take_over(&s);
	if (taken && s.verified)
		return 3;
	print_registers(m, family);
	print_pages(m, family->ram + QT_MIB(1), m->dead->next_page);
	print_pages(m, m->arena.phys, m->arena.phys + m->arena.used);
	for (unsigned i = 0; i < DEVICES; i++)
		print_probes(m, family, i, &s.machine);
	scenario_free(&s);
	return 0;
}
