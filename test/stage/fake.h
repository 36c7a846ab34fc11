/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A piece of physical memory for tests: everything outside it cannot be read. */
#ifndef QUIETUS_TEST_STAGE_FAKE_H
#define QUIETUS_TEST_STAGE_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <x86_64/boot_params.h>
#include <common/physical.h>

#define FAKE_START 0x100000u
#define FAKE_SIZE  0x10000u

struct fake {
	uint8_t bytes[FAKE_SIZE];
	unsigned accesses;
};

static inline uint8_t *fake_at(struct fake *fake, qt_phys at)
{
	return fake->bytes + (at - FAKE_START);
}

static inline int fake_check(const struct fake *fake, qt_phys at, size_t len)
{
	return at < FAKE_START || at - FAKE_START > sizeof(fake->bytes) ||
			       len > sizeof(fake->bytes) - (at - FAKE_START)
		       ? QT_E_OUTSIDE
		       : 0;
}

static inline int fake_read(void *context, qt_phys at, void *buffer, size_t len)
{
	struct fake *fake = context;
	int error = fake_check(fake, at, len);

	fake->accesses++;
	if (!error)
		memcpy(buffer, fake_at(fake, at), len);
	return error;
}

static inline int fake_write(void *context, qt_phys at, const void *buffer, size_t len)
{
	struct fake *fake = context;
	int error = fake_check(fake, at, len);

	fake->accesses++;
	if (!error)
		memcpy(fake_at(fake, at), buffer, len);
	return error;
}

static inline struct physical fake_physical(struct fake *fake)
{
	return (struct physical){fake, fake_read, fake_write};
}

/* Writes one e820 entry. */
static inline void fake_e820(uint8_t *at, uint64_t start, uint64_t size, uint32_t type)
{
	boot_set64(at, 0, start);
	boot_set64(at, 8, size);
	boot_set32(at, 16, type);
}

/* Adds one to the table in boot_params. */
static inline void fake_e820_add(uint8_t *boot, uint64_t start, uint64_t size, uint32_t type)
{
	unsigned n = boot[BP_E820_ENTRIES]++;

	fake_e820(boot + BP_E820_TABLE + n * E820_ENTRY_SIZE, start, size, type);
}

/* Writes a setup_data node's header. */
static inline void fake_node(
	struct fake *fake, qt_phys at, uint64_t next, uint32_t type, uint32_t len)
{
	boot_set64(fake_at(fake, at), 0, next);
	boot_set32(fake_at(fake, at), 8, type);
	boot_set32(fake_at(fake, at), 12, len);
}

#endif
