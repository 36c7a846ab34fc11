/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The dead kernel's ELF core header: patches to 64 KiB, at whose start it is. */
#include <string.h>

#include <quietus/firmware.h>

#include "fuzz.h"

#define SIZE QT_KIB(64)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[SIZE];
	struct fuzz_input input = {data, size};
	struct fuzz_memory memory = {.start = QT_MIB(1), .bytes = bytes, .size = SIZE};
	struct qt_host host = fuzz_host(&memory);
	uint64_t known = fuzz_take(&input, 2);
	struct qt_range list[32];
	struct qt_ranges ram = {list, 0, QT_ARRAY_SIZE(list)};

	memset(bytes, 0, sizeof(bytes));
	fuzz_patch(&input, 2, bytes, sizeof(bytes));
	qt_elfcore_ram(&host, QT_MIB(1), known, &ram);
	FUZZ_CHECK(ram.count <= ram.capacity);
	for (size_t i = 0; i < ram.count; i++) {
		FUZZ_CHECK(list[i].start < list[i].end);
		FUZZ_CHECK(i == 0 || list[i - 1].end < list[i].start);
	}
	return 0;
}
