/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dump/dump.h"
#include "system/registers.h"
#include "units_now.h"

/* The window to the machine. */
struct window {
	struct registers registers;
	const char *dump_path;
	struct dump *dump; /* opened when first wanted */
};

static uint32_t mmio_read32(void *context, qt_phys at)
{
	struct window *window = context;

	return (uint32_t)registers_read(&window->registers, at, 4);
}

static uint64_t mmio_read64(void *context, qt_phys at)
{
	struct window *window = context;

	return registers_read(&window->registers, at, 8);
}

static int read_dump(void *context, qt_phys at, void *buffer, size_t len)
{
	struct window *window = context;
	struct reason why;

	if (!window->dump && window->dump_path)
		window->dump = dump_open(window->dump_path, &why);
	if (!window->dump)
		return QT_E_IO;
	return dump_read(window->dump, at, buffer, len) == DUMP_READ ? QT_OK : QT_E_IO;
}

static void set_now(struct unit_now *now, enum unit_now_state state, const char *why)
{
	now->state = (uint8_t)state;
	reason_set(&now->why, "%s", why);
}

/* Which of the modes that are not supported it was is in the registers alone. */
static void compare(struct unit_now *now, const struct qt_unit *then, const struct qt_unit *unit)
{
	if (then->state == QT_UNIT_DEAD || unit->state == QT_UNIT_DEAD)
		set_now(now, UNIT_NOT_KNOWN, "they do not answer");
	else if ((unit->state == QT_UNIT_OFF) != (then->state == QT_UNIT_OFF))
		set_now(now, UNIT_CHANGED, unit->state == QT_UNIT_OFF ? "it is off" : "it is on");
	else if (unit->root != then->root ||
		 memcmp(unit->tables, then->tables, sizeof(unit->tables)) != 0)
		set_now(now, UNIT_CHANGED, "it has other requester tables");
	else if (unit->mode != then->mode)
		set_now(now, UNIT_CHANGED, "it is in another mode");
	else
		set_now(now, UNIT_LEFT_ALONE, "");
}

static int keep_fault(void *context, const struct qt_unit_fault *fault)
{
	struct unit_now *now = context;

	if (now->fault_count < FAULTS_MAX)
		now->faults[now->fault_count] = *fault;
	now->fault_count++;
	return 0;
}

static void look_at(
	struct unit_now *now, const struct report *report, size_t index, struct window *window)
{
	/* Whether tables lie in RAM was decided by the stage. */
	struct qt_range everywhere = {0, UINT64_MAX};
	struct qt_host host = {.context = window,
		.read = read_dump,
		.mmio_read32 = mmio_read32,
		.mmio_read64 = mmio_read64};
	struct qt_machine machine = {.host = &host, .ram = {&everywhere, 1, 1}};
	struct qt_unit then, unit;
	int error = qt_report_unit(report->file.data, index, &then);

	if (error) {
		set_now(now, UNIT_NOT_KNOWN, qt_error_name(error));
		return;
	}
	unit = then;
	window->registers.error = 0;
	memset(unit.tables, 0, sizeof(unit.tables));
	unit.ops->inspect(&machine, &unit);
	/* An access that the kernel refuses reads all ones, as a dead unit does. */
	if (window->registers.error) {
		reason_of_system(&now->why, window->registers.error);
		now->state = UNIT_NOT_KNOWN;
		return;
	}
	compare(now, &then, &unit);
	if (now->state == UNIT_NOT_KNOWN)
		return;
	now->faults_known = unit.ops->faults(&machine, &unit, keep_fault, now) == QT_OK &&
			    !window->registers.error;
}

static void not_known(struct unit_now *now, size_t count, int error)
{
	for (size_t i = 0; i < count; i++)
		set_now(&now[i], UNIT_NOT_KNOWN, strerror(error));
}

struct unit_now *units_now(
	const struct report *report, const char *memory, const char *dump, struct reason *why)
{
	size_t count = report->header.units.count;
	struct unit_now *now = calloc(count + 1, sizeof(*now));
	struct window window = {.dump_path = dump};

	if (!now) {
		reason_of_system(why, ENOMEM);
		return NULL;
	}
	registers_open(&window.registers, memory);
	if (window.registers.error)
		not_known(now, count, window.registers.error);
	for (size_t i = 0; i < count && window.registers.fd >= 0; i++)
		look_at(&now[i], report, i, &window);
	if (window.dump)
		dump_close(window.dump);
	registers_close(&window.registers);
	return now;
}
