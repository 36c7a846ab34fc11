// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_FRAME   ((1ull << 55) - 1)

/* splitmix64 (Steele, Lea, Flood, 2014): the runner computes the same words. */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* A pattern's page can be a part of one of the kernel's. */
static uint64_t physical(int pagemap, const void *page)
{
	uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)page, entry = 0;

	if (pread(pagemap, &entry, 8, (off_t)(at / size * 8)) != 8)
		return 0;
	return entry & PAGEMAP_PRESENT ? (entry & PAGEMAP_FRAME) * size + at % size : 0;
}

/* Fills locked pages with known words and tells the runner where they lie. */
void plant_patterns(uint64_t seed, unsigned int pages)
{
	size_t size = (size_t)pages * PATTERN_PAGE;
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t *words = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);

	if (words == MAP_FAILED || pagemap < 0 || mlock(words, size)) {
		perror("plant_patterns");
		return;
	}
	for (size_t i = 0; i < size / 8; i++)
		words[i] = mix(seed + i);
	for (unsigned int i = 0; i < pages; i++)
		say("pattern=%u %#llx", i,
			(unsigned long long)physical(pagemap, words + i * (PATTERN_PAGE / 8)));
	close(pagemap);
}
