// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The memory functions that a compiler may call by itself. The empty asm in each
 * loop keeps it from seeing the function that it is in and calling that again.
 */
#include <quietus/memory.h>

#include <stdint.h>

/* Eight bytes at any alignment, of whatever type. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word;

#define NOT_AN_IDIOM() __asm__ volatile("" ::: "memory")

/* Words at a time that are copied, for tables are scanned as fast as they are copied. */
#define WORDS 4

static void copy_up(uint8_t *to, const uint8_t *from, size_t len)
{
	for (; len >= WORDS * sizeof(word); len -= WORDS * sizeof(word)) {
		uint64_t words[WORDS];

#pragma GCC unroll 4
		for (unsigned i = 0; i < WORDS; i++)
			words[i] = ((const word *)from)[i];
#pragma GCC unroll 4
		for (unsigned i = 0; i < WORDS; i++)
			((word *)to)[i] = words[i];
		to += WORDS * sizeof(word);
		from += WORDS * sizeof(word);
		NOT_AN_IDIOM();
	}
	for (; len >= sizeof(word); len -= sizeof(word)) {
		*(word *)to = *(const word *)from;
		to += sizeof(word);
		from += sizeof(word);
		NOT_AN_IDIOM();
	}
	while (len--) {
		*to++ = *from++;
		NOT_AN_IDIOM();
	}
}

static void copy_down(uint8_t *to, const uint8_t *from, size_t len)
{
	while (len >= sizeof(word)) {
		len -= sizeof(word);
		*(word *)(to + len) = *(const word *)(from + len);
		NOT_AN_IDIOM();
	}
	while (len--) {
		to[len] = from[len];
		NOT_AN_IDIOM();
	}
}

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
	copy_up(to, from, len);
	return to;
}

void *memmove(void *to, const void *from, size_t len)
{
	if ((uintptr_t)to - (uintptr_t)from >= len)
		copy_up(to, from, len);
	else
		copy_down(to, from, len);
	return to;
}

void *memset(void *at, int byte, size_t len)
{
	uint8_t *to = at;
	uint64_t pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);

	for (; len >= sizeof(word); len -= sizeof(word)) {
		*(word *)to = pattern;
		to += sizeof(word);
		NOT_AN_IDIOM();
	}
	while (len--) {
		*to++ = (uint8_t)byte;
		NOT_AN_IDIOM();
	}
	return at;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *left = a;
	const uint8_t *right = b;

	for (; len; len--, left++, right++) {
		if (*left != *right)
			return *left - *right;
		NOT_AN_IDIOM();
	}
	return 0;
}
