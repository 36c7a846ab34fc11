// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The console on arm64: what ACPI's SPCR says of one, when that is believed, and when it is given
 * up. */
#include <common/stage.h>

#include "fake.h"
#include "tree_maker.h"

#define XSDT (FAKE_START + 0x1000)
#define SPCR (FAKE_START + 0x2000)

#define UART UINT64_C(0x9000000)

static struct fake fake;
struct stage stage;

/* The port, in the place of serial.c. */
static struct {
	unsigned accesses;
	bool takes;      /* what it is given */
	bool is_nothing; /* an access ends in an exception */
	jmp_buf exception;
} port;

bool serial_transmit(struct serial *serial, char c)
{
	(void)serial;
	(void)c;
	port.accesses++;
	if (port.is_nothing)
		longjmp(port.exception, 1);
	return port.takes;
}

/* What is said of a port, and what it is taken for. */
struct spcr_case {
	uint8_t revision, interface, space, width, access;
	uint64_t at;
	uint32_t len;
	enum serial_kind kind;
	unsigned step;
};

static void put_spcr(const struct spcr_case *c)
{
	uint8_t *table = fake_at(&fake, SPCR);

	memcpy(table, "SPCR", 4);
	table[8] = c->revision;
	table[36] = c->interface;
	table[40] = c->space;
	table[41] = c->width;
	table[43] = c->access;
	boot_set64(table, 44, c->at);
	qt_acpi_seal(table, c->len);
}

static void the_port_of_spcr_is_read(void **state)
{
	static const struct spcr_case cases[] = {
		{2, 0x03, 0, 32, 3, 0x9000000, 80, SERIAL_PL011, 1},
		{4, 0x03, 0, 8, 1, 0x9000000, 88, SERIAL_PL011, 1},
		{2, 0x0d, 0, 32, 3, 0x9000000, 80, SERIAL_PL011, 1},
		{2, 0x0e, 0, 0, 0, UINT64_C(0x60009000000), 52, SERIAL_PL011, 1},
		{2, 0x00, 0, 8, 1, 0x9000000, 80, SERIAL_16550, 1},
		{2, 0x01, 0, 8, 0, 0x9000000, 80, SERIAL_16550, 1},
		{4, 0x12, 0, 32, 3, 0x9000000, 80, SERIAL_16550, 4},
		{4, 0x12, 0, 32, 0, 0x9000000, 80, SERIAL_16550, 4},
		{2, 0x00, 0, 16, 2, 0x9000000, 80, SERIAL_NONE, 0},
		{2, 0x00, 0, 0, 0, 0x9000000, 80, SERIAL_NONE, 0},
		{2, 0x00, 1, 8, 1, 0x3f8, 80, SERIAL_NONE, 0},      /* an I/O port */
		{1, 0x03, 0, 32, 3, 0x9000000, 80, SERIAL_NONE, 0}, /* not known then */
		{2, 0x10, 0, 32, 3, 0x9000000, 80, SERIAL_NONE, 0},
		{2, 0x03, 0, 32, 3, 0, 80, SERIAL_NONE, 0}, /* "no console" */
		{2, 0x03, 0, 32, 3, 0x9000001, 80, SERIAL_NONE, 0},
		{2, 0x03, 0, 32, 3, 0x9000000, 51, SERIAL_NONE, 0},
	};
	struct stage *s = *state;
	struct qt_arena *arena = &s->settle.arena;

	assert_int_equal(serial_spcr(&s->settle.acpi, arena).kind, SERIAL_NONE);
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct serial_place place;

		put_spcr(&cases[i]);
		place = serial_spcr(&s->settle.acpi, arena);
		if (place.kind != cases[i].kind)
			fail_msg("case %zu: %d", i, place.kind);
		assert_int_equal(arena->used, 0);
		if (!place.kind)
			continue;
		assert_int_equal(place.at, cases[i].at);
		assert_int_equal(place.step, cases[i].step);
		assert_int_equal(place.width, cases[i].step);
	}
	put_spcr(&cases[0]);
	fake_at(&fake, SPCR)[9]++; /* its sum */
	assert_int_equal(serial_spcr(&s->settle.acpi, arena).kind, SERIAL_NONE);
}

/* A PL011 at `at`, on a machine whose device tree says nothing of consoles. */
static void open_console(struct stage *s, qt_phys at)
{
	put_spcr(&(struct spcr_case){2, 0x03, 0, 32, 3, at, 80, SERIAL_PL011, 1});
	s->serial = (struct serial){0};
	s->log.put = NULL;
	console_open_acpi(s);
}

static void memory_is_no_port(void **state)
{
	static const qt_phys refused[] = {
		QT_MIB(16), QT_MIB(32) - 4, QT_MIB(16) - 4,  /* what firmware or the loader keeps */
		QT_MIB(64), QT_MIB(128) - 4, QT_MIB(64) - 4, /* RAM */
		UINT64_MAX - PAGE_SIZE + 1, UINT64_MAX - 3,  /* past the end */
	};
	static const qt_phys taken[] = {
		UART, QT_MIB(16) - PAGE_SIZE, QT_MIB(32), QT_MIB(128), UINT64_MAX - PAGE_SIZE - 3};
	struct stage *s = *state;

	qt_ranges_add(&s->memory, QT_MIB(16), QT_MIB(32));
	qt_ranges_add(&s->ram, QT_MIB(64), QT_MIB(128));
	for (size_t i = 0; i < QT_ARRAY_SIZE(refused); i++) {
		open_console(s, refused[i]);
		if (s->log.put || s->serial.place.kind)
			fail_msg("0x%llx was taken", (unsigned long long)refused[i]);
	}
	for (size_t i = 0; i < QT_ARRAY_SIZE(taken); i++) {
		open_console(s, taken[i]);
		if (!s->log.put || s->serial.place.at != taken[i])
			fail_msg("0x%llx was refused", (unsigned long long)taken[i]);
	}
	log_line(&s->log, "said");
	assert_int_equal(port.accesses, strlen("quietus: said\r\n"));
}

/* One that the command line has the address of. */
static void an_open_console_stays(void **state)
{
	struct stage *s = *state;

	strcpy(s->settle.command_line, "earlycon=pl011,0x8000000 console=ttyAMA0");
	console_open(s);
	put_spcr(&(struct spcr_case){2, 0x03, 0, 32, 3, UART, 80, SERIAL_PL011, 1});
	console_open_acpi(s);
	assert_int_equal(s->serial.place.at, 0x8000000);
}

static void a_port_that_takes_nothing_is_given_up(void **state)
{
	struct stage *s = *state;

	open_console(s, UART);
	port.takes = false;
	log_line(&s->log, "said once");
	log_line(&s->log, "and again");
	assert_int_equal(port.accesses, 1);
	assert_string_equal(s->log.text, "said once\nand again\n");
}

/* The exception's handler has something to say itself. */
static void a_port_that_ends_in_an_exception_is_given_up(void **state)
{
	struct stage *s = *state;

	open_console(s, UART);
	port.is_nothing = true;
	if (!setjmp(port.exception))
		log_line(&s->log, "said");
	else if (port.accesses == 1)
		log_line(&s->log, "exception");
	assert_int_equal(port.accesses, 1);
	assert_int_equal(s->serial.place.kind, SERIAL_NONE);
	assert_non_null(strstr(s->log.text, "exception\n"));
}

static int set_up(void **state)
{
	static struct qt_host host = {.context = &fake, .read = fake_read};
	static uint8_t bytes[256], blob[TREE_SIZE];
	struct stage *s = &stage;
	struct maker maker;
	uint32_t structure = start(&maker);

	memset(&fake, 0, sizeof(fake));
	memset(&port, 0, sizeof(port));
	memset(s, 0, sizeof(*s));
	port.takes = true;
	boot_set64(fake_at(&fake, XSDT), 36, SPCR);
	s->settle.acpi =
		(struct qt_acpi){.host = &host, .root = XSDT, .entry_size = 8, .entries = 1};
	s->settle.arena = (struct qt_arena){.base = bytes, .size = sizeof(bytes)};
	strcpy(s->settle.command_line, "console=ttyAMA0");
	s->memory = (struct qt_ranges){s->memory_list, 0, RANGES_MAX};
	s->ram = (struct qt_ranges){s->ram_list, 0, RANGES_MAX};
	begin(&maker, "");
	end(&maker);
	*state = s;
	return qt_dt_open(&s->boot.tree, blob, finish(&maker, structure, blob));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_port_of_spcr_is_read, set_up),
		cmocka_unit_test_setup(memory_is_no_port, set_up),
		cmocka_unit_test_setup(an_open_console_stays, set_up),
		cmocka_unit_test_setup(a_port_that_takes_nothing_is_given_up, set_up),
		cmocka_unit_test_setup(a_port_that_ends_in_an_exception_is_given_up, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
