/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include <quietus/report.h>

#include "crashed.h"
#include "harness.h"

static const struct qt_range ram[] = {{0, 0xa0000}, {QT_MIB(1), QT_GIB(1)}};
static const struct qt_range crash_region[] = {{QT_MIB(512), QT_MIB(528)}};

/* The machine */

void crash(struct crashed *crashed, const struct model_unit_config *unit)
{
	struct model *m = model_new(&(struct model_config){.ram = ram,
		.ram_count = QT_ARRAY_SIZE(ram),
		.crash = crash_region,
		.crash_count = 1,
		.units = unit,
		.unit_count = 1});
	struct model_domain *domain;

	memset(crashed, 0, sizeof(*crashed));
	model_start_unit(m, 0);
	model_add_function(m, CRASHED_NVME, 0x144d, 0xa808, 0x010802);
	model_add_function(m, CRASHED_NIC, 0x8086, 0x10d3, 0x020000);
	model_add_function(m, CRASHED_USB, 0x8086, 0x2934, 0x0c0300);
	model_add_function(m, CRASHED_PASS, 0x8086, 0x2918, 0x030000);
	model_add_function(m, CRASHED_ABSENT, 0x8086, 0x2922, 0x010601);
	domain = model_domain_new(m, 0, 4, 1);
	model_map(m, domain, 0x40000000, QT_MIB(300), QT_MIB(2), QT_RW, 1);
	/* Beside the crash region: its neighbours keep their tables. */
	model_map(m, domain, QT_MIB(530), QT_MIB(310), 0x1000, QT_RW, 0);
	model_attach(m, domain, CRASHED_NVME, 0);
	domain = model_domain_new(m, 0, 3, 2);
	model_map(m, domain, CRASHED_RX_IOVA, CRASHED_RX_PHYS, CRASHED_RX_SIZE, QT_RW, 0);
	model_map(m, domain, CRASHED_RX_IOVA + CRASHED_RX_SIZE, QT_MIB(400), 0x1000, QT_RW, 0);
	/* Neighbours that may do something else. */
	model_map(m, domain, CRASHED_RX_IOVA + CRASHED_RX_SIZE + 0x1000, QT_MIB(401), 0x1000,
		QT_READ, 0);
	model_map(m, domain, CRASHED_TX_IOVA, CRASHED_TX_PHYS, 0x1000, QT_READ, 0);
	model_attach(m, domain, CRASHED_NIC, 0);
	model_attach(m, domain, CRASHED_USB, 0);
	model_attach_pass(m, 0, CRASHED_PASS);
	scenario_run(&crashed->scenario, m);
	assert_int_equal(crashed->scenario.verified, 0);
	crashed->words = crashed->scenario.journal.stores;
	assert_true(crashed->words > 2);
}

void crashed_free(struct crashed *crashed)
{
	scenario_free(&crashed->scenario);
}

qt_phys crashed_word(const struct crashed *crashed, size_t index)
{
	struct qt_journal_cursor cursor = {0};
	struct qt_store store;

	for (size_t i = 0; i <= index; i++)
		assert_true(qt_journal_next(&crashed->scenario.journal, &cursor, &store));
	return store.at;
}

void crashed_write_report(const struct crashed *crashed, const char *path)
{
	const struct scenario *s = &crashed->scenario;
	struct qt_report_header header = {.stage_version = "0.1.0",
		.outcome = QT_OUTCOME_COMMITTED,
		.exception = 0xff,
		.blocker = -1,
		.words_changed = (uint32_t)s->journal.stores};
	size_t room = QT_REPORT_RECORDS_MAX(0) + SCENARIO_JOURNAL_SIZE;
	uint8_t *report = calloc(1, room);
	size_t size;

	assert_non_null(report);
	size = qt_report_write(report, room, &header, &s->machine, &s->journal, NULL, 0);
	assert_true(size > 0);
	write_file(path, report, size);
	free(report);
}

/* Its memory, page by page */

struct memory_page {
	uint64_t number;
	const uint8_t *bytes; /* NULL: left out of the dump */
};

static int by_number(const void *a, const void *b)
{
	const struct memory_page *left = a, *right = b;

	return left->number < right->number ? -1 : left->number > right->number;
}

static bool is_dumped(const struct crashed *crashed, qt_phys at)
{
	struct model *m = crashed->scenario.m;

	return model_in_ram(m, at, MODEL_PAGE) && !model_in_crash(m, at, MODEL_PAGE) &&
	       at != crashed->no_memory;
}

/* Pages that were touched, ascending. Others are no memory in these dumps. */
static struct memory_page *pages_of(const struct crashed *crashed, bool before, size_t *count)
{
	struct model_memory *memory = &crashed->scenario.m->memory;
	struct memory_page *pages;

	*count = 0;
	for (const struct model_page *page = memory->all; page; page = page->next_all)
		++*count;
	pages = calloc(*count + 1, sizeof(*pages));
	assert_non_null(pages);
	*count = 0;
	for (const struct model_page *page = memory->all; page; page = page->next_all) {
		qt_phys at = page->number * MODEL_PAGE;

		if (!is_dumped(crashed, at))
			continue;
		pages[*count].number = page->number;
		if (at != crashed->excluded || at == 0)
			pages[*count].bytes =
				before && page->before ? page->before : page->view[MODEL_CPU];
		++*count;
		if (at == crashed->twice && at != 0) {
			pages[*count] = pages[*count - 1];
			++*count;
		}
	}
	qsort(pages, *count, sizeof(*pages), by_number);
	return pages;
}

/* ELF: a segment for each page */

static void write_elf(const struct memory_page *pages, size_t count, const char *path)
{
	size_t data = sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr);
	size_t size = data + count * MODEL_PAGE;
	uint8_t *file = calloc(1, size);
	Elf64_Ehdr *header = (void *)file;
	Elf64_Phdr *segment = (void *)(file + sizeof(*header));

	assert_non_null(file);
	memcpy(header->e_ident, ELFMAG, SELFMAG);
	header->e_ident[EI_CLASS] = ELFCLASS64;
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_ident[EI_VERSION] = EV_CURRENT;
	header->e_type = ET_CORE;
	header->e_machine = EM_X86_64;
	header->e_version = EV_CURRENT;
	header->e_phoff = sizeof(*header);
	header->e_ehsize = sizeof(*header);
	header->e_phentsize = sizeof(*segment);
	header->e_phnum = (Elf64_Half)count;
	for (size_t i = 0; i < count; i++, segment++) {
		*segment = (Elf64_Phdr){.p_type = PT_LOAD,
			.p_offset = data,
			.p_paddr = pages[i].number * MODEL_PAGE,
			.p_memsz = MODEL_PAGE};
		if (!pages[i].bytes)
			continue;
		segment->p_filesz = MODEL_PAGE;
		memcpy(file + data, pages[i].bytes, MODEL_PAGE);
		data += MODEL_PAGE;
	}
	write_file(path, file, data);
	free(file);
}

size_t elf_dump_offset(const uint8_t *dump, qt_phys at)
{
	const Elf64_Ehdr *header = (const void *)dump;
	const Elf64_Phdr *segment = (const void *)(dump + header->e_phoff);

	for (size_t i = 0; i < header->e_phnum; i++, segment++)
		if (at >= segment->p_paddr && at - segment->p_paddr < segment->p_filesz)
			return segment->p_offset + (at - segment->p_paddr);
	return 0;
}

/*
 * What makedumpfile calls kdump-compressed, none of it compressed: a header, a sub-header, a bitmap
 * of the pages that are memory and one of those that are in the file, a descriptor and the data of
 * each of these. Source: makedumpfile, IMPLEMENTATION and diskdump_mod.h.
 */

#define KDUMP_PAGES (QT_GIB(1) / MODEL_PAGE)

struct kdump_header {
	char signature[8];
	int32_t header_version;
	char utsname[6][65];
	uint8_t padding[6];
	uint64_t timestamp[2];
	uint32_t status;
	int32_t block_size;
	int32_t sub_header_blocks;
	uint32_t bitmap_blocks;
	uint32_t max_mapnr;
	uint32_t total_ram_blocks;
	uint32_t device_blocks;
	uint32_t written_blocks;
	uint32_t current_cpu;
	int32_t cpus;
};

struct kdump_page {
	uint64_t offset;
	uint32_t size;
	uint32_t flags;
	uint64_t page_flags;
};

/* In the sub-header. */
#define KDUMP_NOTES 48

struct kdump_notes {
	uint64_t offset;
	uint64_t size;
};

static void set_bit(uint8_t *bitmap, uint64_t bit)
{
	bitmap[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static void write_kdump(const struct memory_page *pages, size_t count, const char *path)
{
	size_t bitmap_size = KDUMP_PAGES / 8;
	size_t bitmaps = (size_t)2 * MODEL_PAGE;
	size_t descriptors = bitmaps + 2 * bitmap_size;
	size_t data = descriptors + count * sizeof(struct kdump_page);
	uint8_t *file = calloc(1, data + count * MODEL_PAGE);
	struct kdump_header *header = (void *)file;
	struct kdump_page *descriptor = (void *)(file + descriptors);
	static const Elf64_Nhdr no_note = {.n_namesz = 0};
	struct kdump_notes *notes;

	assert_non_null(file);
	memcpy(header->signature, "KDUMP   ", sizeof(header->signature));
	header->header_version = 5; /* later ones count pages in the sub-header */
	strcpy(header->utsname[0], "Linux");
	strcpy(header->utsname[4], "x86_64");
	header->block_size = MODEL_PAGE;
	header->sub_header_blocks = 1;
	header->bitmap_blocks = (uint32_t)(2 * bitmap_size / MODEL_PAGE);
	header->max_mapnr = KDUMP_PAGES;
	header->cpus = 1;
	notes = (void *)(file + MODEL_PAGE + KDUMP_NOTES);
	*notes = (struct kdump_notes){
		.offset = MODEL_PAGE + KDUMP_NOTES + sizeof(*notes), .size = sizeof(no_note)};
	memcpy(file + notes->offset, &no_note, sizeof(no_note));
	for (size_t i = 0; i < count; i++) {
		set_bit(file + bitmaps, pages[i].number);
		if (!pages[i].bytes)
			continue;
		set_bit(file + bitmaps + bitmap_size, pages[i].number);
		memcpy(file + data, pages[i].bytes, MODEL_PAGE);
		*descriptor = (struct kdump_page){.offset = data, .size = MODEL_PAGE};
		data += MODEL_PAGE;
		descriptor++;
	}
	write_file(path, file, data);
	free(file);
}

static void write_dump(
	const struct crashed *crashed, bool before, enum dump_kind kind, const char *path)
{
	size_t count;
	struct memory_page *pages = pages_of(crashed, before, &count);

	if (kind == DUMP_ELF)
		write_elf(pages, count, path);
	else
		write_kdump(pages, count, path);
	free(pages);
}

void crashed_write_dump(const struct crashed *crashed, enum dump_kind kind, const char *path)
{
	write_dump(crashed, false, kind, path);
}

void crashed_write_original(const struct crashed *crashed, enum dump_kind kind, const char *path)
{
	write_dump(crashed, true, kind, path);
}
