/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ELF core header: memory answers anything, another thing each time, or fails.
 *
 * Bounds: up to HEADERS_MAX program headers, one more than are read at a time here, or as
 * many as are refused. (Elsewhere 16 are read at a time.) What is left out: longer
 * headers, which go on the same way in further batches. Adding to a set of ranges is
 * proved in `ranges`.
 */
#include <quietus/bytes.h>
#include <quietus/firmware.h>

#include "../prove.h"

#define EHDR_SIZE   64u
#define HEADERS_MAX 3u

static uint64_t header_at, size_known;

static int read_memory(void *context, qt_phys at, void *buffer, size_t len)
{
	int error = any_read(context, at, buffer, len);

	CHECK(at >= header_at && (size_known == 0 || at - header_at + len <= size_known),
		"read outside the core header");
	if (len == EHDR_SIZE) {
		uint16_t count = qt_le16((uint8_t *)buffer + 56);

		ASSUME(count <= HEADERS_MAX || count == 0xffff);
	}
	return error;
}

int qt_ranges_add(struct qt_ranges *set, uint64_t start, uint64_t end)
{
	return any_ranges_add(set, start, end);
}

int main(void)
{
	const struct qt_host host = {.read = read_memory};
	struct qt_ranges ram;

	header_at = nondet_u64();
	size_known = nondet_u64();
	qt_elfcore_ram(&host, header_at, size_known, &ram);
	return 0;
}
