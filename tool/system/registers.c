/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registers.h"

#define PAGE UINT64_C(4096)

void registers_open(struct registers *registers, const char *path)
{
	struct stat file;

	*registers = (struct registers){
		.fd = open(path, O_RDONLY | O_SYNC | O_CLOEXEC), .end = UINT64_MAX};
	if (registers->fd < 0 || fstat(registers->fd, &file) != 0)
		registers->error = errno;
	else if (S_ISREG(file.st_mode))
		registers->end = (uint64_t)file.st_size;
}

void registers_close(struct registers *registers)
{
	if (registers->page)
		munmap(registers->page, PAGE);
	if (registers->fd >= 0)
		close(registers->fd);
}

/* Mapping a file past its end gives a page that cannot be touched; devices have no end. */
static bool map_page(struct registers *registers, qt_phys page)
{
	void *mapped = MAP_FAILED;

	if (registers->page && registers->page_at == page)
		return true;
	errno = ENXIO;
	if (registers->end >= page + PAGE)
		mapped = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, registers->fd, (off_t)page);
	if (mapped == MAP_FAILED)
		return false;
	if (registers->page)
		munmap(registers->page, PAGE);
	registers->page = mapped;
	registers->page_at = page;
	return true;
}

uint64_t registers_read(struct registers *registers, qt_phys at, unsigned width)
{
	const uint8_t *page;

	if (registers->fd < 0)
		return UINT64_MAX;
	if (!map_page(registers, at & ~(PAGE - 1))) {
		registers->error = errno;
		return UINT64_MAX;
	}
	page = registers->page;
	if (width == 4)
		return *(const volatile uint32_t *)(page + at % PAGE);
	return *(const volatile uint64_t *)(page + at % PAGE);
}
