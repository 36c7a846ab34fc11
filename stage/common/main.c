// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The life of the stage, from kexec's jump into it to its jump into the capture
 * kernel. What it does to the machine is in settle.c.
 */
#include "cpu.h"
#include "image.h"
#include "stage.h"

/*
 * How often what follows an exception is tried: putting back fewer times than
 * handing over, so that one that can never be put back is still handed over.
 * After that, only the jump is left; and after EXCEPTIONS_MAX not even that.
 */
#define UNDO_ATTEMPTS     2
#define HANDOVER_ATTEMPTS 3
#define EXCEPTIONS_MAX    4

/* What may be read behind elfcorehdr= when its size is not given: header and program headers. */
#define ELFCORE_SIZE_DEFAULT QT_KIB(64)

struct stage stage;

static void begin(struct stage *s);
static bool prepare(struct stage *s);

/*
 * Take exceptions over; read what the loader handed over; if not told to keep out,
 * reach all memory through page tables of our own, and settle. Then hand over what
 * is to be said, and return: entry.S puts the CPU back into the state it came in,
 * and jumps on.
 */
void stage_main(void)
{
	struct stage *s = &stage;

	begin(s);
	exceptions_take_over();
	if (!boot_begin(s) || !prepare(s))
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
		log_say(&s->log, "exception 0x%x at +0x%llx", s->exception,
			(unsigned long long)s->exception_ip);
	/* Putting back goes on where an exception in it ended the last attempt. */
	if (s->exceptions <= UNDO_ATTEMPTS)
		settle_abandon(&s->settle);
	if (s->exceptions <= HANDOVER_ATTEMPTS)
		hand_over(s);
	s->leaving = true;
}

bool exception_note(struct stage *s, uint8_t kind, uint64_t ip)
{
	if (s->exceptions++ >= EXCEPTIONS_MAX)
		return false;
	if (s->exceptions == 1) {
		s->exception = kind;
		s->exception_ip = ip - (uint64_t)(uintptr_t)image_start;
	}
	return true;
}

static void begin(struct stage *s)
{
	uint64_t start = (uint64_t)(uintptr_t)image_start;

	clock_start(&s->clock);
	s->exception = NO_EXCEPTION;
	s->header = (const void *)(image_start + QT_STAGE_HEADER_OFFSET);
	s->settle.stage = (struct qt_range){start, start + QT_STAGE_MEMORY_SIZE};
	s->settle.host = &s->host;
	s->settle.log = &s->log;
	s->settle.arena = (struct qt_arena){
		.base = image_start + s->header->arena_offset,
		.phys = start + s->header->arena_offset,
		.size = QT_STAGE_MEMORY_SIZE - s->header->arena_offset,
	};
	s->usable = (struct qt_ranges){s->usable_list, 0, RANGES_MAX};
	s->memory = (struct qt_ranges){s->memory_list, 0, RANGES_MAX};
	s->ram = (struct qt_ranges){s->ram_list, 0, RANGES_MAX};
	s->paging.known = &s->memory;
}

int add_pages(struct qt_ranges *ranges, qt_phys at, uint64_t size)
{
	uint64_t end;

	if (size > UINT64_MAX - PAGE_SIZE || __builtin_add_overflow(at, size + PAGE_SIZE - 1, &end))
		return QT_E_BAD;
	return qt_ranges_add(ranges, at & ~(PAGE_SIZE - 1), end & ~(PAGE_SIZE - 1));
}

/* kexec leaves the core header out of the map, so that nothing overwrites it. */
static int read_memory(struct stage *s)
{
	qt_phys elfcore;
	uint64_t size;
	int error = boot_read_memory(s);

	if (!error)
		error = qt_ranges_add(&s->memory, s->settle.stage.start, s->settle.stage.end);
	if (!error && boot_elfcore(s, &elfcore, &size))
		error = add_pages(&s->memory, elfcore, size ? size : ELFCORE_SIZE_DEFAULT);
	s->settle.usable = s->usable;
	return error;
}

static void read_ram(struct stage *s)
{
	qt_phys elfcore;
	uint64_t size;
	int error = QT_E_NOTFOUND;

	if (boot_elfcore(s, &elfcore, &size))
		error = qt_elfcore_ram(&s->host, elfcore, size, &s->ram);
	if (error) {
		log_say(&s->log, "no usable ELF core header: %s", qt_error_name(error));
		s->ram.count = 0;
		return;
	}
	s->paging.ram = &s->ram;
	paging_forget(&s->paging);
	s->settle.ram = s->ram;
}

/* Reads all that settling needs. False if even the command line cannot be read. */
static bool prepare(struct stage *s)
{
	bool mapped;
	uint8_t reason;
	int error;

	access_init(s);
	paging_init(&s->paging);
	if (boot_read(s))
		return false;
	console_open(s);
	if (settle_read_mode(&s->settle) == STAGE_OFF)
		return true;
	/* First, so that whatever comes can be reported. */
	if (settle_reserve(&s->settle))
		s->settle.hands_off = QT_WHY_NO_MEMORY;
	reason = boot_map(s);
	mapped = !reason;
	if (reason)
		s->settle.hands_off = reason;
	error = read_memory(s);
	if (error)
		s->settle.hands_off =
			error == QT_E_NOMEM ? QT_WHY_TOO_MANY : QT_WHY_NO_CRASH_REGION;
	if (reserve_memory(s))
		s->settle.hands_off = QT_WHY_NOT_RESERVED;
	if (mapped) {
		read_ram(s);
		boot_read_machine(s);
	}
	return true;
}

struct qt_report_header stage_measured(struct stage *s, uint32_t nmis)
{
	return (struct qt_report_header){
		.stage_version = QT_VERSION,
		.exception = s->exception,
		.exception_ip = s->exception_ip,
		.phase = s->settle.phase,
		.nmis = nmis,
		.stage_us = clock_now_us(&s->clock),
		.memory_used = s->header->arena_offset + s->settle.arena.used,
		.memory_size = QT_STAGE_MEMORY_SIZE,
		.clock_hz = s->clock.hz,
		.clock_source = s->clock.source,
	};
}
