/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the fuzz targets share. Every target is one file with an
 * LLVMFuzzerTestOneInput(): it gives its part of Quietus the input as memory,
 * config space or a file, and checks what must hold whatever the input is. A
 * libFuzzer program crashes where it does not, or where a sanitizer objects.
 */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include <quietus/arena.h>
#include <quietus/host.h>

/* What libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something that must hold for every input. */
#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail(__FILE__, __LINE__, #condition);                                 \
	} while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

/* What is left of an input. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* The next `width` bytes (up to 8) as a little-endian number; zeros past the end. */
uint64_t fuzz_take(struct fuzz_input *input, unsigned width);

/*
 * The rest of the input as patches to memory that is otherwise zero: an offset of
 * `width` bytes, the number of bytes less one (1 byte), the bytes. So a few hundred
 * bytes of input fill a sparse image of any size, and mutations hit what matters.
 */
void fuzz_patch(struct fuzz_input *input, unsigned width, uint8_t *memory, size_t size);

/* Physical memory at a place; everything else is outside. */
struct fuzz_memory {
	qt_phys start;
	uint8_t *bytes;
	size_t size;
	uint64_t clock_us;
};

/* A host with this memory and a clock, and neither registers nor config space. */
struct qt_host fuzz_host(struct fuzz_memory *memory);

/* struct qt_host's read, and the same for writing. */
int fuzz_read(void *context, qt_phys at, void *buffer, size_t len);
int fuzz_write(void *context, qt_phys at, const void *buffer, size_t len);

/*
 * An arena whose bytes may be touched only once they were handed out, and not
 * beyond: AddressSanitizer knows (the programs are linked with --wrap=qt_alloc).
 */
struct qt_arena fuzz_arena(uint8_t *base, qt_phys phys, size_t size);

/* Makes a file of these bytes and returns its path; the one before is gone. */
const char *fuzz_file(const uint8_t *data, size_t size);

#endif
