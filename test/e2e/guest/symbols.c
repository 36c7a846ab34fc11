// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#define SYMBOLS "/proc/kallsyms"
#define COPY    "/tmp/kallsyms"

/* Linux 5.11 and later, arch/arm64/kernel/vmlinux.lds.S: from _text to _stext, SEGMENT_ALIGN. */
#define HEAD_SIZE 0x10000

static void copy_with_text(FILE *from, FILE *to)
{
	char line[512], name[128];
	uint64_t address;

	while (fgets(line, sizeof(line), from)) {
		fputs(line, to);
		if (sscanf(line, "%" SCNx64 " %*c %127s", &address, name) == 2 &&
			!strcmp(name, "_stext"))
			fprintf(to, "%016" PRIx64 " T _text\n", address - HEAD_SIZE);
	}
}

/*
 * On arm64 kexec looks for _text, which kernels without CONFIG_KALLSYMS_ALL do not tell, and
 * goes on without: the headers of the dump that it makes are then wrong.
 */
void symbols_add_text(void)
{
	FILE *from = fopen(SYMBOLS, "r"), *to = fopen(COPY, "w");

	if (from && to)
		copy_with_text(from, to);
	if (from)
		fclose(from);
	if (to)
		fclose(to);
	if (mount(COPY, SYMBOLS, NULL, MS_BIND, NULL))
		perror(SYMBOLS);
}
