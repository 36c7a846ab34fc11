// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The life of the stage on arm64, from kexec's jump into it to its jump into the
 * capture kernel. What it does to the machine is in ../common/settle.c.
 */
#include "regime.h"
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
static bool prepare(struct stage *s);

/*
 * Take exceptions over; read what the loader handed over; if not told to keep out,
 * turn translation and caches on with tables of our own, and settle. Then hand over
 * what is to be said, and return: entry.S puts the CPU back into the state it came
 * in, and jumps on.
 */
void stage_main(void)
{
	struct stage *s = &stage;

	begin(s);
	regime_take_exceptions();
	if (!prepare(s))
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

static void begin(struct stage *s)
{
	uint64_t start = (uint64_t)(uintptr_t)image_start;

	regime_save();
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
	entry_state.payload = start + s->header->prefix_size;
}

static void open_console(struct stage *s)
{
	s->serial = (struct serial){
		.place = serial_place(&s->tree, s->settle.command_line),
		.paging = &s->paging,
		.clock = &s->clock,
	};
	if (!s->serial.place.kind)
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

/* Reads all that settling needs. False if even the device tree cannot be read. */
static bool prepare(struct stage *s)
{
	bool mapped = false;
	int error;

	access_init(s);
	paging_init(&s->paging);
	if (boot_read(s, entry_state.registers[0]))
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
	error = boot_read_memory_map(s);
	if (error)
		s->settle.hands_off =
			error == QT_E_NOMEM ? QT_WHY_TOO_MANY : QT_WHY_NO_CRASH_REGION;
	else if (paging_switch(&s->paging))
		s->settle.hands_off = QT_WHY_NOT_MAPPED;
	else
		mapped = true;
	if (reserve_memory(s))
		s->settle.hands_off = QT_WHY_NOT_RESERVED;
	if (mapped)
		boot_read_machine(s);
	return true;
}
