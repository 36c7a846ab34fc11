// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * FADT: the power management timer, a clock of known frequency (ACPI 6.5, 5.2.9
 * and 4.8.3.3).
 */
#include <quietus/bytes.h>
#include <quietus/firmware.h>

/* Table 5.9. */
#define FADT_PM_TMR_BLK   76
#define FADT_PM_TMR_LEN   91
#define FADT_FLAGS        112
#define FADT_X_PM_TMR_BLK 208

#define FLAG_TMR_VAL_EXT (1u << 8)  /* timer is 32 bits wide, else 24 */
#define FLAG_HW_REDUCED  (1u << 20) /* no such hardware */

#define PM_TMR_LEN_PRESENT 4

/* Generic Address Structure (5.2.3.2). */
#define GAS_SPACE   0
#define GAS_ADDRESS 4
#define GAS_SIZE    12

#define SPACE_MEMORY 0
#define SPACE_PORT   1

/* Highest I/O port that a 4-byte register can be at. */
#define PORT_LAST 0xfffc

static bool usable(const struct qt_pm_timer *timer)
{
	if (timer->is_port)
		return timer->address != 0 && timer->address <= PORT_LAST;
	return timer->address != 0 && timer->address % 4 == 0;
}

/* The 64-bit field, which comes first where it says anything usable. */
static bool extended(const uint8_t *table, size_t len, struct qt_pm_timer *timer)
{
	if (len < FADT_X_PM_TMR_BLK + GAS_SIZE)
		return false;

	const uint8_t *gas = table + FADT_X_PM_TMR_BLK;
	timer->address = qt_le64(gas + GAS_ADDRESS);
	timer->is_port = gas[GAS_SPACE] == SPACE_PORT;
	return gas[GAS_SPACE] <= SPACE_PORT && usable(timer);
}

static bool legacy(const uint8_t *table, struct qt_pm_timer *timer)
{
	timer->address = qt_le32(table + FADT_PM_TMR_BLK);
	timer->is_port = true;
	return table[FADT_PM_TMR_LEN] == PM_TMR_LEN_PRESENT && usable(timer);
}

static int parse(const uint8_t *table, size_t len, struct qt_pm_timer *timer)
{
	if (len < FADT_FLAGS + 4)
		return QT_E_BAD;

	uint32_t flags = qt_le32(table + FADT_FLAGS);
	if (flags & FLAG_HW_REDUCED)
		return QT_E_NOTFOUND;
	timer->is_32bit = flags & FLAG_TMR_VAL_EXT;
	return extended(table, len, timer) || legacy(table, timer) ? QT_OK : QT_E_NOTFOUND;
}

int qt_acpi_pm_timer(const struct qt_acpi *acpi, struct qt_arena *arena, struct qt_pm_timer *timer)
{
	size_t used = arena->used;
	const uint8_t *table;
	size_t len;

	int error = qt_acpi_table(acpi, arena, "FACP", 0, &table, &len);
	if (error)
		return error;
	error = parse(table, len, timer);
	arena->used = used;
	return error;
}
