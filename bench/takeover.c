/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Takeovers on the model machine, to be run as the first process of a machine whose time
 * stamp counter goes on by one with each instruction (QEMU, -icount shift=0):
 *
 *   takeover DEVICES,PAGES,TABLES...
 *
 * A domain for each device; PAGES are all devices' together. TABLES: "fresh": nothing but
 * the tables that they need; "churned": others, present but empty, for all below 4 GiB, the
 * IOVAs of the crash region among them; "beside": what is mapped ends at 2 GiB, under the
 * entry of 1 GiB that the crash region needs, too.
 *
 * Prints for each phase its instructions, without those of what stands for the machine, and
 * microseconds of the model's clock; then words changed, and bytes of the stage's memory
 * that were used.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include <quietus/limits.h>
#include <quietus/takeover.h>

#include <machine/dead.h>

#include "count.h"
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
	const struct qt_geometry geometry = bench_geometry(&qt_format_vtd_second_stage);
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
	bench_count_without(&b->m->host);
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

static void run_phase(struct bench *b, const struct phase *phase)
{
	uint64_t since = b->m->clock_ns;
	uint64_t count;
	int error;

	b->machine.deadline_us = since / 1000 + QT_READING_LIMIT_US;
	count = bench_count();
	error = phase->run(b);
	count = bench_count() - count;
	if (error)
		bench_fail(phase->name);
	printf(" %llu %.1f", (unsigned long long)count, (double)(b->m->clock_ns - since) * 1e-3);
}

static void take_over(const char *words)
{
	static struct bench b;
	unsigned devices;
	unsigned long long pages;
	char tables[16];

	if (sscanf(words, "%u,%llu,%15s", &devices, &pages, tables) != 3)
		bench_fail("takeover DEVICES,PAGES,fresh|churned|beside...");
	make_machine(&b, devices, pages, tables);
	/* No page is missing when instructions are counted. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		bench_fail("memory is short");
	printf("%s", words);
	for (size_t i = 0; i < QT_ARRAY_SIZE(phases); i++)
		run_phase(&b, &phases[i]);
	printf(" %zu %zu\n", b.journal.stores, b.machine.arena->used);
}

/* A process for each, which the next one finds nothing of. */
int main(int argc, char **argv)
{
	bench_count_check();
	for (int i = 1; i < argc; i++) {
		if (fork() == 0) {
			take_over(argv[i]);
			exit(0);
		}
		wait(NULL);
	}
	reboot(RB_POWER_OFF);
	return 0;
}
