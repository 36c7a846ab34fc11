// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the loader handed over, read once and checked: boot_params and what it leads to. */
#include <quietus/memory.h>

#include "cpu.h"
#include "memmap.h"
#include "rsdp.h"
#include "setup_header.h"
#include "stage.h"

/* What may be read behind elfcorehdr= when its size is not given: header and program headers. */
#define ELFCORE_SIZE_DEFAULT QT_KIB(64)

static int read_command_line(struct stage *s)
{
	struct settle *work = &s->settle;
	size_t limit;
	qt_phys at = setup_header_command_line(s->boot, &limit);
	size_t n = 0;

	work->command_line_limit = limit;
	if (limit > COMMAND_LINE_SIZE - 1)
		limit = COMMAND_LINE_SIZE - 1;
	for (; at && n < limit; n++) {
		int error = physical_read(&s->physical, at + n, &work->command_line[n], 1);

		if (error) {
			work->command_line[n] = 0;
			return error;
		}
		if (!work->command_line[n])
			break;
	}
	work->command_line[n] = 0;
	return 0;
}

int boot_read(struct stage *s)
{
	int error = physical_read(&s->physical, s->boot_params_at, s->boot, sizeof(s->boot));

	s->boot_valid = !error;
	return error ? error : read_command_line(s);
}

/* elfcorehdr=[size@]address. False if there is none. */
static bool find_elfcore(const char *command_line, qt_phys *at, uint64_t *size)
{
	struct command_line_word word;
	const char *p, *end;

	*size = 0;
	if (!command_line_last(command_line, "elfcorehdr", &word))
		return false;
	p = word.value;
	end = p + word.value_len;
	if (!command_line_number(&p, end, at))
		return false;
	if (p < end && *p == '@') {
		*size = *at;
		p++;
		return command_line_number(&p, end, at);
	}
	return true;
}

static void init_ranges(struct qt_ranges *ranges, struct qt_range *list)
{
	*ranges = (struct qt_ranges){list, 0, RANGES_MAX};
}

/* Adds whole pages around [start, start + size), where that does not wrap. */
static int add_around(struct qt_ranges *ranges, uint64_t start, uint64_t size)
{
	uint64_t end;

	if (__builtin_add_overflow(start, size + PAGE_SIZE - 1, &end) || end < start)
		return QT_E_BAD;
	return qt_ranges_add(ranges, start & ~(PAGE_SIZE - 1), end & ~(PAGE_SIZE - 1));
}

/* The kernel must be told where the stage is by the same way it learns of the rest. */
static void reserve_by_command_line(struct stage *s)
{
	qt_text(s->always, sizeof(s->always), "memmap=%lluK$0x%llx",
		(unsigned long long)(s->settle.stage.end - s->settle.stage.start) / 1024,
		(unsigned long long)s->settle.stage.start);
	s->settle.always = s->always;
}

int boot_read_memory_map(struct stage *s)
{
	qt_phys elfcore;
	uint64_t size;
	bool exact;
	int error;

	init_ranges(&s->usable, s->usable_list);
	init_ranges(&s->memory, s->memory_list);
	init_ranges(&s->ram, s->ram_list);
	s->paging.known = &s->memory;

	error = e820_read(s->boot, &s->physical, &s->usable, &s->memory);
	if (!error)
		error = memmap_apply(s->settle.command_line, &s->usable, &s->memory, &exact);
	if (!error)
		error = qt_ranges_add(&s->memory, s->settle.stage.start, s->settle.stage.end);
	if (!error)
		error = add_around(&s->memory, s->boot_params_at, BOOT_PARAMS_SIZE);
	if (error)
		return error;
	if (exact)
		reserve_by_command_line(s);
	/* kexec leaves the core header out of the map, so that nothing overwrites it. */
	if (find_elfcore(s->settle.command_line, &elfcore, &size))
		error = add_around(&s->memory, elfcore, size ? size : ELFCORE_SIZE_DEFAULT);
	s->settle.usable = s->usable;
	return error;
}

static void read_ram(struct stage *s)
{
	qt_phys elfcore;
	uint64_t size;
	int error = QT_E_NOTFOUND;

	if (find_elfcore(s->settle.command_line, &elfcore, &size))
		error = qt_elfcore_ram(&s->host, elfcore, size, &s->ram);
	if (error) {
		log_say(&s->log, "no usable elfcorehdr: %s", qt_error_name(error));
		s->ram.count = 0;
		return;
	}
	s->paging.ram = &s->ram;
	paging_forget(&s->paging);
	s->settle.ram = s->ram;
}

static void read_ecam(struct stage *s)
{
	struct settle *work = &s->settle;
	size_t count = QT_ARRAY_SIZE(work->ecam);

	if (qt_acpi_mcfg(&work->acpi, &work->arena, work->ecam, &count))
		return;
	s->pci.ecam = work->ecam;
	s->pci.ecams = count;
	if (!pci_ecam_holds(&s->pci)) {
		log_line(&s->log, "MCFG does not lead to PCI configuration space: not used");
		s->pci.ecams = 0;
	}
	work->ecams = s->pci.ecams;
}

void boot_read_machine(struct stage *s)
{
	struct settle *work = &s->settle;
	struct qt_pm_timer timer;
	bool has_timer = false;

	read_ram(s);
	if (rsdp_open(&work->acpi, &s->host, &s->physical, s->boot, work->command_line)) {
		log_line(&s->log, "no ACPI tables found");
		work->acpi.host = NULL;
	} else {
		has_timer = !qt_acpi_pm_timer(&work->acpi, &work->arena, &timer);
		read_ecam(s);
	}
	clock_measure(&s->clock, &s->host, has_timer ? &timer : NULL);
}
