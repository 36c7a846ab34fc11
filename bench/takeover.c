/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a takeover costs, on the model machine, as ratios measured in one run:
 * foreign words changed against mapping the crash region page by page, and CPU
 * time against the size of what the dead kernel had mapped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <quietus/takeover.h>

#include <machine/dead.h>

#define DEVICES     16
#define CRASH_SIZE  QT_MIB(256)
#define REPETITIONS 5

struct cost {
	double find, verify; /* seconds of CPU time */
	size_t words;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

/*
 * A machine with a domain for each device, each with `mapped` bytes in 4 KiB
 * pages that end at the IOVA `top`.
 */
static struct model *make_machine(uint64_t mapped, qt_iova top)
{
	static const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(2)}, {QT_GIB(4), QT_GIB(8)}};
	static const struct qt_range crash[] = {{QT_MIB(1536), QT_MIB(1536) + CRASH_SIZE}};
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model_config config = {
		.ram = ram,
		.ram_count = QT_ARRAY_SIZE(ram),
		.crash = crash,
		.crash_count = QT_ARRAY_SIZE(crash),
		.arena = {QT_MIB(1536), QT_MIB(1538)},
		.units = &unit,
		.unit_count = 1,
	};
	struct model *m = model_new(&config);

	model_start_unit(m, 0);
	for (unsigned i = 0; i < DEVICES; i++) {
		qt_rid rid = QT_RID(0, 0, i << 3);
		struct model_domain *domain = model_domain_new(m, 0, 4, (uint16_t)(i + 1));

		model_add_function(m, rid, 0x8086, 0x10d3, 0x020000);
		model_map(m, domain, top - mapped, QT_GIB(4), mapped, QT_RW, 0);
		model_attach(m, domain, rid, 0);
	}
	return m;
}

static struct cost take_over(uint64_t mapped, qt_iova top)
{
	struct model *m = make_machine(mapped, top);
	static uint64_t buffer[QT_KIB(384) / 8];
	struct qt_journal journal = {.buffer = (uint8_t *)buffer, .size = sizeof(buffer)};
	struct qt_machine machine;
	struct qt_takeover takeover = {.machine = &machine, .journal = &journal};
	struct qt_plan plan;
	struct cost cost;
	size_t failed;
	double t[4];

	model_build_acpi(m);
	if (model_open(m, &machine))
		fail("the model machine does not open");
	machine.deadline_us = 0;
	t[0] = now();
	qt_machine_find(&machine);
	qt_plan(&machine, &plan);
	if (!plan.commit || qt_takeover_prepare(&takeover))
		fail("the takeover would not be committed");
	t[1] = now();
	if (qt_takeover_commit(&takeover))
		fail("the commit failed");
	t[2] = now();
	if (qt_takeover_verify(&takeover, &failed))
		fail("the takeover does not verify");
	t[3] = now();
	cost = (struct cost){t[1] - t[0], t[3] - t[2], journal.stores};
	model_free(m);
	return cost;
}

/* The quickest of a few runs: what disturbs only adds. */
static struct cost best(uint64_t mapped, qt_iova top)
{
	struct cost least = take_over(mapped, top);

	for (int i = 1; i < REPETITIONS; i++) {
		struct cost cost = take_over(mapped, top);

		least.find = cost.find < least.find ? cost.find : least.find;
		least.verify = cost.verify < least.verify ? cost.verify : least.verify;
	}
	return least;
}

int main(void)
{
	static const struct {
		uint64_t mapped;
		qt_iova top; /* 4 GiB: where Linux begins to hand IOVAs out; 2 GiB: beside the crash
				region */
	} cases[] = {
		{QT_MIB(4), QT_GIB(4)},
		{QT_MIB(16), QT_GIB(4)},
		{QT_MIB(64), QT_GIB(4)},
		{QT_MIB(4), QT_GIB(2)},
	};
	double pages = (double)DEVICES * (double)(CRASH_SIZE / 4096);
	struct cost first = {0};

	printf("%d domains, crash region of %llu MiB below 2 GiB, model machine\n", DEVICES,
		(unsigned long long)(CRASH_SIZE >> 20));
	printf("mapped per domain   words    of a page-by-page   CPU time, to the first line's\n");
	printf("and below           changed  mapping's           find    verify\n");
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct cost cost = best(cases[i].mapped, cases[i].top);

		if (i == 0)
			first = cost;
		printf("%3llu MiB, %llu GiB      %-7zu  1/%-17.0f  %-6.1f  %-6.1f\n",
			(unsigned long long)(cases[i].mapped >> 20),
			(unsigned long long)(cases[i].top >> 30), cost.words,
			pages / (double)cost.words, cost.find / first.find,
			cost.verify / first.verify);
	}
	return 0;
}
