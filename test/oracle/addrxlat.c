/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * addrxlat: checks what tables (tables.c) printed, on standard input and for any number of
 * machines, with libaddrxlat, which knows two of the formats: those of CPUs. It says where an
 * address leads, not with which permissions. Prints a line for each difference, and how many probes
 * led somewhere and how many nowhere; exit code 1 if any differed.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libkdumpfile/addrxlat.h>

#define DEVICES    12u
#define PAGES_MAX  4096u
#define PAGE_SIZE  4096u
#define HEX_DIGITS (2 * PAGE_SIZE)

struct page {
	uint64_t at;
	uint8_t bytes[PAGE_SIZE];
};

struct table {
	addrxlat_pte_format_t format; /* ADDRXLAT_PTE_NONE: not one that is known */
	unsigned levels;
	uint64_t root;
};

static struct page *pages[PAGES_MAX];
static size_t page_count;
static const uint8_t zeros[PAGE_SIZE];

static void put_page(const addrxlat_buffer_t *buffer)
{
	(void)buffer;
}

static addrxlat_status get_page(const addrxlat_cb_t *cb, addrxlat_buffer_t *buffer)
{
	(void)cb;
	buffer->addr.addr -= buffer->addr.addr % PAGE_SIZE;
	buffer->ptr = zeros;
	for (size_t i = 0; i < page_count; i++)
		if (pages[i]->at == buffer->addr.addr)
			buffer->ptr = pages[i]->bytes;
	buffer->size = PAGE_SIZE;
	buffer->byte_order = ADDRXLAT_LITTLE_ENDIAN;
	buffer->put_page = put_page;
	return ADDRXLAT_OK;
}

static unsigned long read_caps(const addrxlat_cb_t *cb)
{
	(void)cb;
	return ADDRXLAT_CAPS(ADDRXLAT_MACHPHYSADDR);
}

static addrxlat_ctx_t *new_context(void)
{
	addrxlat_ctx_t *context = addrxlat_ctx_new();
	addrxlat_cb_t *cb = context ? addrxlat_ctx_add_cb(context) : NULL;

	if (!cb)
		abort();
	cb->get_page = get_page;
	cb->read_caps = read_caps;
	return context;
}

static void read_page(const char *line)
{
	struct page *page = calloc(1, sizeof(*page));
	char *hex;

	if (!page || page_count == PAGES_MAX)
		abort();
	page->at = strtoull(line, &hex, 0);
	for (unsigned i = 0;
		i < PAGE_SIZE && sscanf(hex + 1 + 2 * i, "%2hhx", &page->bytes[i]) == 1; i++)
		;
	pages[page_count++] = page;
}

/* Another machine begins. */
static void forget(struct table *tables)
{
	while (page_count)
		free(pages[--page_count]);
	memset(tables, 0, DEVICES * sizeof(*tables));
}

static void read_table(struct table *tables, const char *line)
{
	char name[32];
	unsigned device;
	struct table table = {0};

	if (sscanf(line, "%u %31s %u %" SCNx64, &device, name, &table.levels, &table.root) != 4 ||
		device >= DEVICES)
		abort();
	if (strcmp(name, "x86-64-first-stage") == 0)
		table.format = ADDRXLAT_PTE_X86_64;
	if (strcmp(name, "vmsav8-64") == 0)
		table.format = ADDRXLAT_PTE_AARCH64;
	tables[device] = table;
}

static bool walk(addrxlat_ctx_t *context, const struct table *table, uint64_t iova, uint64_t *phys)
{
	addrxlat_meth_t method = {.kind = ADDRXLAT_PGT, .target_as = ADDRXLAT_MACHPHYSADDR};
	addrxlat_step_t step = {.ctx = context, .meth = &method};

	method.param.pgt.root = (addrxlat_fulladdr_t){table->root, ADDRXLAT_MACHPHYSADDR};
	method.param.pgt.pf.pte_format = table->format;
	method.param.pgt.pf.nfields = (unsigned short)(table->levels + 1);
	method.param.pgt.pf.fieldsz[0] = 12;
	for (unsigned i = 1; i <= table->levels; i++)
		method.param.pgt.pf.fieldsz[i] = 9;
	step.base.addr = iova;
	if (addrxlat_walk(&step)) {
		addrxlat_ctx_clear_err(context);
		return false;
	}
	*phys = step.base.addr;
	return true;
}

int main(void)
{
	static char line[HEX_DIGITS + 64];
	struct table tables[DEVICES] = {0};
	addrxlat_ctx_t *context = new_context();
	unsigned long somewhere = 0, nowhere = 0, differ = 0;

	while (fgets(line, sizeof(line), stdin)) {
		uint64_t iova, phys, got = 0;
		unsigned device;
		char perms[8];
		bool found;

		if (strncmp(line, "register ", 9) == 0)
			forget(tables);
		if (strncmp(line, "page ", 5) == 0)
			read_page(line + 5);
		if (strncmp(line, "table ", 6) == 0)
			read_table(tables, line + 6);
		if (sscanf(line, "probe %u %" SCNx64 " %" SCNx64 " %7s", &device, &iova, &phys,
			    perms) != 4 ||
			device >= DEVICES || tables[device].format == ADDRXLAT_PTE_NONE)
			continue;
		found = walk(context, &tables[device], iova, &got);
		if (found != (strcmp(perms, "none") != 0) || got != phys) {
			printf("%#" PRIx64 ": core %#" PRIx64 " %s, libaddrxlat %#" PRIx64 "\n",
				iova, phys, perms, got);
			differ++;
		}
		somewhere += found;
		nowhere += !found;
	}
	printf("%lu lead somewhere, %lu nowhere, %lu differ\n", somewhere, nowhere, differ);
	forget(tables);
	addrxlat_ctx_decref(context);
	return differ || !somewhere || !nowhere;
}
