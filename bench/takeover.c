/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One takeover on the model machine, to be counted under valgrind --tool=callgrind:
 *
 *   takeover DEVICES PAGES TABLES
 *
 * A domain for each device; PAGES are all devices' together. TABLES: "fresh": nothing but
 * the tables that they need; "churned": others, present but empty, for all below 4 GiB, the
 * IOVAs of the crash region among them; "beside": what is mapped ends at 2 GiB, under the
 * entry of 1 GiB that the crash region needs, too.
 *
 * A phase's instructions are those of callgrind's dump of its name; what stands for the
 * machine (host_*) is to be left out. Prints microseconds of the model's clock for each
 * phase, words changed, and bytes of the stage's memory that were used.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valgrind/callgrind.h>

#include <quietus/limits.h>
#include <quietus/takeover.h>

#include <machine/dead.h>

#include "tables.h"

#define CRASH_START  QT_MIB(1536)
#define CRASH_SIZE   QT_MIB(256)
#define ARENA_SIZE   QT_MIB(4)
#define TABLES       QT_GIB(4) /* physical address of the tables */
#define JOURNAL_SIZE QT_MIB(4)
#define ALL_TABLES   (QT_GIB(4) >> 12)

struct bench {
	struct model *m;
	struct qt_machine machine;
	struct qt_journal journal;
	struct qt_plan plan;
	struct qt_takeover takeover;
};

/* Tables, and the model's own way to read all else. */
static struct bench_memory memory;
static int (*read_other)(void *context, qt_phys at, void *buffer, size_t len);

/* The tables are read as a stage reads them, straight from memory. */
static int read_memory(void *context, qt_phys at, void *buffer, size_t len)
{
	if (at >= memory.range.start && at < memory.range.end)
		return memory.host.read(&memory, at, buffer, len);
	return read_other(context, at, buffer, len);
}

/* The model's, without a look at every device. */
static uint64_t now_us(void *context)
{
	struct model *m = context;

	m->clock_ns += m->clock_read_ns;
	return m->clock_ns / 1000;
}

static void add_device(struct bench *b, unsigned index, uint64_t pages, const char *tables)
{
	qt_rid rid = QT_RID(0, index / 256, index % 256);
	struct model_domain *domain = model_domain_new(b->m, 0, 4, (uint16_t)(index + 1));
	const struct qt_geometry geometry = {.format = &qt_format_vtd_second_stage,
		.levels = 4,
		.granule_lg2 = 12,
		.index_lg2 = 9};
	struct qt_table table = bench_table(&memory, &geometry);
	bool beside = strcmp(tables, "beside") == 0;

	domain->root = table.root;
	bench_map(&memory, &table, beside ? QT_GIB(2) - (pages << 12) : QT_GIB(4), pages,
		BENCH_SCATTERED);
	if (strcmp(tables, "churned") == 0)
		bench_map(&memory, &table, 0, ALL_TABLES, BENCH_EMPTY);
	model_add_function(b->m, rid, 0x8086, 0x10d3, 0x020000);
	model_attach(b->m, domain, rid, 0);
}

static void make_machine(struct bench *b, unsigned devices, uint64_t pages, const char *tables)
{
	static const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(2)}, {QT_GIB(4), QT_GIB(80)}};
	static const struct qt_range crash[] = {{CRASH_START, CRASH_START + CRASH_SIZE}};
	struct model_unit_config unit = model_unit_default(0xfed90000);
	uint64_t each = pages / devices;
	size_t size = bench_tables_size(each);

	if (strcmp(tables, "churned") == 0)
		size += bench_tables_size(ALL_TABLES);
	b->m = model_new(&(struct model_config){.ram = ram,
		.ram_count = QT_ARRAY_SIZE(ram),
		.crash = crash,
		.crash_count = QT_ARRAY_SIZE(crash),
		.arena = {CRASH_START, CRASH_START + ARENA_SIZE},
		.units = &unit,
		.unit_count = 1});
	model_start_unit(b->m, 0);
	bench_memory_init(&memory, TABLES, devices * size);
	model_memory_overlay(&b->m->memory, TABLES, memory.base, memory.size);
	for (unsigned i = 0; i < devices; i++)
		add_device(b, i, each, tables);
	model_build_acpi(b->m);
	if (model_open(b->m, &b->machine))
		bench_fail("the model machine does not open");
	read_other = b->m->host.read;
	b->m->host.read = read_memory;
	b->m->host.now_us = now_us;
	b->journal.size = JOURNAL_SIZE;
	b->journal.buffer = malloc(JOURNAL_SIZE);
	b->takeover = (struct qt_takeover){.machine = &b->machine, .journal = &b->journal};
}

static int find(struct bench *b)
{
	qt_machine_find(&b->machine);
	return QT_OK;
}

static int plan(struct bench *b)
{
	qt_plan(&b->machine, &b->plan);
	return b->plan.commit ? QT_OK : QT_E_BUSY;
}

static int prepare(struct bench *b)
{
	return qt_takeover_prepare(&b->takeover);
}

static int commit(struct bench *b)
{
	return qt_takeover_commit(&b->takeover);
}

static int verify(struct bench *b)
{
	size_t failed;

	return qt_takeover_verify(&b->takeover, &failed);
}

static const struct phase {
	const char *name;
	int (*run)(struct bench *b);
} phases[] = {{"find", find}, {"plan", plan}, {"prepare", prepare}, {"commit", commit},
	{"verify", verify}};

int main(int argc, char **argv)
{
	static struct bench b;

	if (argc != 4)
		bench_fail("takeover DEVICES PAGES fresh|churned|beside");
	make_machine(&b, (unsigned)strtoul(argv[1], NULL, 0), strtoull(argv[2], NULL, 0), argv[3]);
	for (size_t i = 0; i < QT_ARRAY_SIZE(phases); i++) {
		uint64_t since = b.m->clock_ns;
		int error;

		b.machine.deadline_us = since / 1000 + QT_READING_LIMIT_US;
		CALLGRIND_START_INSTRUMENTATION;
		CALLGRIND_TOGGLE_COLLECT;
		error = phases[i].run(&b);
		CALLGRIND_TOGGLE_COLLECT;
		CALLGRIND_STOP_INSTRUMENTATION;
		CALLGRIND_DUMP_STATS_AT(phases[i].name);
		if (error)
			bench_fail(phases[i].name);
		printf("%s %.1f\n", phases[i].name, (double)(b.m->clock_ns - since) * 1e-3);
	}
	printf("words %zu\nmemory %zu\n", b.journal.stores, b.machine.arena->used);
	return 0;
}
