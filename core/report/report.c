/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <quietus/memory.h>
#include <quietus/report.h>

/* Where the next list goes. */
struct writer {
	uint8_t *base;
	size_t size;
	size_t used;
	bool full;
};

/* Reserves a list; NULL when it is empty or does not fit. */
static void *place(struct writer *w, struct qt_report_list *list, size_t count, size_t record_size)
{
	size_t at = (w->used + 7) & ~(size_t)7;

	*list = (struct qt_report_list){.offset = (uint32_t)at,
		.count = (uint32_t)count,
		.record_size = (uint32_t)record_size};
	if (at > w->size || count * record_size > w->size - at) {
		w->full = true;
		return NULL;
	}
	w->used = at + count * record_size;
	return count ? w->base + at : NULL;
}

static void copy_name(char *to, size_t size, const char *from)
{
	size_t i = 0;

	for (; from && from[i] && i + 1 < size; i++)
		to[i] = from[i];
	for (; i < size; i++)
		to[i] = 0;
}

static void write_units(
	struct writer *w, struct qt_report_list *list, const struct qt_machine *machine)
{
	struct qt_report_unit *out = place(w, list, machine->unit_count, sizeof(*out));

	for (size_t i = 0; out && i < machine->unit_count; i++) {
		const struct qt_unit *unit = &machine->units[i];

		out[i] = (struct qt_report_unit){
			.registers = unit->registers,
			.capability = unit->capability,
			.extended_capability = unit->extended_capability,
			.segment = unit->segment,
			.state = unit->state,
			.reason = unit->reason,
			.version = unit->version,
			.root = unit->root,
			.domain_ids = unit->domain_ids,
			.mode = unit->mode,
			.output_bits = unit->output_bits,
			.flags = unit->coherent ? QT_UNIT_COHERENT : 0,
		};
		memcpy(out[i].tables, unit->tables, sizeof(out[i].tables));
		copy_name(out[i].kind, sizeof(out[i].kind), unit->ops->name);
	}
}

static void write_requesters(
	struct writer *w, struct qt_report_list *list, const struct qt_machine *machine)
{
	struct qt_report_requester *out = place(w, list, machine->requester_count, sizeof(*out));

	for (size_t i = 0; out && i < machine->requester_count; i++) {
		const struct qt_requester *requester = &machine->requesters[i];
		const struct qt_pci_function *function =
			requester->function < 0 ? NULL
						: &machine->pci.functions[requester->function];

		out[i] = (struct qt_report_requester){
			.rid = requester->rid,
			.state = requester->state,
			.decision = requester->decision,
			.reason = requester->reason,
			.verified = requester->verified,
			.unit = requester->unit,
			.visible = function != NULL,
			.domain = requester->domain,
			.vendor = function ? function->vendor : 0,
			.device = function ? function->device : 0,
			.class_code = function ? function->class_code : 0,
		};
	}
}

static uint64_t domain_detail(const struct qt_domain *domain)
{
	if (domain->scan_error)
		return domain->fault.iova;
	return domain->guard_broken ? domain->guard_iova : domain->taken_iova;
}

static void write_domains(
	struct writer *w, struct qt_report_list *list, const struct qt_machine *machine)
{
	struct qt_report_domain *out = place(w, list, machine->domain_count, sizeof(*out));

	for (size_t i = 0; out && i < machine->domain_count; i++) {
		const struct qt_domain *domain = &machine->domains[i];

		out[i] = (struct qt_report_domain){
			.root = domain->table.root,
			.mapped = domain->mapped,
			.pieces = domain->pieces,
			.detail = domain_detail(domain),
			.id = domain->id,
			.error = domain->scan_error ? domain->scan_error : domain->install_error,
			.stores = domain->stores,
			.levels = domain->table.geometry.levels,
			.unit = domain->unit,
			.flags = (uint8_t)((domain->ours ? QT_DOMAIN_OURS : 0) |
					   (domain->guard_broken ? QT_DOMAIN_GUARD_BROKEN : 0) |
					   (domain->too_narrow ? QT_DOMAIN_TOO_NARROW : 0) |
					   (domain->taken ? QT_DOMAIN_TAKEN : 0) |
					   (domain->identity ? QT_DOMAIN_IDENTITY : 0)),
		};
	}
}

static void write_functions(
	struct writer *w, struct qt_report_list *list, const struct qt_machine *machine)
{
	struct qt_report_function *out = place(w, list, machine->pci.count, sizeof(*out));

	for (size_t i = 0; out && i < machine->pci.count; i++) {
		const struct qt_reset *reset = machine->resets ? &machine->resets[i] : NULL;

		out[i] = (struct qt_report_function){
			.rid = machine->pci.functions[i].rid,
			.interrupts = machine->pci.functions[i].quieted,
			.methods = reset ? reset->methods : 0,
			.obstacle = reset ? reset->obstacle : 0,
			.method = reset ? reset->method : 0,
			.result = reset ? reset->result : 0,
			.stop_us = reset ? reset->us : 0,
		};
	}
}

/*
 * The old values are stored last to first at the end of the journal's buffer:
 * they are put behind the runs, in order. Both moves are towards lower addresses
 * when the journal's buffer is the end of the report's own.
 */
static void write_journal(
	struct writer *w, struct qt_report_header *header, const struct qt_journal *journal)
{
	size_t runs_size = journal->runs * sizeof(struct qt_journal_run);
	uint64_t *first = (uint64_t *)(journal->buffer + journal->size) - journal->olds;
	uint8_t *runs = place(w, &header->runs, journal->runs, sizeof(struct qt_journal_run));
	uint64_t *olds;

	if (runs)
		memmove(runs, journal->buffer, runs_size);
	olds = place(w, &header->olds, journal->olds, sizeof(*olds));
	if (!olds)
		return;
	memmove(olds, first, journal->olds * sizeof(*olds));
	for (size_t i = 0, j = journal->olds - 1; i < j; i++, j--) {
		uint64_t swap = olds[i];

		olds[i] = olds[j];
		olds[j] = swap;
	}
}

size_t qt_report_write(void *buffer, size_t size, const struct qt_report_header *values,
	const struct qt_machine *machine, const struct qt_journal *journal, const char *text,
	size_t text_len)
{
	struct writer w = {.base = buffer, .size = size, .used = sizeof(*values)};
	struct qt_report_header header = *values;
	void *text_at;

	if (size < sizeof(header))
		return 0;
	memcpy(header.magic, QT_REPORT_MAGIC, sizeof(header.magic));
	header.version = QT_REPORT_VERSION;
	if (machine) {
		write_units(&w, &header.units, machine);
		write_requesters(&w, &header.requesters, machine);
		write_domains(&w, &header.domains, machine);
		write_functions(&w, &header.functions, machine);
	}
	text_at = place(&w, &header.text, text_len, 1);
	if (text_len && !w.full)
		memcpy(text_at, text, text_len);
	if (journal)
		write_journal(&w, &header, journal);
	if (w.full)
		return 0;
	header.size = (uint32_t)w.used;
	memcpy(buffer, &header, sizeof(header));
	return w.used;
}

static bool list_fits(const struct qt_report_list *list, size_t record_size, size_t size)
{
	if (list->count == 0)
		return true;
	return list->record_size == record_size && list->offset % 8 == 0 &&
	       list->offset >= sizeof(struct qt_report_header) && list->offset <= size &&
	       list->count <= (size - list->offset) / record_size;
}

static struct qt_journal_run run_at(
	const uint8_t *report, const struct qt_report_header *header, size_t index)
{
	struct qt_journal_run run;

	memcpy(&run, report + header->runs.offset + index * sizeof(run), sizeof(run));
	return run;
}

/* Every run's old values must be there, and the words must come to an end. */
static bool runs_sound(const uint8_t *report, const struct qt_report_header *header)
{
	uint64_t words = 0;

	for (uint32_t i = 0; i < header->runs.count; i++) {
		struct qt_journal_run run = run_at(report, header, i);
		uint64_t last;

		words += run.count;
		if (words > QT_REPORT_STORES_MAX)
			return false;
		if (run.count == 0 || run.old_step > 1 || run.at & 7)
			return false;
		last = run.olds + (uint64_t)run.old_step * (run.count - 1);
		if (last >= header->olds.count)
			return false;
	}
	return true;
}

int qt_report_check(const void *report, size_t size)
{
	struct qt_report_header header;

	if (size < sizeof(header))
		return QT_E_BAD;
	memcpy(&header, report, sizeof(header));
	if (memcmp(header.magic, QT_REPORT_MAGIC, sizeof(header.magic)) != 0)
		return QT_E_BAD;
	if (header.version != QT_REPORT_VERSION)
		return QT_E_UNSUPPORTED;
	if (header.size > size || header.size < sizeof(header) ||
		header.stage_version[sizeof(header.stage_version) - 1] != 0)
		return QT_E_BAD;
	size = header.size;
	if (!list_fits(&header.units, sizeof(struct qt_report_unit), size) ||
		!list_fits(&header.requesters, sizeof(struct qt_report_requester), size) ||
		!list_fits(&header.domains, sizeof(struct qt_report_domain), size) ||
		!list_fits(&header.functions, sizeof(struct qt_report_function), size) ||
		!list_fits(&header.text, 1, size) ||
		!list_fits(&header.runs, sizeof(struct qt_journal_run), size) ||
		!list_fits(&header.olds, sizeof(uint64_t), size))
		return QT_E_BAD;
	return runs_sound(report, &header) ? QT_OK : QT_E_BAD;
}

static struct qt_store store_of(const uint8_t *report, const struct qt_report_header *header,
	const struct qt_journal_run *run, size_t word)
{
	struct qt_store store = {
		.at = run->at + 8 * word,
		.after = run->after + run->stride * word,
		.hardware_bits = run->hardware_bits,
	};

	memcpy(&store.before, report + header->olds.offset + 8 * (run->olds + run->old_step * word),
		8);
	return store;
}

bool qt_report_store(const void *report, size_t index, struct qt_store *store)
{
	struct qt_report_header header;

	memcpy(&header, report, sizeof(header));
	for (uint32_t i = 0; i < header.runs.count; i++) {
		struct qt_journal_run run = run_at(report, &header, i);

		if (index < run.count) {
			*store = store_of(report, &header, &run, index);
			return true;
		}
		index -= run.count;
	}
	return false;
}

bool qt_report_next(const void *report, struct qt_journal_cursor *cursor, struct qt_store *store)
{
	struct qt_report_header header;
	struct qt_journal_run run;

	memcpy(&header, report, sizeof(header));
	if (cursor->run >= header.runs.count)
		return false;
	run = run_at(report, &header, cursor->run);
	*store = store_of(report, &header, &run, cursor->word);
	if (++cursor->word == run.count)
		*cursor = (struct qt_journal_cursor){.run = cursor->run + 1};
	return true;
}
