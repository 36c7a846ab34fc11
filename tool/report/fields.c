/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <inttypes.h>
#include <quietus/bytes.h>
#include <quietus/report.h>
#include <stdio.h>
#include <string.h>

#include "common/rid.h"
#include "fields.h"
#include "read.h"

#define NO_EXCEPTION 0xff

/* Where a member is. */
#define AT(type, member)                                                                           \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

static uint64_t load(const uint8_t *at, size_t size)
{
	switch (size) {
	case 1:
		return *at;
	case 2:
		return qt_le16(at);
	case 4:
		return qt_le32(at);
	default:
		return qt_le64(at);
	}
}

void write_size(uint64_t bytes, char text[FIELD_TEXT])
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 1024 && unit + 1 < QT_ARRAY_SIZE(units); unit++)
		value /= 1024;
	snprintf(text, FIELD_TEXT, "%.*f %s", unit ? 1 : 0, value, units[unit]);
}

static void write_index(uint64_t index, size_t size, char text[FIELD_TEXT])
{
	if (index != UINT64_MAX >> (64 - 8 * size))
		snprintf(text, FIELD_TEXT, "%" PRIu64, index);
}

static bool is_set(const struct field *field, uint64_t value)
{
	return field->mask ? value & field->mask : value;
}

void field_text(const struct field *field, const void *record, char text[FIELD_TEXT])
{
	const uint8_t *at = (const uint8_t *)record + field->offset;
	uint64_t value = load(at, field->size);

	*text = 0;
	switch (field->kind) {
	case FIELD_NUMBER:
		snprintf(text, FIELD_TEXT, "%" PRIu64, value);
		break;
	case FIELD_BOOL:
		snprintf(text, FIELD_TEXT, "%s", is_set(field, value) ? "true" : "false");
		break;
	case FIELD_INDEX:
		write_index(value, field->size, text);
		break;
	case FIELD_HEX:
		snprintf(text, FIELD_TEXT, "0x%0*" PRIx64, field->digits, value);
		break;
	case FIELD_ERROR:
		if (value)
			snprintf(text, FIELD_TEXT, "%s", qt_error_name((int32_t)value));
		break;
	case FIELD_RID:
		rid_text((qt_rid)value, text);
		break;
	case FIELD_WORD:
		snprintf(text, FIELD_TEXT, "%s", field->word((unsigned)value));
		break;
	case FIELD_CHARS:
		copy_printable(text, FIELD_TEXT, at, field->size);
		break;
	case FIELD_WORDS:
	case FIELD_WRITTEN:
		field->write(record, text);
		break;
	}
}

bool field_is_bare(const struct field *field)
{
	return field->kind == FIELD_NUMBER || field->kind == FIELD_BOOL ||
	       field->kind == FIELD_INDEX;
}

/* The header */

static void write_time(const void *record, char text[FIELD_TEXT])
{
	const struct qt_report_header *header = record;

	snprintf(text, FIELD_TEXT, "%" PRIu64 ".%03u ms (%s)", header->stage_us / 1000,
		(unsigned)(header->stage_us % 1000), qt_clock_source_name(header->clock_source));
}

static void write_memory(const void *record, char text[FIELD_TEXT])
{
	const struct qt_report_header *header = record;
	char used[FIELD_TEXT], size[FIELD_TEXT];

	write_size(header->memory_used, used);
	write_size(header->memory_size, size);
	snprintf(
		text, FIELD_TEXT, "%.32s of %.32s, at 0x%" PRIx64, used, size, header->stage_start);
}

static void write_exception(const void *record, char text[FIELD_TEXT])
{
	static const char *const names[] = {[0] = "divide error",
		[2] = "NMI",
		[3] = "breakpoint",
		[6] = "invalid opcode",
		[8] = "double fault",
		[13] = "general protection",
		[14] = "page fault",
		[18] = "machine check"};
	const struct qt_report_header *header = record;
	unsigned vector = header->exception;
	const char *name = vector < QT_ARRAY_SIZE(names) ? names[vector] : NULL;

	if (vector != NO_EXCEPTION)
		snprintf(text, FIELD_TEXT, "%u%s%s%s, at the stage's start + 0x%" PRIx64, vector,
			name ? " (" : "", name ? name : "", name ? ")" : "", header->exception_ip);
}

static void write_crash_region(const void *record, char text[FIELD_TEXT])
{
	const struct qt_report_header *header = record;

	if (header->crash_end)
		snprintf(text, FIELD_TEXT, "0x%" PRIx64 " to 0x%" PRIx64, header->crash_start,
			header->crash_end);
}

static void write_ram(const void *record, char text[FIELD_TEXT])
{
	write_size(((const struct qt_report_header *)record)->ram_bytes, text);
}

#define HEADER(member) AT(qt_report_header, member)

const struct field header_fields[] = {
	{"format", NULL, FIELD_NUMBER, HEADER(version)},
	{"outcome", NULL, FIELD_WORD, HEADER(outcome), .word = qt_outcome_name},
	{"reason", NULL, FIELD_WORD, HEADER(reason), .word = qt_reason_text},
	{"reason_code", NULL, FIELD_NUMBER, HEADER(reason)},
	{"error", "Error", FIELD_ERROR, HEADER(error)},
	{"blocker", NULL, FIELD_INDEX, HEADER(blocker)},
	{"stage_version", "Stage", FIELD_CHARS, HEADER(stage_version)},
	{"phase", "Got as far as", FIELD_WORD, HEADER(phase), .word = qt_phase_name},
	{NULL, "Time", FIELD_WRITTEN, HEADER(stage_us), .write = write_time},
	{"stage_us", NULL, FIELD_NUMBER, HEADER(stage_us)},
	{"clock_source", NULL, FIELD_WORD, HEADER(clock_source), .word = qt_clock_source_name},
	{"clock_hz", NULL, FIELD_NUMBER, HEADER(clock_hz)},
	{NULL, "Memory", FIELD_WRITTEN, HEADER(memory_used), .write = write_memory},
	{"stage_start", NULL, FIELD_HEX, HEADER(stage_start)},
	{"memory_used", NULL, FIELD_NUMBER, HEADER(memory_used)},
	{"memory_size", NULL, FIELD_NUMBER, HEADER(memory_size)},
	{"words_changed", "Words changed", FIELD_NUMBER, HEADER(words_changed)},
	{"nmis", "NMIs", FIELD_NUMBER, HEADER(nmis)},
	{NULL, "Exception", FIELD_WRITTEN, HEADER(exception), .write = write_exception},
	{"exception", NULL, FIELD_INDEX, HEADER(exception)},
	{"exception_ip", NULL, FIELD_HEX, HEADER(exception_ip)},
	{NULL, "Crash region", FIELD_WRITTEN, HEADER(crash_start), .write = write_crash_region},
	{"crash_start", NULL, FIELD_HEX, HEADER(crash_start)},
	{"crash_end", NULL, FIELD_HEX, HEADER(crash_end)},
	{NULL, "RAM", FIELD_WRITTEN, HEADER(ram_bytes), .write = write_ram},
	{"ram_bytes", NULL, FIELD_NUMBER, HEADER(ram_bytes)},
};
const size_t header_field_count = QT_ARRAY_SIZE(header_fields);

/* Units */

#define UNIT(member) AT(qt_report_unit, member)

static const struct field unit_fields[] = {
	{"kind", "KIND", FIELD_CHARS, UNIT(kind)},
	{"segment", "SEGMENT", FIELD_NUMBER, UNIT(segment)},
	{"registers", "REGISTERS", FIELD_HEX, UNIT(registers)},
	{"version", NULL, FIELD_HEX, UNIT(version)},
	{"capability", "CAPABILITY", FIELD_HEX, UNIT(capability)},
	{"extended_capability", "EXTENDED", FIELD_HEX, UNIT(extended_capability)},
	{"state", "STATE", FIELD_WORD, UNIT(state), .word = qt_unit_state_name},
	{"reason", "REASON", FIELD_WORD, UNIT(reason), .word = qt_reason_text},
	{"reason_code", NULL, FIELD_NUMBER, UNIT(reason)},
};

/* Requesters */

/* PCI code and ID assignment: base classes, from 0. */
static const char *const class_words[] = {"unclassified", "storage", "network", "display",
	"multimedia", "memory", "bridge", "communication", "system", "input", "docking",
	"processor", "serial bus", "wireless", "intelligent I/O", "satellite", "encryption",
	"signal processing", "accelerator"};

#define CLASS_USB 0x0c03u

const char *class_word(uint32_t class_code)
{
	uint32_t base = class_code >> 16;

	if (class_code >> 8 == CLASS_USB)
		return "USB";
	return base < QT_ARRAY_SIZE(class_words) ? class_words[base] : "other";
}

static void write_pci_id(const void *record, char text[FIELD_TEXT])
{
	const struct qt_report_requester *requester = record;

	if (requester->visible)
		snprintf(text, FIELD_TEXT, "%04x:%04x", requester->vendor, requester->device);
}

static void write_class(const void *record, char text[FIELD_TEXT])
{
	const struct qt_report_requester *requester = record;

	if (requester->visible)
		snprintf(text, FIELD_TEXT, "%06x %s", requester->class_code,
			class_word(requester->class_code));
}

#define REQUESTER(member) AT(qt_report_requester, member)

static const struct field requester_fields[] = {
	{"rid", "REQUESTER", FIELD_RID, REQUESTER(rid)},
	{NULL, "DEVICE", FIELD_WRITTEN, REQUESTER(vendor), .write = write_pci_id},
	{NULL, "CLASS", FIELD_WRITTEN, REQUESTER(class_code), .write = write_class},
	{"visible", NULL, FIELD_BOOL, REQUESTER(visible)},
	{"vendor", NULL, FIELD_HEX, REQUESTER(vendor), .digits = 4},
	{"device", NULL, FIELD_HEX, REQUESTER(device), .digits = 4},
	{"class", NULL, FIELD_HEX, REQUESTER(class_code), .digits = 6},
	{"unit", "IOMMU", FIELD_INDEX, REQUESTER(unit)},
	{"domain", "DOMAIN", FIELD_INDEX, REQUESTER(domain)},
	{"state", "ENTRY", FIELD_WORD, REQUESTER(state), .word = qt_entry_state_name},
	{"decision", "DECISION", FIELD_WORD, REQUESTER(decision), .word = qt_decision_name},
	{"verified", "VERIFIED", FIELD_BOOL, REQUESTER(verified)},
	{"reason", "REASON", FIELD_WORD, REQUESTER(reason), .word = qt_reason_text},
	{"reason_code", NULL, FIELD_NUMBER, REQUESTER(reason)},
};

/* Domains */

static void write_mapped(const void *record, char text[FIELD_TEXT])
{
	write_size(((const struct qt_report_domain *)record)->mapped, text);
}

static void add_word(char text[FIELD_TEXT], const char *word)
{
	size_t used = strlen(text);

	snprintf(text + used, FIELD_TEXT - used, "%s%s", used ? ", " : "", word);
}

static void write_trouble(const void *record, char text[FIELD_TEXT])
{
	const struct qt_report_domain *domain = record;

	if (domain->flags & QT_DOMAIN_GUARD_BROKEN)
		add_word(text, "leads into the crash region");
	if (domain->flags & QT_DOMAIN_TAKEN)
		add_word(text, "IOVAs taken");
	if (domain->flags & QT_DOMAIN_TOO_NARROW)
		add_word(text, "too narrow");
	if (domain->error)
		add_word(text, qt_error_name(domain->error));
}

static void write_trouble_iova(const void *record, char text[FIELD_TEXT])
{
	const struct qt_report_domain *domain = record;

	if (domain->error || domain->flags & (QT_DOMAIN_GUARD_BROKEN | QT_DOMAIN_TAKEN))
		snprintf(text, FIELD_TEXT, "0x%" PRIx64, domain->detail);
}

#define DOMAIN(member) AT(qt_report_domain, member)

static const struct field domain_fields[] = {
	{"unit", "IOMMU", FIELD_INDEX, DOMAIN(unit)},
	{"id", "ID", FIELD_NUMBER, DOMAIN(id)},
	{"root", "ROOT", FIELD_HEX, DOMAIN(root)},
	{"levels", "LEVELS", FIELD_NUMBER, DOMAIN(levels)},
	{NULL, "MAPPED", FIELD_WRITTEN, DOMAIN(mapped), .write = write_mapped},
	{"mapped", NULL, FIELD_NUMBER, DOMAIN(mapped)},
	{"pieces", "PIECES", FIELD_NUMBER, DOMAIN(pieces)},
	{"stores", "STORES", FIELD_NUMBER, DOMAIN(stores)},
	{"ours", NULL, FIELD_BOOL, DOMAIN(flags), .mask = QT_DOMAIN_OURS},
	{"identity", NULL, FIELD_BOOL, DOMAIN(flags), .mask = QT_DOMAIN_IDENTITY},
	{"guard_broken", NULL, FIELD_BOOL, DOMAIN(flags), .mask = QT_DOMAIN_GUARD_BROKEN},
	{"taken", NULL, FIELD_BOOL, DOMAIN(flags), .mask = QT_DOMAIN_TAKEN},
	{"too_narrow", NULL, FIELD_BOOL, DOMAIN(flags), .mask = QT_DOMAIN_TOO_NARROW},
	{"error", NULL, FIELD_ERROR, DOMAIN(error)},
	{NULL, "TROUBLE", FIELD_WRITTEN, DOMAIN(flags), .write = write_trouble},
	{"trouble_iova", "AT", FIELD_WRITTEN, DOMAIN(detail), .write = write_trouble_iova},
};

/* Functions: what became of their interrupts, and how they were stopped */

static void write_interrupts(const void *record, char text[FIELD_TEXT])
{
	const unsigned done = ((const struct qt_report_function *)record)->interrupts;

	if (done & QT_PCI_QUIET_INTX)
		add_word(text, "INTx");
	if (done & QT_PCI_QUIET_MSI)
		add_word(text, "MSI");
	if (done & QT_PCI_QUIET_MSIX)
		add_word(text, "MSI-X");
}

static void write_interrupt_trouble(const void *record, char text[FIELD_TEXT])
{
	const unsigned done = ((const struct qt_report_function *)record)->interrupts;

	if (done & QT_PCI_QUIET_FAILED)
		add_word(text, "not all could be turned off");
	if (done & QT_PCI_QUIET_ABSENT)
		add_word(text, "does not answer");
}

/* Blank-separated, in the order in which they would be tried. */
static void write_methods(const void *record, char text[FIELD_TEXT])
{
	const unsigned methods = ((const struct qt_report_function *)record)->methods;
	size_t used = 0;

	for (unsigned method = 1; method < QT_RESET_METHODS; method++)
		if (methods & 1u << method)
			used += (size_t)snprintf(text + used, FIELD_TEXT - used, "%s%s",
				used ? " " : "", qt_reset_method_name(method));
}

static void write_obstacle(const void *record, char text[FIELD_TEXT])
{
	const unsigned obstacle = ((const struct qt_report_function *)record)->obstacle;

	if (obstacle)
		add_word(text, qt_reset_obstacle_text(obstacle));
}

static void write_stop(const void *record, char text[FIELD_TEXT])
{
	const struct qt_report_function *function = record;

	if (function->result)
		snprintf(text, FIELD_TEXT, "%s, %s, %" PRIu32 ".%03u ms",
			qt_reset_method_name(function->method),
			qt_stop_result_name(function->result), function->stop_us / 1000,
			(unsigned)(function->stop_us % 1000));
}

static void write_stop_method(const void *record, char text[FIELD_TEXT])
{
	const struct qt_report_function *function = record;

	if (function->result)
		add_word(text, qt_reset_method_name(function->method));
}

static void write_stop_result(const void *record, char text[FIELD_TEXT])
{
	const struct qt_report_function *function = record;

	if (function->result)
		add_word(text, qt_stop_result_name(function->result));
}

#define FUNCTION(member) AT(qt_report_function, member)

static const struct field function_fields[] = {
	{"rid", "FUNCTION", FIELD_RID, FUNCTION(rid)},
	{NULL, "INTERRUPTS", FIELD_WRITTEN, FUNCTION(interrupts), .write = write_interrupts},
	{"intx", NULL, FIELD_BOOL, FUNCTION(interrupts), .mask = QT_PCI_QUIET_INTX},
	{"msi", NULL, FIELD_BOOL, FUNCTION(interrupts), .mask = QT_PCI_QUIET_MSI},
	{"msix", NULL, FIELD_BOOL, FUNCTION(interrupts), .mask = QT_PCI_QUIET_MSIX},
	{"failed", NULL, FIELD_BOOL, FUNCTION(interrupts), .mask = QT_PCI_QUIET_FAILED},
	{"absent", NULL, FIELD_BOOL, FUNCTION(interrupts), .mask = QT_PCI_QUIET_ABSENT},
	{NULL, "TROUBLE", FIELD_WRITTEN, FUNCTION(interrupts), .write = write_interrupt_trouble},
	{NULL, "STOPPED", FIELD_WRITTEN, FUNCTION(result), .write = write_stop},
	{"methods", NULL, FIELD_WORDS, FUNCTION(methods), .write = write_methods},
	{"obstacle", NULL, FIELD_WRITTEN, FUNCTION(obstacle), .write = write_obstacle},
	{"stop_method", NULL, FIELD_WRITTEN, FUNCTION(method), .write = write_stop_method},
	{"stop_result", NULL, FIELD_WRITTEN, FUNCTION(result), .write = write_stop_result},
	{"stop_us", NULL, FIELD_NUMBER, FUNCTION(stop_us)},
};

const struct record_type record_types[] = {
	{"units", "IOMMUs", true, offsetof(struct qt_report_header, units), unit_fields,
		QT_ARRAY_SIZE(unit_fields)},
	{"requesters", "Requesters", false, offsetof(struct qt_report_header, requesters),
		requester_fields, QT_ARRAY_SIZE(requester_fields)},
	{"domains", "Domains", true, offsetof(struct qt_report_header, domains), domain_fields,
		QT_ARRAY_SIZE(domain_fields)},
	{"functions", "Functions", false, offsetof(struct qt_report_header, functions),
		function_fields, QT_ARRAY_SIZE(function_fields)},
};
const size_t record_type_count = QT_ARRAY_SIZE(record_types);
