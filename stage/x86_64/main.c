// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The life of the stage on x86-64, from kexec's jump into it to its jump into
 * the capture kernel. What it does to the machine is in ../common/settle.c.
 */
#include <quietus/memory.h>

#include "cpu.h"
#include "descriptors.h"
#include "encryption.h"
#include "entry.h"
#include "setup_header.h"
#include "stage.h"

/*
 * How often what follows an exception is tried: putting back fewer times than
 * handing over, so that one that can never be put back is still handed over.
 * After that, only the jump is left.
 */
#define UNDO_ATTEMPTS     2
#define HANDOVER_ATTEMPTS 3

struct stage stage;

static void begin(struct stage *s);
static bool restore_setup_header(struct stage *s);
static bool prepare(struct stage *s);

/*
 * Take exceptions over; give the setup header in boot_params its original values,
 * without which the kernel would not fit; read what the loader handed over; if
 * not told to keep out, switch to page tables of our own and settle. Then hand
 * over what is to be said, and return: entry.S puts the CPU back into the state
 * it came in, and jumps on.
 */
void stage_main(void)
{
	struct stage *s = &stage;

	begin(s);
	descriptors_load();
	if (!restore_setup_header(s) || !prepare(s))
		return;
	if (s->settle.mode == STAGE_OFF) {
		settle_conclude(&s->settle, 0);
		return;
	}
	settle(&s->settle);
	hand_over(s);
	s->leaving = true;
}

/* After an exception, on an empty stack: back to where nothing is half done, and on. */
void stage_recover(void)
{
	struct stage *s = &stage;

	if (s->leaving)
		return;
	paging_forget(&s->paging); /* the window may have been interrupted half way */
	if (s->exceptions == 1)
		log_say(&s->log, "exception %u at +0x%llx", s->exception,
			(unsigned long long)s->exception_ip);
	/* Putting back goes on where an exception in it ended the last attempt. */
	if (s->exceptions <= UNDO_ATTEMPTS)
		settle_abandon(&s->settle);
	if (s->exceptions <= HANDOVER_ATTEMPTS)
		hand_over(s);
	s->leaving = true;
}

static void begin(struct stage *s)
{
	uint64_t start = (uint64_t)(uintptr_t)image_start;

	s->clock.start = read_counter();
	s->exception = NO_EXCEPTION;
	s->header = (const void *)(image_start + QT_STAGE_HEADER_OFFSET);
	s->boot_params_at = entry_state.registers[ENTRY_RSI / 8];
	s->boot_params = (uint8_t *)(uintptr_t)s->boot_params_at;
	s->settle.stage = (struct qt_range){start, start + QT_STAGE_MEMORY_SIZE};
	s->settle.host = &s->host;
	s->settle.log = &s->log;
	s->settle.arena = (struct qt_arena){
		.base = image_start + s->header->arena_offset,
		.phys = start + s->header->arena_offset,
		.size = QT_STAGE_MEMORY_SIZE - s->header->arena_offset,
	};
	entry_state.payload = start + s->header->prefix_size + ENTRY_64;
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

static bool restore_setup_header(struct stage *s)
{
	return !setup_header_restore(s->boot_params, image_start + s->header->setup_offset,
		s->header->setup_size, s->settle.stage.start, s->header->prefix_size);
}

static void open_console(struct stage *s)
{
	serial_open(&s->serial, serial_port(s->settle.command_line), &s->clock);
	if (!s->serial.port)
		return;
	s->log.put = serial_put;
	s->log.context = &s->serial;
}

/* quietus= on the command line. */
static void read_mode(struct stage *s)
{
	bool unknown;

	s->settle.mode = command_line_mode(s->settle.command_line, &unknown);
	if (unknown)
		log_line(&s->log, "quietus= is none of auto, observe, off: acting as auto");
}

/* Own page tables, where they can be had: else nothing more is looked at. */
static bool take_paging_over(struct stage *s)
{
	const char *encryption = encryption_in_use(&(struct encryption_cpu){cpuid, read_msr});

	if (encryption) {
		log_say(&s->log, "memory is encrypted (%s)", encryption);
		s->settle.hands_off = QT_WHY_ENCRYPTED;
		return false;
	}
	write_cr4(read_cr4() | CR4_MCE);
	if (!paging_switch(&s->paging))
		return true;
	s->settle.hands_off = QT_WHY_NOT_MAPPED;
	return false;
}

/* Reads all that settling needs. False if even the command line cannot be read. */
static bool prepare(struct stage *s)
{
	bool mapped;
	int error;

	describe_capture_kernel(s);
	access_init(s);
	paging_init(&s->paging);
	clock_start(&s->clock);
	if (boot_read(s))
		return false;
	open_console(s);
	read_mode(s);
	if (s->settle.mode == STAGE_OFF) {
		s->settle.outcome = QT_OUTCOME_OFF;
		s->settle.reason = QT_WHY_ASKED_OFF;
		return true;
	}
	/* First, so that whatever comes can be reported. */
	if (settle_reserve(&s->settle))
		s->settle.hands_off = QT_WHY_NO_MEMORY;
	mapped = take_paging_over(s);
	error = boot_read_memory_map(s);
	if (error)
		s->settle.hands_off =
			error == QT_E_NOMEM ? QT_WHY_TOO_MANY : QT_WHY_NO_CRASH_REGION;
	if (reserve_memory(s))
		s->settle.hands_off = QT_WHY_NOT_RESERVED;
	if (mapped)
		boot_read_machine(s);
	return true;
}
