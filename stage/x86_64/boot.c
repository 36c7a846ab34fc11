// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the loader handed over, read once and checked: boot_params and what it leads to. */
#include <quietus/memory.h>

#include "../common/stage.h"
#include "clock_source.h"
#include "cpu.h"
#include "encryption.h"
#include "entry.h"
#include "memmap.h"
#include "pci.h"
#include "rsdp.h"
#include "setup_header.h"

/* With the setup header that it came with, the image would not fit where it is. */
bool boot_begin(struct stage *s)
{
	const struct qt_stage_header *header = s->header;

	s->boot.params_at = entry_state.registers[ENTRY_RSI / 8];
	s->boot.params = (uint8_t *)(uintptr_t)s->boot.params_at;
	entry_state.payload = s->settle.stage.start + header->prefix_size + ENTRY_64;
	return !setup_header_restore(s->boot.params, image_start + header->setup_offset,
		header->setup_size, s->settle.stage.start, header->prefix_size);
}

/* The kernel that comes next, and the CPU that it will start on: this one. */
static void describe_capture_kernel(struct stage *s)
{
	struct qt_capture_kernel *kernel = &s->settle.capture_kernel;

	kernel->version = setup_header_kernel_version(
		image_start + s->header->setup_offset, s->header->setup_size);
	kernel->x2apic = read_msr(MSR_APIC_BASE) & APIC_BASE_X2APIC;
	if (kernel->x2apic)
		kernel->apic_id = (uint32_t)read_msr(MSR_X2APIC_ID);
}

static int read_command_line(struct stage *s)
{
	struct settle *work = &s->settle;
	size_t limit;
	qt_phys at = setup_header_command_line(s->boot.copy, &limit);
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
	int error =
		physical_read(&s->physical, s->boot.params_at, s->boot.copy, sizeof(s->boot.copy));

	describe_capture_kernel(s);
	s->boot.copied = !error;
	return error ? error : read_command_line(s);
}

uint8_t boot_map(struct stage *s)
{
	const char *encryption = encryption_in_use(&(struct encryption_cpu){cpuid, read_msr});

	if (encryption) {
		log_say(&s->log, "memory is encrypted (%s)", encryption);
		return QT_WHY_ENCRYPTED;
	}
	write_cr4(read_cr4() | CR4_MCE);
	return paging_switch(&s->paging) ? QT_WHY_NOT_MAPPED : 0;
}

/* elfcorehdr=[size@]address. */
bool boot_elfcore(const struct stage *s, qt_phys *at, uint64_t *size)
{
	struct command_line_word word;
	const char *p, *end;

	*size = 0;
	if (!command_line_last(s->settle.command_line, "elfcorehdr", &word))
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

/* The kernel must be told where the stage is by the same way it learns of the rest. */
static void reserve_by_command_line(struct stage *s)
{
	qt_text(s->boot.always, sizeof(s->boot.always), "memmap=%lluK$0x%llx",
		(unsigned long long)(s->settle.stage.end - s->settle.stage.start) / 1024,
		(unsigned long long)s->settle.stage.start);
	s->settle.always = s->boot.always;
}

int boot_read_memory(struct stage *s)
{
	bool exact = false;
	int error = e820_read(s->boot.copy, &s->physical, &s->usable, &s->memory);

	if (!error)
		error = memmap_apply(s->settle.command_line, &s->usable, &s->memory, &exact);
	if (!error)
		error = add_pages(&s->memory, s->boot.params_at, BOOT_PARAMS_SIZE);
	if (!error && exact)
		reserve_by_command_line(s);
	return error;
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

	if (rsdp_open(&work->acpi, &s->host, &s->physical, s->boot.copy, work->command_line)) {
		log_line(&s->log, "no ACPI tables found");
		work->acpi.host = NULL;
	} else {
		has_timer = !qt_acpi_pm_timer(&work->acpi, &work->arena, &timer);
		read_ecam(s);
	}
	clock_measure(&s->clock, &s->host, has_timer ? &timer : NULL);
}
