// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <common/command_line.h>
#include <x86_64/serial.h>

#include "fake.h"

static void words_are_taken_as_the_kernel_does(void **state)
{
	const char *line = "  a=1\tb  \"c d\"=e f=\"g h\" \"i=j k\" -- l=m";
	static const struct {
		const char *name, *value;
	} expected[] = {{"a", "1"}, {"b", NULL}, {"c d\"", "e"}, {"f", "g h"}, {"i", "j k"}};
	struct command_line_word word;

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(expected); i++) {
		assert_true(command_line_next(&line, &word));
		assert_true(command_line_is(&word, expected[i].name));
		if (expected[i].value)
			assert_true(command_line_value_is(&word, expected[i].value));
		else
			assert_null(word.value);
	}
	assert_false(command_line_next(&line, &word));
	assert_string_equal(line, "-- l=m");
}

static void numbers_are_read_as_memparse_does(void **state)
{
	static const struct {
		const char *text;
		bool valid;
		uint64_t number;
		size_t used;
	} cases[] = {
		{"123", true, 123, 3},
		{"0x1F", true, 0x1f, 4},
		{"010", true, 8, 3},
		{"0", true, 0, 1},
		{"64K@16M", true, 65536, 3},
		{"2g", true, QT_GIB(2), 2},
		{"1E", true, UINT64_C(1) << 60, 2},
		{"0xffffffffffffffff", true, UINT64_MAX, 18},
		{"0x10000000000000000", false, 0, 0},
		{"18446744073709551616", false, 0, 0},
		{"16E", false, 0, 0},
		{"", false, 0, 0},
		{"K", false, 0, 0},
		{"-1", false, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		const char *at = cases[i].text;
		uint64_t number = 0;
		bool valid = command_line_number(&at, at + strlen(at), &number);

		if (valid != cases[i].valid || number != cases[i].number ||
			at != cases[i].text + cases[i].used)
			fail_msg("\"%s\": %d %#llx, %zu characters used", cases[i].text, valid,
				(unsigned long long)number, (size_t)(at - cases[i].text));
	}
}

static void append(
	const char *before, size_t limit, const char *words, int error, const char *after)
{
	char line[256];

	snprintf(line, sizeof(line), "%s", before);
	assert_int_equal(command_line_append(line, limit, words), error);
	assert_string_equal(line, after);
}

static void words_are_added_before_what_is_for_init(void **state)
{
	(void)state;
	append("a b", 100, "x=1", 0, "a b x=1");
	append("a b  ", 100, "x=1", 0, "a b x=1");
	append("", 100, "x=1", 0, "x=1");
	append("a -- b", 100, "x=1", 0, "a x=1 -- b");
	append("a\t --", 100, "x=1", 0, "a x=1 --");
	append("-- b", 100, "x=1", 0, "x=1 -- b");
	/* Not a separator. */
	append("a --b=c", 100, "x=1", 0, "a --b=c x=1");
	append("a=\" -- \" b", 100, "x=1", 0, "a=\" -- \" b x=1");
	append("initcall_blacklist=f", 100, "initcall_blacklist=g", 0,
		"initcall_blacklist=f initcall_blacklist=g");
}

static void words_without_room_change_nothing(void **state)
{
	(void)state;
	append("a b", 7, "x=1", 0, "a b x=1");
	append("a b", 6, "x=1", QT_E_NOMEM, "a b");
	append("a -- b", 10, "x=1", 0, "a x=1 -- b");
	append("a -- b", 9, "x=1", QT_E_NOMEM, "a -- b");
	append("a", 0, "x=1", QT_E_NOMEM, "a");
	/* The kernel would take them for part of the quoted value. */
	append("a=\"b c", 100, "x=1", QT_E_BAD, "a=\"b c");
}

static void mode(const char *line, enum stage_mode expected, bool expected_unknown)
{
	bool unknown;

	assert_int_equal(command_line_mode(line, &unknown), expected);
	assert_int_equal(unknown, expected_unknown);
}

static void last_mode_wins(void **state)
{
	(void)state;
	mode("", STAGE_AUTO, false);
	mode("quietus=off", STAGE_OFF, false);
	mode("a quietus=observe b", STAGE_OBSERVE, false);
	mode("quietus=reset", STAGE_RESET, false);
	mode("quietus=off quietus=auto", STAGE_AUTO, false);
	mode("quietus=auto quietus=off", STAGE_OFF, false);
	mode("quietus=resets", STAGE_AUTO, true);
	mode("quietus=offf", STAGE_AUTO, true);
	mode("quietus=", STAGE_AUTO, true);
	mode("quietus", STAGE_AUTO, false);
	mode("-- quietus=off", STAGE_AUTO, false);
	mode("aquietus=off", STAGE_AUTO, false);
	mode("quietus=\"off\"", STAGE_OFF, false);
}

static void console_is_the_last_serial_port_named(void **state)
{
	(void)state;
	assert_int_equal(serial_port(""), 0);
	assert_int_equal(serial_port("console=ttyS0"), 0x3f8);
	assert_int_equal(serial_port("console=ttyS1,115200n8"), 0x2f8);
	assert_int_equal(serial_port("console=ttyS1 console=tty0"), 0x2f8);
	assert_int_equal(serial_port("console=ttyS2 console=ttyS3"), 0x2e8);
	assert_int_equal(serial_port("console=ttyS4"), 0);
	assert_int_equal(serial_port("console=ttyS10"), 0);
	assert_int_equal(serial_port("console=ttyUSB0 console=tty0 console="), 0);
	assert_int_equal(serial_port("earlyprintk=serial"), 0x3f8);
	assert_int_equal(serial_port("earlyprintk=serial,ttyS1,9600"), 0x2f8);
	assert_int_equal(serial_port("earlyprintk=serial,0x2e8"), 0x2e8);
	assert_int_equal(serial_port("earlyprintk=ttyS2,keep"), 0x3e8);
	assert_int_equal(serial_port("earlyprintk=vga"), 0);
	assert_int_equal(serial_port("-- console=ttyS0"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_taken_as_the_kernel_does),
		cmocka_unit_test(numbers_are_read_as_memparse_does),
		cmocka_unit_test(words_are_added_before_what_is_for_init),
		cmocka_unit_test(words_without_room_change_nothing),
		cmocka_unit_test(last_mode_wins),
		cmocka_unit_test(console_is_the_last_serial_port_named),
	};

	return cmocka_run_group_tests_name("stage: command line", tests, NULL, NULL);
}
