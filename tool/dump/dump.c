/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <libkdumpfile/kdumpfile.h>
#include <quietus/bytes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "dump.h"
#include "elf_core.h"
#include "kdump_header.h"

/* libkdumpfile numbers pages of the dump's own size in its maps. */
struct dump {
	int fd;
	kdump_ctx_t *context;
	kdump_bmp_t *stored; /* pages that are in the file; NULL: not known */
	kdump_bmp_t *ram;    /* pages that are memory; NULL: not known */
	unsigned page_shift;
	const char *format;
	bool flattened;
};

/* Ours as well from now on; NULL if the dump has none. */
static kdump_bmp_t *page_map(kdump_ctx_t *context, const char *name)
{
	kdump_attr_t value = {.type = KDUMP_BITMAP};

	if (kdump_get_typed_attr(context, name, &value) != KDUMP_OK)
		return NULL;
	kdump_bmp_incref(value.val.bitmap);
	return value.val.bitmap;
}

/* A stream of pieces with their offsets, as makedumpfile -F writes it into a pipe. */
static bool is_flattened(int fd)
{
	static const char magic[] = "makedumpfile";
	char start[sizeof(magic)];

	return pread(fd, start, sizeof(start), 0) == (ssize_t)sizeof(start) &&
	       memcmp(start, magic, sizeof(magic)) == 0;
}

static bool open_context(struct dump *dump, struct reason *why)
{
	kdump_num_t shift;

	dump->context = kdump_new();
	if (!dump->context)
		return because_of(why, ENOMEM);
	/* Newer versions of libkdumpfile than 0.5.1 read such a dump as it is. */
	dump->flattened = is_flattened(dump->fd);
	if (!kdump_header_is_sound(dump->fd, why))
		return false;
	if (kdump_open_fd(dump->context, dump->fd) != KDUMP_OK)
		return because(why, "%s: %s",
			dump->flattened ? "flattened, to be put together with 'makedumpfile -R'"
					: "not a dump",
			kdump_get_err(dump->context));
	if (kdump_get_number_attr(dump->context, KDUMP_ATTR_PAGE_SHIFT, &shift) != KDUMP_OK ||
		shift < 9 || shift > 30 ||
		kdump_get_string_attr(dump->context, KDUMP_ATTR_FILE_FORMAT, &dump->format) !=
			KDUMP_OK)
		return because(why, "a dump without a page size: %s", kdump_get_err(dump->context));
	/* libkdumpfile has zeroes where a file ends too early. */
	if (dump_is_elf(dump) && !elf_core_is_whole(dump->fd, why))
		return false;
	dump->page_shift = (unsigned)shift;
	dump->stored = page_map(dump->context, KDUMP_ATTR_FILE_PAGEMAP);
	dump->ram = page_map(dump->context, KDUMP_ATTR_MEMORY_PAGEMAP);
	return true;
}

struct dump *dump_open(const char *path, struct reason *why)
{
	struct dump *dump = calloc(1, sizeof(*dump));

	if (!dump) {
		reason_of_system(why, ENOMEM);
		return NULL;
	}
	dump->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (dump->fd < 0) {
		reason_of_system(why, errno);
		free(dump);
		return NULL;
	}
	if (open_context(dump, why))
		return dump;
	dump_close(dump);
	return NULL;
}

void dump_close(struct dump *dump)
{
	if (dump->stored)
		kdump_bmp_decref(dump->stored);
	if (dump->ram)
		kdump_bmp_decref(dump->ram);
	if (dump->context)
		kdump_free(dump->context);
	close(dump->fd);
	free(dump);
}

const char *dump_format(const struct dump *dump)
{
	return dump->flattened ? "flattened" : dump->format;
}

bool dump_is_elf(const struct dump *dump)
{
	return !dump->flattened && strncasecmp(dump->format, "elf", 3) == 0;
}

size_t dump_page_size(const struct dump *dump)
{
	return (size_t)1 << dump->page_shift;
}

static bool next_run(const struct dump *dump, kdump_bmp_t *map, qt_phys from, struct qt_range *run)
{
	kdump_addr_t first = from >> dump->page_shift, end;

	if (!map || kdump_bmp_find_set(map, &first) != KDUMP_OK)
		return false;
	end = first;
	if (kdump_bmp_find_clear(map, &end) != KDUMP_OK)
		return false;
	*run = (struct qt_range){first << dump->page_shift, end << dump->page_shift};
	return true;
}

bool dump_next_memory(struct dump *dump, qt_phys from, struct qt_range *run)
{
	return next_run(dump, dump->ram, from, run);
}

bool dump_next_stored(struct dump *dump, qt_phys from, struct qt_range *run)
{
	return next_run(dump, dump->stored, from, run);
}

/* Whether the map has a page; true where there is no map. */
static bool has_page(kdump_bmp_t *map, uint64_t page)
{
	unsigned char bits = 0;

	return !map || (kdump_bmp_get_bits(map, page, page, &bits) == KDUMP_OK && bits & 1);
}

static enum dump_result read_within_page(struct dump *dump, qt_phys at, void *buffer, size_t size)
{
	uint64_t page = at >> dump->page_shift;
	size_t got = size;

	if (!has_page(dump->stored, page))
		return dump->ram && has_page(dump->ram, page) ? DUMP_EXCLUDED : DUMP_OUTSIDE;
	switch (kdump_read(dump->context, KDUMP_MACHPHYSADDR, at, buffer, &got)) {
	case KDUMP_OK:
		return got == size ? DUMP_READ : DUMP_FAILED;
	case KDUMP_ERR_NODATA:
		return DUMP_EXCLUDED;
	default:
		return DUMP_FAILED;
	}
}

enum dump_result dump_read(struct dump *dump, qt_phys at, void *buffer, size_t size)
{
	uint64_t page_size = UINT64_C(1) << dump->page_shift;
	uint8_t *to = buffer;

	while (size) {
		uint64_t left = page_size - (at & (page_size - 1));
		size_t part = size < left ? size : (size_t)left;
		enum dump_result result = read_within_page(dump, at, to, part);

		if (result != DUMP_READ)
			return result;
		at += part;
		to += part;
		size -= part;
	}
	return DUMP_READ;
}

enum dump_result dump_read_word(struct dump *dump, qt_phys at, uint64_t *word)
{
	uint8_t bytes[sizeof(*word)] = {0};
	enum dump_result result = dump_read(dump, at, bytes, sizeof(bytes));

	*word = qt_le64(bytes);
	return result;
}

const char *dump_error(const struct dump *dump)
{
	const char *error = kdump_get_err(dump->context);

	return error ? error : "";
}
