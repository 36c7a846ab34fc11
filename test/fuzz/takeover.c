/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "takeover.h"

#include <machine/kind.h>
#include <machine/scenario.h>
#include <stdio.h>
#include <string.h>

#define NVME QT_RID(0, 0, 0x08)
#define NIC  QT_RID(0, 0, 0x10)
#define USB  QT_RID(0, 0, 0x18)
#define DISK QT_RID(0, 0, 0x20)

static const struct qt_range ram[] = {{0, 0xa0000}, {QT_MIB(1), QT_MIB(64)}};
static const struct qt_range crash[] = {{QT_MIB(32), QT_MIB(34)}};

/* The dead kernel's tables and queues are from here on (test/machine/dead.c). */
#define FIRST_PAGE QT_MIB(1)
#define PAGES_MAX  512u
#define FRAME      UINT64_C(0x000ffffffffff000)

enum change {
	CHANGE_SET,
	CHANGE_XOR,
	CHANGE_LEAD, /* keeps the low 12 bits of the value, and leads to one of the pages */
	CHANGE_CONFIG,
	CHANGES,
};

/* Varieties, a bit each. */
static struct model_unit_config vary(struct model_unit_config unit, unsigned variety)
{
	unit.coherent = variety & 1;
	unit.walk_snoop = unit.scalable && (unit.coherent || unit.first_stage);
	unit.caching_mode = unit.amdvi.np_cache = variety & 2;
	unit.large_2m = !(variety & 4);
	unit.large_1g = unit.first_1g = unit.large_2m && !(variety & 8);
	unit.queued = unit.scalable || !(variety & 16);
	unit.device_tlbs = unit.queued;
	unit.smmu.linear = variety & 32;
	unit.smmu.streams_lg2 = unit.smmu.linear ? 7 : 16;
	unit.smmu.substreams = variety & 64 ? 6 : 0;
	unit.smmu.cd_two_levels = variety & 64 && variety & 1;
	unit.smmu.abort = variety & 128;
	/* Two of the bits are nothing to an SMMUv3. */
	if (unit.vendor == MODEL_SMMU && variety & 2)
		unit.smmu.granule_lg2 = variety & 16 ? 16 : 14;
	return unit;
}

static void add_device(
	struct model *m, qt_rid rid, uint32_t class_code, struct model_domain *domain)
{
	model_add_function(m, rid, 0x8086, 0x10d3, class_code);
	if (domain)
		model_attach(m, domain, rid, 0);
}

static struct model_domain *new_domain(
	struct model *m, const struct fuzz_machine *machine, uint16_t id)
{
	unsigned granule = model_granule_lg2(&m->units[0]);
	bool three = granule == 16 || (granule == 14 && machine->unit.smmu.stage2);
	struct model_domain *domain = model_domain_new(m, 0, three ? 3 : 4, id);

	domain->first_stage = machine->first_stage;
	if (machine->unit.vendor == MODEL_AMDVI)
		domain->gcr3_levels = 1;
	return domain;
}

static struct model *make(const struct fuzz_machine *machine, unsigned variety)
{
	struct model_unit_config unit = vary(machine->unit, variety);
	struct model *m = model_new(&(struct model_config){.ram = ram,
		.ram_count = QT_ARRAY_SIZE(ram),
		.crash = crash,
		.crash_count = 1,
		.units = &unit,
		.unit_count = 1});
	struct model_domain *shared, *churned;

	model_start_unit(m, 0);
	shared = new_domain(m, machine, 1);
	churned = new_domain(m, machine, 2);
	add_device(m, NVME, 0x010802, shared);
	add_device(m, NIC, 0x020000, churned);
	add_device(m, USB, 0x0c0330, shared);
	add_device(m, DISK, 0x010601, NULL);
	model_map(m, shared, 0xffe00000, QT_MIB(8), 0x4000, QT_RW, 0);
	model_map(m, shared, 0xff000000, QT_MIB(10), QT_MIB(2), QT_RW, unit.large_2m);
	model_map(m, shared, QT_MIB(28), QT_MIB(12), 0x1000, QT_READ, 0);
	/* Used, unmapped, tables and cached translations left. */
	model_map(m, churned, QT_MIB(32), QT_MIB(13), 0x3000, QT_RW, 0);
	model_touch(m, NIC, QT_MIB(32));
	model_unmap(m, churned, QT_MIB(32), 0x3000);
	model_map(m, churned, 0xfff00000, QT_MIB(14), 0x1000, QT_RW, 0);
	return m;
}

static void change(struct model *m, struct fuzz_input *input)
{
	unsigned kind = (unsigned)fuzz_take(input, 1) % CHANGES;
	uint64_t place = fuzz_take(input, 2);
	uint64_t value = fuzz_take(input, 8);
	uint64_t size = m->dead->next_page - FIRST_PAGE;
	qt_phys at = FIRST_PAGE + place * 8 % size;

	switch (kind) {
	case CHANGE_SET:
		model_poke(m, at, value);
		break;
	case CHANGE_XOR:
		model_poke(m, at, model_peek(m, at) ^ value);
		break;
	case CHANGE_LEAD:
		model_poke(
			m, at, (value & 0xfff) | (FIRST_PAGE + (value >> 12) * MODEL_PAGE % size));
		break;
	default:
		for (unsigned i = 0; i < 8; i++)
			m->functions[place >> 12 & 3]->config[(place & 0xff8) + i] =
				(uint8_t)(value >> 8 * i);
		break;
	}
}

/*
 * Which of the dead kernel's pages are page tables, and how many words could lead to
 * each page. Where more ways lead to requester tables than in a sound machine, or from
 * them, they make a tangle: a word means one thing on one way and another on the next,
 * so a store that is right for the first may change what the second translates. KEEP
 * is not asked for there. Tangles of page tables alone the core must see.
 */
struct ways {
	bool is_table[PAGES_MAX];
	unsigned to[PAGES_MAX];
};

/* The number of the page that a word could lead to, PAGES_MAX if it is none of them. */
static size_t page_at(struct model *m, qt_phys at)
{
	uint64_t to = ((model_peek(m, at) & FRAME) - FIRST_PAGE) / MODEL_PAGE;

	return to < (m->dead->next_page - FIRST_PAGE) / MODEL_PAGE ? (size_t)to : PAGES_MAX;
}

static void mark_tables(struct model *m, struct ways *ways, size_t page)
{
	size_t size = (size_t)1 << model_granule_lg2(&m->units[0]);

	if (page == PAGES_MAX || ways->is_table[page])
		return;
	for (size_t i = 0; i < size / MODEL_PAGE; i++)
		ways->is_table[page + i] = true;
	for (size_t i = 0; i < size; i += 8)
		mark_tables(m, ways, page_at(m, FIRST_PAGE + page * MODEL_PAGE + i));
}

static void find_tables(struct model *m, struct ways *ways)
{
	memset(ways, 0, sizeof(*ways));
	for (size_t i = 0; i < m->dead->domain_count; i++)
		mark_tables(m, ways, (m->dead->domains[i]->root - FIRST_PAGE) / MODEL_PAGE);
}

static void count_ways(struct model *m, struct ways *ways)
{
	uint64_t size = m->dead->next_page - FIRST_PAGE;

	FUZZ_CHECK(size <= PAGES_MAX * MODEL_PAGE);
	memset(ways->to, 0, sizeof(ways->to));
	for (uint64_t at = 0; at < size; at += 8) {
		size_t to = page_at(m, FIRST_PAGE + at);

		if (to < PAGES_MAX && !(ways->is_table[to] && ways->is_table[at / MODEL_PAGE]))
			ways->to[to]++;
	}
}

static bool is_tangled(const struct ways *before, const struct ways *after)
{
	for (size_t i = 0; i < PAGES_MAX; i++)
		if (after->to[i] > before->to[i])
			return true;
	return false;
}

/* What the dead kernel left is not what it had: nothing of it is cached. */
static bool change_all(struct model *m, struct fuzz_input *input)
{
	static struct ways before, after;

	if (!input->left)
		return false;
	find_tables(m, &before);
	count_ways(m, &before);
	after = before;
	while (input->left)
		change(m, input);
	count_ways(m, &after);
	model_cold(m);
	return is_tangled(&before, &after);
}

static void check(const char *wrong)
{
	if (wrong)
		fprintf(stderr, "%s\n", wrong);
	FUZZ_CHECK(!wrong);
}

/* What holds whatever the tables are: every change is in the journal, and undone by it. */
static void check_tangled(struct scenario *s)
{
	struct model *m = s->m;

	if (s->verified == 0) {
		model_ledger(m, &s->journal);
		scenario_undo(s);
	}
	model_restored(m);
	check(m->complaints ? m->complaint : NULL);
}

static void check_sound(struct scenario *s)
{
	if (s->verified == 0) {
		check(scenario_sound(s));
		model_watch_keep(s->m);
		scenario_undo(s);
	}
	check(scenario_untouched(s));
}

/*
 * Tables may contradict themselves: leaves that say that they are one with their
 * neighbours, and are not. What a device gets then depends on what it asked for before,
 * whatever the core does, which has stored nothing yet.
 */
static bool is_contradictory(struct model *m)
{
	/* The second time all that can be cached is. */
	model_keep(m);
	model_keep(m);
	if (m->store_attempts || strncmp(m->complaint, "KEEP", 4) != 0)
		return false;
	m->complaints = 0;
	return true;
}

int fuzz_takeover(const struct fuzz_machine *machine, const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct model *m = make(machine, (unsigned)fuzz_take(&input, 1));
	bool tangled = change_all(m, &input);
	struct scenario s;

	scenario_plan(&s, m);
	if (!s.opened)
		tangled |= is_contradictory(m);
	if (tangled)
		m->on_change = NULL;
	if (!s.opened && s.plan.commit)
		scenario_take_over(&s);
	if (tangled)
		check_tangled(&s);
	else
		check_sound(&s);
	scenario_free(&s);
	return 0;
}
