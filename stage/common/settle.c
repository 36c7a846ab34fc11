// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <quietus/memory.h>
#include <quietus/stage_header.h>

#include "settle.h"

/* Below this, kernels since 5.13 do no DMA. */
#define LOW_END QT_MIB(1)

/* Smallest page a device or the capture kernel may be given. */
#define PAGE_SIZE   UINT64_C(4096)
#define PAGES(size) (((size) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1))

#define FUNCTION_ROOM QT_FUNCTIONS_MAX
#define RANGE_ROOM    512

#define JOURNAL_SIZE QT_KIB(384)
#define RECORDS_SIZE ((QT_REPORT_RECORDS_MAX(LOG_SIZE) + 7) & ~UINT64_C(7))
#define BLOCK_SIZE   PAGES(REPORT_HEAD + RECORDS_SIZE + JOURNAL_SIZE)
_Static_assert(BLOCK_SIZE <= QT_STAGE_REPORT_SIZE, "the audit counts on this");

static void begin_phase(struct settle *s, enum qt_phase phase);
static enum qt_reason enumerate_functions(struct settle *s);
static void quiet_interrupts(struct settle *s);
static void probe_resets(struct settle *s);
static bool find(struct settle *s, enum qt_reason enumerated);
static void stop_everything(struct settle *s);
static bool stop(struct settle *s);
static bool prepare(struct settle *s);
static void take_over(struct settle *s);
static bool stay_stock(struct settle *s, enum qt_reason reason, int error);
static bool compose_command_line(struct settle *s, bool committed);

enum stage_mode settle_read_mode(struct settle *s)
{
	bool unknown;

	s->mode = command_line_mode(s->command_line, &unknown);
	if (unknown)
		log_line(s->log, "quietus= is none of auto, observe, reset, off: acting as auto");
	if (s->mode == STAGE_OFF) {
		s->outcome = QT_OUTCOME_OFF;
		s->reason = QT_WHY_ASKED_OFF;
	}
	return s->mode;
}

/*
 * Between two kernels: see to it that no device interrupts the capture kernel
 * before one of its drivers wants that; find what translates and for whom,
 * decide, stop the devices whose leftover DMA cannot be lived with, and, if every
 * function that a dump may need will be served, make the stores and check them.
 * Otherwise the capture kernel gets what it would have got without a stage, but
 * for the interrupts and the devices that stopping made harmless.
 */
void settle(struct settle *s)
{
	enum qt_reason enumerated;

	begin_phase(s, QT_PHASE_FIND);
	if (s->hands_off) {
		stay_stock(s, s->hands_off, 0);
		return;
	}
	enumerated = enumerate_functions(s);
	if (s->mode != STAGE_OBSERVE)
		quiet_interrupts(s);
	probe_resets(s);
	if (!find(s, enumerated)) {
		if (s->mode == STAGE_RESET)
			stop_everything(s);
		return;
	}

	begin_phase(s, QT_PHASE_PLAN);
	qt_plan(&s->machine, &s->plan);
	if (s->plan.by_path)
		log_line(s->log, "only the dump path must be reached");
	else if (s->machine.path_count)
		log_line(s->log, "quietus.path= names a function that is not there: ignored");
	if (s->mode == STAGE_OBSERVE) {
		stay_stock(s, QT_WHY_ASKED_OBSERVE, 0);
		s->outcome = QT_OUTCOME_OBSERVED;
		return;
	}
	begin_phase(s, QT_PHASE_STOP);
	if (!stop(s))
		return;
	if (!s->plan.commit) {
		stay_stock(s, s->plan.reason, 0);
		return;
	}

	begin_phase(s, QT_PHASE_PREPARE);
	if (!prepare(s))
		return;

	begin_phase(s, QT_PHASE_COMMIT);
	take_over(s);
}

static void begin_phase(struct settle *s, enum qt_phase phase)
{
	s->phase = (uint8_t)phase;
	s->machine.deadline_us = s->host->now_us(s->host->context) + QT_READING_LIMIT_US;
}

/*
 * Nothing was changed, or nothing is any more: on as in stock kdump. Returns
 * false, for steps that end with it.
 */
static bool stay_stock(struct settle *s, enum qt_reason reason, int error)
{
	s->outcome = s->begun ? QT_OUTCOME_UNDONE : QT_OUTCOME_STOCK;
	s->reason = reason;
	s->error = error;
	return false;
}

int settle_reserve(struct settle *s)
{
	s->block = qt_alloc(&s->arena, BLOCK_SIZE, PAGE_SIZE);
	if (!s->block)
		return QT_E_NOMEM;
	s->journal.buffer = s->block + REPORT_HEAD + RECORDS_SIZE;
	s->journal.size = JOURNAL_SIZE;
	return 0;
}

/* Interrupts */

/* Drivers turn their device's interrupts on again; for the others nobody would handle one. */
static void quiet_interrupts(struct settle *s)
{
	struct qt_pci_quiet_counts counts;

	qt_pci_quiet_interrupts(&s->machine.pci, &counts);
	if (counts.failed)
		log_say(s->log, "%zu functions may still raise interrupts", counts.failed);
}

/* Find */

static bool make_ranges(struct settle *s, struct qt_ranges *ranges)
{
	ranges->list = qt_alloc(&s->arena, RANGE_ROOM * sizeof(*ranges->list), 8);
	ranges->count = 0;
	ranges->capacity = RANGE_ROOM;
	return ranges->list != NULL;
}

static int add_pages(struct qt_ranges *to, uint64_t start, uint64_t end)
{
	end &= ~(PAGE_SIZE - 1);
	if (__builtin_add_overflow(start, PAGE_SIZE - 1, &start))
		return 0;
	start &= ~(PAGE_SIZE - 1);
	return start < end ? qt_ranges_add(to, start, end) : 0;
}

/* Whether two ranges of the crash region are parts of one reservation: nothing of the dead
 * kernel's lies between them. */
static bool is_same_reservation(
	const struct settle *s, const struct qt_range *a, const struct qt_range *b)
{
	const struct qt_range *low = a->start < b->start ? a : b, *high = low == a ? b : a;

	return low->end >= high->start || !qt_ranges_overlap(&s->ram, low->end, high->start);
}

/*
 * A reservation of its own is where the stage was put, and, if that is above
 * 4 GiB, another one below it for devices with 32-bit addresses. What else the
 * capture kernel was given (crashkernel=,cma, since Linux 6.17) the dead kernel
 * had its own use for.
 */
static int find_shared(struct settle *s)
{
	const struct qt_ranges *crash = &s->machine.crash;
	struct qt_ranges *shared = &s->machine.shared;
	const struct qt_range *low = NULL;
	int error = 0;

	if (!make_ranges(s, shared))
		return QT_E_NOMEM;
	for (size_t i = 0; i < crash->count && !error; i++) {
		const struct qt_range *range = &crash->list[i];

		if (is_same_reservation(s, range, &s->stage))
			continue;
		if (s->stage.start >= QT_GIB(4) && range->end <= QT_GIB(4) &&
			(!low || is_same_reservation(s, range, low)))
			low = range;
		else
			error = qt_ranges_add(shared, range->start, range->end);
	}
	return error;
}

/* What the capture kernel may use, in whole pages: below 1 MiB, and the rest. */
static int split_crash_region(struct settle *s)
{
	struct qt_machine *machine = &s->machine;

	if (!make_ranges(s, &machine->low) || !make_ranges(s, &machine->crash))
		return QT_E_NOMEM;
	for (size_t i = 0; i < s->usable.count; i++) {
		uint64_t start = s->usable.list[i].start;
		uint64_t end = s->usable.list[i].end;
		uint64_t low_end = end < LOW_END ? end : LOW_END;
		uint64_t high_start = start > LOW_END ? start : LOW_END;
		int error = start < low_end ? add_pages(&machine->low, start, low_end) : 0;

		if (!error && high_start < end)
			error = add_pages(&machine->crash, high_start, end);
		if (error)
			return error;
	}
	return find_shared(s);
}

static enum qt_reason enumerate_functions(struct settle *s)
{
	struct qt_pci *pci = &s->machine.pci;
	struct qt_pci_segment segments[QT_ECAM_MAX + 1];
	size_t count = 0;

	for (size_t i = 0; i < s->ecams; i++)
		segments[count++] = (struct qt_pci_segment){
			s->ecam[i].segment, s->ecam[i].first_bus, s->ecam[i].last_bus};
	/* Buses that no window holds are reached without one. */
	segments[count++] = (struct qt_pci_segment){0, 0, UINT8_MAX};

	pci->host = s->host;
	pci->capacity = FUNCTION_ROOM;
	pci->functions = qt_alloc(&s->arena, FUNCTION_ROOM * sizeof(*pci->functions), 8);
	if (!pci->functions)
		return QT_WHY_NO_MEMORY;
	return qt_pci_enumerate(pci, segments, count) ? QT_WHY_TOO_MANY : QT_WHY_NONE;
}

/* Without room for it nothing can be stopped. */
static void probe_resets(struct settle *s)
{
	const struct qt_pci *pci = &s->machine.pci;
	struct qt_reset *resets = qt_alloc(&s->arena, pci->count * sizeof(*resets), 8);

	if (resets)
		qt_reset_probe(pci, resets);
	s->machine.resets = resets;
}

/* The reason for not going on without what came back as `error`. */
static enum qt_reason reason_of(int error, enum qt_reason otherwise)
{
	return error == QT_E_NOMEM ? QT_WHY_NO_MEMORY : otherwise;
}

/* quietus.path= on the command line. */
static void read_path(struct settle *s)
{
	struct qt_machine *machine = &s->machine;
	struct command_line_word word;

	if (!command_line_last(s->command_line, "quietus.path", &word))
		return;
	if (qt_pci_read_addresses(word.value, word.value_len, machine->path,
		    QT_ARRAY_SIZE(machine->path), &machine->path_count)) {
		log_line(s->log, "quietus.path= makes no sense: ignored");
		machine->path_count = 0;
	}
}

static bool find(struct settle *s, enum qt_reason enumerated)
{
	struct qt_machine *machine = &s->machine;
	int error;

	if (!s->ram.count)
		return stay_stock(s, QT_WHY_NO_RAM_MAP, 0);
	if (!s->acpi.host && !s->device_tree)
		return stay_stock(s, QT_WHY_FIRMWARE_BAD, QT_E_NOTFOUND);

	machine->host = s->host;
	machine->arena = &s->arena;
	machine->acpi = s->acpi;
	machine->device_tree = s->device_tree;
	machine->ram = s->ram;
	machine->stage = s->stage;
	machine->capture_kernel = s->capture_kernel;
	read_path(s);

	error = split_crash_region(s);
	if (error || !machine->crash.count)
		return stay_stock(s, reason_of(error, QT_WHY_NO_CRASH_REGION), error);
	if (enumerated)
		return stay_stock(s, enumerated, QT_E_NOMEM);
	error = qt_machine_init(machine);
	if (error)
		return stay_stock(s, reason_of(error, QT_WHY_FIRMWARE_BAD), error);

	s->machine_ready = true;
	qt_machine_find(machine);
	return true;
}

/* Stop */

/* Nothing is known of the machine but its functions: they can be stopped all the same. */
static void stop_everything(struct settle *s)
{
	if (!s->machine.resets)
		return;
	for (size_t i = 0; i < s->machine.pci.count; i++)
		s->machine.resets[i].wanted = s->machine.resets[i].methods != 0;
	qt_reset_stop(
		&s->machine.pci, s->machine.resets, &s->arena, QT_STOP_LIMIT_US, &s->machine.stops);
}

static enum qt_reason failure(int error)
{
	switch (error) {
	case QT_E_NOMEM:
		return QT_WHY_NO_MEMORY;
	case QT_E_LIMIT:
		return QT_WHY_NO_TIME;
	case QT_E_TIMEOUT:
		return QT_WHY_FLUSH_FAILED;
	default:
		return QT_WHY_STORE_FAILED;
	}
}

/* Has the plan's stops done, and their requesters' entries taken away; plans again. */
static bool stop(struct settle *s)
{
	int error;

	s->takeover.machine = &s->machine;
	s->takeover.journal = &s->journal;
	error = qt_takeover_stop(&s->takeover, &s->plan, s->mode == STAGE_RESET, QT_STOP_LIMIT_US);
	s->begun = s->journal.done > 0;
	return error ? stay_stock(s, failure(error), error) : true;
}

/* Prepare */

/* Tables of which one is left out, or is another one. Made once. */
static int make_tables(struct settle *s, const struct qt_keep_away *how)
{
	qt_phys instead = 0;
	int error = QT_OK;

	if (s->other_rsdp)
		return QT_OK;
	if (how->table_instead)
		error = how->table_instead(&s->acpi, &s->arena, &instead);
	return error ? error
		     : qt_acpi_replace(
			       &s->acpi, &s->arena, how->hide_table, instead, &s->other_rsdp);
}

/* The capture kernel is handed these; old ones are told twice. */
static int hide_table(struct settle *s, const struct qt_keep_away *how, char *line, size_t limit)
{
	char word[40];
	int error = make_tables(s, how);

	if (error)
		return error;
	s->rsdp = s->other_rsdp;
	qt_text(word, sizeof(word), "acpi_rsdp=0x%llx", (unsigned long long)s->rsdp);
	return command_line_append(line, limit, word);
}

/* Does what keeps the capture kernel from each kind of unit, once. */
static int keep_away(struct settle *s, char *line, size_t limit)
{
	const struct qt_machine *machine = &s->machine;
	int error = 0;

	for (size_t i = 0; i < machine->unit_count && !error; i++) {
		const struct qt_unit_ops *ops = machine->units[i].ops;
		struct qt_keep_away how = {0};
		size_t same = 0;

		while (machine->units[same].ops != ops)
			same++;
		if (same != i)
			continue;
		ops->keep_away(&machine->capture_kernel, &how);
		if (how.command_line)
			error = command_line_append(line, limit, how.command_line);
		if (!error && how.hide_table && s->acpi.host)
			error = hide_table(s, &how, line, limit);
		if (how.hide_nodes && s->device_tree)
			s->hide_nodes = how.hide_nodes;
	}
	return error;
}

/* False if what must stand there has no room. */
static bool compose_command_line(struct settle *s, bool committed)
{
	size_t limit = s->command_line_limit;
	int error = 0;

	if (limit > COMMAND_LINE_SIZE - 1)
		limit = COMMAND_LINE_SIZE - 1;
	s->rsdp = 0;
	s->hide_nodes = NULL;
	memcpy(s->final_command_line, s->command_line, COMMAND_LINE_SIZE);
	if (s->always && *s->always)
		error = command_line_append(s->final_command_line, limit, s->always);
	if (!error && committed)
		error = keep_away(s, s->final_command_line, limit);
	if (error) {
		s->rsdp = 0;
		s->hide_nodes = NULL;
	}
	return !error;
}

bool settle_command_line(struct settle *s)
{
	bool committed = s->outcome == QT_OUTCOME_COMMITTED;

	if (!committed && !(s->always && *s->always))
		return false;
	return compose_command_line(s, committed);
}

static enum qt_reason prepare_failure(int error)
{
	switch (error) {
	case QT_OK:
		return QT_WHY_NONE;
	case QT_E_NOMEM:
		return QT_WHY_NO_MEMORY;
	case QT_E_LIMIT:
		return QT_WHY_NO_TIME;
	default:
		return QT_WHY_TABLE_DAMAGED;
	}
}

/* Take over */

/*
 * The outcome first: should this end in an exception, too, then the capture
 * kernel must still get the command line of stock kdump.
 */
static void undo(struct settle *s, enum qt_reason reason, int error)
{
	stay_stock(s, reason, error);
	if (qt_takeover_undo(&s->takeover))
		log_line(s->log, "a unit did not flush after the changes were put back");
}

/* Everything that can still fail before more is changed: room for words, tables, journal. */
static bool prepare(struct settle *s)
{
	int error = QT_OK;
	enum qt_reason reason = QT_WHY_COMMAND_LINE_FULL;

	if (compose_command_line(s, true)) {
		error = qt_takeover_prepare(&s->takeover);
		reason = prepare_failure(error);
	}
	if (reason == QT_WHY_NONE)
		return true;
	if (s->begun)
		undo(s, reason, error);
	else
		stay_stock(s, reason, error);
	return false;
}

static void mask_interrupts(const struct qt_machine *machine)
{
	for (size_t i = 0; i < machine->unit_count; i++) {
		const struct qt_unit *unit = &machine->units[i];

		if (unit->state != QT_UNIT_DEAD && unit->ops->mask_interrupts)
			unit->ops->mask_interrupts(machine, unit);
	}
}

static void take_over(struct settle *s)
{
	size_t failed = 0;
	int error;

	s->begun = true;
	error = qt_takeover_commit(&s->takeover);
	if (error) {
		undo(s, failure(error), error);
		return;
	}

	begin_phase(s, QT_PHASE_VERIFY);
	error = qt_takeover_verify(&s->takeover, &failed);
	if (error) {
		s->plan.blocker = (int16_t)failed;
		undo(s, QT_WHY_VERIFY_FAILED, error);
		return;
	}
	mask_interrupts(&s->machine);
	s->finished = true;
	s->outcome = QT_OUTCOME_COMMITTED;
}

void settle_abandon(struct settle *s)
{
	if (s->finished)
		return;
	s->begun = s->begun || s->journal.done;
	if (s->begun)
		undo(s, QT_WHY_EXCEPTION, 0);
	else
		stay_stock(s, QT_WHY_EXCEPTION, 0);
	if (!s->machine.resets || s->mode == STAGE_OBSERVE)
		return;
	qt_reset_resume(&s->machine.stops);
	qt_reset_release_buses(&s->machine.pci);
}

/* Report */

static size_t changed_words(const struct settle *s)
{
	return s->begun ? s->journal.done : 0;
}

/* "8 adopt, 1 admit": the decisions that were made, as far as they fit. */
static void list_decisions(const struct qt_plan *plan, char *text, size_t size)
{
	size_t at = 0;

	text[0] = 0;
	for (unsigned i = 0; i < QT_ARRAY_SIZE(plan->counts); i++)
		if (plan->counts[i])
			at += qt_text(text + at, size - at, "%s%zu %s", at ? ", " : "",
				plan->counts[i], qt_decision_name(i));
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void say_what_was_stopped(struct settle *s)
{
	const struct qt_machine *machine = &s->machine;
	size_t stopped = 0, not_stopped = 0;

	for (size_t i = 0; machine->resets && i < machine->pci.count; i++) {
		const struct qt_reset *reset = &machine->resets[i];

		stopped += reset->result == QT_STOP_QUIET;
		not_stopped += reset->wanted && reset->result != QT_STOP_QUIET;
	}
	if (stopped || not_stopped)
		log_say(s->log, "%zu function%s stopped, %zu could not be", stopped,
			plural(stopped), not_stopped);
}

static void say_what_was_found(struct settle *s, uint64_t stage_us, const char *end)
{
	size_t units = s->machine.unit_count;
	size_t requesters = s->machine.requester_count;
	size_t words = changed_words(s);
	char decisions[96];

	list_decisions(&s->plan, decisions, sizeof(decisions));
	log_headline(s->log,
		"quietus " QT_VERSION ": %zu unit%s, %zu requester%s%s%s; %zu word%s changed; "
		"%llu ms; %s",
		units, plural(units), requesters, plural(requesters), decisions[0] ? ": " : "",
		decisions, words, plural(words), (unsigned long long)(stage_us / 1000), end);
}

/* What stands in the way: of one requester, its own reason. */
static const char *text_of_reason(const struct settle *s, const struct qt_requester *blocker)
{
	bool unreached = blocker && s->reason == QT_WHY_FUNCTION_UNREACHED;

	return qt_reason_text(unreached ? blocker->reason : s->reason);
}

static const struct qt_requester *blocker_of(const struct settle *s)
{
	int blocker = s->machine_ready ? s->plan.blocker : -1;

	if (blocker < 0 || (size_t)blocker >= s->machine.requester_count)
		return NULL;
	return &s->machine.requesters[blocker];
}

static void say_why_not(struct settle *s)
{
	const char *what = s->outcome == QT_OUTCOME_UNDONE ? "undone" : "not committed";
	const struct qt_requester *blocker = blocker_of(s);
	const char *why = text_of_reason(s, blocker);

	if (!blocker) {
		log_say(s->log, "%s: %s; continuing as stock kdump", what, why);
		return;
	}
	log_say(s->log, "%s: %04x:%02x:%02x.%x: %s; continuing as stock kdump", what,
		QT_RID_SEGMENT(blocker->rid), QT_RID_BUS(blocker->rid), QT_RID_DEVICE(blocker->rid),
		QT_RID_FUNCTION(blocker->rid), why);
}

void settle_conclude(struct settle *s, uint64_t stage_us)
{
	say_what_was_stopped(s);
	switch (s->outcome) {
	case QT_OUTCOME_COMMITTED:
		say_what_was_found(s, stage_us, "committed");
		break;
	case QT_OUTCOME_OBSERVED:
		say_what_was_found(s, stage_us, "observed, nothing committed");
		break;
	case QT_OUTCOME_OFF:
		log_line(s->log, "off, as asked");
		break;
	default:
		if (s->machine_ready)
			say_what_was_found(s, stage_us, "as stock kdump");
		say_why_not(s);
		break;
	}
}

static void summarize(const struct settle *s, struct qt_report_header *header)
{
	const struct qt_ranges *crash = &s->machine.crash;

	header->outcome = s->outcome;
	header->reason = s->reason;
	header->error = s->error;
	header->blocker = s->machine_ready ? s->plan.blocker : -1;
	header->words_changed = (uint32_t)changed_words(s);
	header->stage_start = s->stage.start;
	if (crash->count) {
		header->crash_start = crash->list[0].start;
		header->crash_end = crash->list[crash->count - 1].end;
	}
	for (size_t i = 0; i < s->ram.count; i++)
		header->ram_bytes += s->ram.list[i].end - s->ram.list[i].start;
}

uint8_t *settle_report(struct settle *s, struct qt_report_header *header, size_t *size)
{
	uint8_t *report;
	size_t written;

	if (!s->block)
		return NULL;
	report = s->block + REPORT_HEAD;
	summarize(s, header);
	written = qt_report_write(report, RECORDS_SIZE + JOURNAL_SIZE, header, &s->machine,
		&s->journal, s->log->text, s->log->used);
	if (!written)
		return NULL;
	*size = PAGES(REPORT_HEAD + written) - REPORT_HEAD;
	memset(report + written, 0, *size - written);
	return report;
}
