// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Errors, arena, ranges, byte loads, text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <quietus/arena.h>
#include <quietus/bytes.h>
#include <quietus/range.h>
#include <quietus/text.h>

/* Errors */

static void every_error_has_its_own_name(void **state)
{
	(void)state;
	for (int a = QT_OK; a >= QT_E_IO; a--) {
		assert_string_not_equal(qt_error_name(a), qt_error_name(1));
		for (int b = QT_OK; b > a; b--)
			assert_string_not_equal(qt_error_name(a), qt_error_name(b));
	}
	assert_non_null(qt_error_name(-1000));
	assert_non_null(qt_error_name(INT32_MAX));
}

/* Arena */

static void arena_hands_out_zeroed_aligned_memory(void **state)
{
	(void)state;
	static uint8_t memory[0x3000];
	memset(memory, 0xa5, sizeof(memory));
	struct qt_arena arena = {.base = memory, .phys = 0x123456000, .size = sizeof(memory)};

	uint8_t *one = qt_alloc(&arena, 3, 1);
	assert_ptr_equal(one, memory);
	uint8_t *page = qt_alloc(&arena, 0x1000, 0x1000);
	assert_ptr_equal(page, memory + 0x1000);
	for (unsigned i = 0; i < 0x1000; i++)
		assert_int_equal(page[i], 0);
	assert_int_equal(one[3], 0xa5);
	assert_int_equal(arena.used, 0x2000);
}

static void arena_aligns_by_physical_address(void **state)
{
	(void)state;
	static uint8_t memory[0x4000];
	struct qt_arena arena = {.base = memory, .phys = 0xf000, .size = sizeof(memory)};

	void *table = qt_alloc(&arena, 0x1000, 0x2000);
	assert_int_equal(qt_arena_phys(&arena, table), 0x10000);
	assert_ptr_equal(table, memory + 0x1000);
}

static void arena_used_up_gives_null_and_keeps_its_state(void **state)
{
	(void)state;
	static uint8_t memory[64];
	struct qt_arena arena = {.base = memory, .phys = 0x1000, .size = sizeof(memory)};

	assert_null(qt_alloc(&arena, 65, 1));
	assert_null(qt_alloc(&arena, SIZE_MAX, 1));
	assert_null(qt_alloc(&arena, SIZE_MAX - 8, 16));
	assert_int_equal(arena.used, 0);
	assert_non_null(qt_alloc(&arena, 60, 1));
	assert_null(qt_alloc(&arena, 4, 64));
	assert_null(qt_alloc(&arena, 1, 0x1000));
	assert_int_equal(arena.used, 60);
	assert_non_null(qt_alloc(&arena, 4, 4));
	assert_null(qt_alloc(&arena, 1, 1));
	assert_non_null(qt_alloc(&arena, 0, 1));
}

static void arena_refuses_nonsense(void **state)
{
	(void)state;
	static uint8_t memory[64];
	struct qt_arena arena = {.base = memory, .phys = 0x1000, .size = sizeof(memory)};

	assert_null(qt_alloc(&arena, 1, 0));
	assert_null(qt_alloc(&arena, 1, 3));
	arena.used = 65;
	assert_null(qt_alloc(&arena, 1, 1));
}

static void arena_translates_addresses_both_ways(void **state)
{
	(void)state;
	static uint8_t memory[0x100];
	struct qt_arena arena = {.base = memory, .phys = 0x1000, .size = sizeof(memory)};

	assert_ptr_equal(qt_arena_pointer(&arena, 0x1010, 0xf0), memory + 0x10);
	assert_int_equal(qt_arena_phys(&arena, memory + 0x10), 0x1010);
	assert_ptr_equal(qt_arena_pointer(&arena, 0x1000, 0x100), memory);
	assert_null(qt_arena_pointer(&arena, 0x1010, 0xf1));
	assert_null(qt_arena_pointer(&arena, 0xfff, 1));
	assert_null(qt_arena_pointer(&arena, 0x1101, 0));
	assert_ptr_equal(qt_arena_pointer(&arena, 0x1100, 0), memory + 0x100);
	assert_null(qt_arena_pointer(&arena, UINT64_MAX, 2));
	assert_null(qt_arena_pointer(&arena, 0x1001, SIZE_MAX));
}

/* Ranges */

#define CAPACITY 8

struct set {
	struct qt_range list[CAPACITY];
	struct qt_ranges ranges;
};

static void empty(struct set *set, size_t capacity)
{
	set->ranges = (struct qt_ranges){.list = set->list, .capacity = capacity};
}

static void assert_ranges(const struct set *set, size_t count, const struct qt_range *expected)
{
	assert_int_equal(set->ranges.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(set->list[i].start, expected[i].start);
		assert_int_equal(set->list[i].end, expected[i].end);
	}
}

#define ASSERT_RANGES(set, ...)                                                                    \
	assert_ranges(set, QT_ARRAY_SIZE(((const struct qt_range[]){__VA_ARGS__})),                \
		(const struct qt_range[]){__VA_ARGS__})

static void ranges_merge_what_touches_or_overlaps(void **state)
{
	(void)state;
	struct set set;
	empty(&set, CAPACITY);

	assert_int_equal(qt_ranges_add(&set.ranges, 0x3000, 0x4000), 0);
	assert_int_equal(qt_ranges_add(&set.ranges, 0x1000, 0x2000), 0);
	assert_int_equal(qt_ranges_add(&set.ranges, 0x5000, 0x6000), 0);
	ASSERT_RANGES(&set, {0x1000, 0x2000}, {0x3000, 0x4000}, {0x5000, 0x6000});

	assert_int_equal(qt_ranges_add(&set.ranges, 0x2000, 0x2800), 0);
	ASSERT_RANGES(&set, {0x1000, 0x2800}, {0x3000, 0x4000}, {0x5000, 0x6000});
	assert_int_equal(qt_ranges_add(&set.ranges, 0x2f00, 0x3000), 0);
	ASSERT_RANGES(&set, {0x1000, 0x2800}, {0x2f00, 0x4000}, {0x5000, 0x6000});
	assert_int_equal(qt_ranges_add(&set.ranges, 0x3000, 0x3001), 0);
	ASSERT_RANGES(&set, {0x1000, 0x2800}, {0x2f00, 0x4000}, {0x5000, 0x6000});
	assert_int_equal(qt_ranges_add(&set.ranges, 0x2700, 0x5000), 0);
	ASSERT_RANGES(&set, {0x1000, 0x6000});
	assert_int_equal(qt_ranges_add(&set.ranges, 0, UINT64_MAX), 0);
	ASSERT_RANGES(&set, {0, UINT64_MAX});
}

static void ranges_refuse_what_is_empty_or_does_not_fit(void **state)
{
	(void)state;
	struct set set;
	empty(&set, 2);

	assert_int_equal(qt_ranges_add(&set.ranges, 5, 5), QT_E_INVAL);
	assert_int_equal(qt_ranges_add(&set.ranges, 6, 5), QT_E_INVAL);
	assert_int_equal(qt_ranges_remove(&set.ranges, 6, 5), QT_E_INVAL);
	assert_int_equal(qt_ranges_remove(&set.ranges, 5, 5), 0);
	assert_int_equal(qt_ranges_add(&set.ranges, 0x10, 0x20), 0);
	assert_int_equal(qt_ranges_add(&set.ranges, 0x30, 0x40), 0);
	assert_int_equal(qt_ranges_add(&set.ranges, 0x50, 0x60), QT_E_NOMEM);
	assert_int_equal(qt_ranges_remove(&set.ranges, 0x18, 0x19), QT_E_NOMEM);
	ASSERT_RANGES(&set, {0x10, 0x20}, {0x30, 0x40});
	assert_int_equal(qt_ranges_add(&set.ranges, 0x20, 0x28), 0);
	ASSERT_RANGES(&set, {0x10, 0x28}, {0x30, 0x40});
}

static void ranges_lose_the_middle_the_ends_and_everything(void **state)
{
	(void)state;
	struct set set;
	empty(&set, CAPACITY);

	qt_ranges_add(&set.ranges, 0x1000, 0x9000);
	assert_int_equal(qt_ranges_remove(&set.ranges, 0x3000, 0x4000), 0);
	ASSERT_RANGES(&set, {0x1000, 0x3000}, {0x4000, 0x9000});
	assert_int_equal(qt_ranges_remove(&set.ranges, 0x3000, 0x4000), 0);
	ASSERT_RANGES(&set, {0x1000, 0x3000}, {0x4000, 0x9000});
	assert_int_equal(qt_ranges_remove(&set.ranges, 0x2800, 0x4800), 0);
	ASSERT_RANGES(&set, {0x1000, 0x2800}, {0x4800, 0x9000});
	assert_int_equal(qt_ranges_remove(&set.ranges, 0x0, 0x1001), 0);
	ASSERT_RANGES(&set, {0x1001, 0x2800}, {0x4800, 0x9000});
	assert_int_equal(qt_ranges_remove(&set.ranges, 0x8000, UINT64_MAX), 0);
	ASSERT_RANGES(&set, {0x1001, 0x2800}, {0x4800, 0x8000});
	assert_int_equal(qt_ranges_remove(&set.ranges, 0x1001, 0x2800), 0);
	ASSERT_RANGES(&set, {0x4800, 0x8000});
	assert_int_equal(qt_ranges_remove(&set.ranges, 0, UINT64_MAX), 0);
	assert_int_equal(set.ranges.count, 0);
}

static void ranges_answer_contain_and_overlap(void **state)
{
	(void)state;
	struct set set;
	empty(&set, CAPACITY);
	qt_ranges_add(&set.ranges, 0x1000, 0x2000);
	qt_ranges_add(&set.ranges, 0x3000, UINT64_MAX);

	assert_true(qt_ranges_contain(&set.ranges, 0x1000, 0x2000));
	assert_true(qt_ranges_contain(&set.ranges, 0x1fff, 0x2000));
	assert_false(qt_ranges_contain(&set.ranges, 0x1fff, 0x2001));
	assert_false(qt_ranges_contain(&set.ranges, 0xfff, 0x1001));
	assert_false(qt_ranges_contain(&set.ranges, 0x1800, 0x3800));
	assert_true(qt_ranges_contain(&set.ranges, UINT64_MAX - 1, UINT64_MAX));
	assert_true(qt_ranges_contain(&set.ranges, 0x2800, 0x2800));

	assert_true(qt_ranges_overlap(&set.ranges, 0, 0x1001));
	assert_false(qt_ranges_overlap(&set.ranges, 0, 0x1000));
	assert_false(qt_ranges_overlap(&set.ranges, 0x2000, 0x3000));
	assert_true(qt_ranges_overlap(&set.ranges, 0x1fff, 0x3000));
	assert_true(qt_ranges_overlap(&set.ranges, 0, UINT64_MAX));
	assert_false(qt_ranges_overlap(&set.ranges, 0x1800, 0x1800));
}

/* Against a bitmap, which cannot be wrong in the same way. */
static void ranges_agree_with_a_bitmap(void **state)
{
	(void)state;
	enum { SPAN = 64 };
	/* No more room than is ever needed, so that the sanitizer sees a step too far. */
	struct qt_range *list = malloc(SPAN / 2 * sizeof(*list));
	struct qt_ranges set = {.list = list, .capacity = SPAN / 2};
	uint64_t bitmap = 0;

	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		unsigned start = (unsigned)rand() % SPAN;
		unsigned end = start + 1 + (unsigned)rand() % (SPAN - start);
		uint64_t mask = (end - start == 64 ? UINT64_MAX : (1ULL << (end - start)) - 1)
				<< start;

		assert_int_equal(qt_ranges_contain(&set, start, end), (bitmap & mask) == mask);
		assert_int_equal(qt_ranges_overlap(&set, start, end), (bitmap & mask) != 0);
		if (rand() % 2) {
			assert_int_equal(qt_ranges_add(&set, start, end), 0);
			bitmap |= mask;
		} else {
			assert_int_equal(qt_ranges_remove(&set, start, end), 0);
			bitmap &= ~mask;
		}

		uint64_t seen = 0;
		for (size_t i = 0; i < set.count; i++) {
			assert_true(list[i].start < list[i].end);
			assert_true(i == 0 || list[i - 1].end < list[i].start);
			for (uint64_t bit = list[i].start; bit < list[i].end; bit++)
				seen |= 1ULL << bit;
		}
		assert_int_equal(seen, bitmap);
	}
	free(list);
}

/* Bytes and text */

static void loads_are_little_endian_and_unaligned(void **state)
{
	(void)state;
	const uint8_t bytes[] = {0, 0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8};

	assert_int_equal(qt_le16(bytes + 1), 0x9281);
	assert_int_equal(qt_le32(bytes + 1), 0xb4a39281u);
	assert_int_equal(qt_le64(bytes + 1), 0xf8e7d6c5b4a39281u);
}

#define ASSERT_LIKE_PRINTF(...)                                                                    \
	do {                                                                                       \
		char expected[128], got[128];                                                      \
		snprintf(expected, sizeof(expected), __VA_ARGS__);                                 \
		assert_int_equal(qt_text(got, sizeof(got), __VA_ARGS__), strlen(expected));        \
		assert_string_equal(got, expected);                                                \
	} while (0)

static void text_agrees_with_printf(void **state)
{
	(void)state;
	ASSERT_LIKE_PRINTF("plain, 100%%");
	ASSERT_LIKE_PRINTF("%s|%5s|%.2s|%.*s|%c", "abc", "abc", "abc", 1, "abc", 'x');
	ASSERT_LIKE_PRINTF("<%.*s|%.*s|%5.1s>", 0, "abc", -1, "abc", "abc");
	ASSERT_LIKE_PRINTF("%d|%d|%5d|%05d|%d|%d", 0, -1, -42, -42, INT32_MIN, INT32_MAX);
	ASSERT_LIKE_PRINTF("%u|%08x|%x|%3u", UINT32_MAX, 0xbeefu, 0u, 12345u);
	ASSERT_LIKE_PRINTF("%lld|%llu|%016llx", (long long)INT64_MIN, (unsigned long long)-1,
		0x123456789abcULL);
	ASSERT_LIKE_PRINTF("%ld|%lu|%zu|%hu|%hhx", -5L, 5UL, (size_t)7, (unsigned short)8,
		(unsigned char)0xfe);
	ASSERT_LIKE_PRINTF("%04x:%02x:%02x.%u", 0u, 0x3au, 0x1fu, 7u);
}

static void text_is_cut_short_and_always_terminated(void **state)
{
	(void)state;
	char buffer[8];

	memset(buffer, 'z', sizeof(buffer));
	assert_int_equal(qt_text(buffer, 4, "%d", 123456), 3);
	assert_string_equal(buffer, "123");
	assert_int_equal(buffer[4], 'z');
	assert_int_equal(qt_text(buffer, 1, "abc"), 0);
	assert_string_equal(buffer, "");
	buffer[0] = 'z';
	assert_int_equal(qt_text(buffer, 0, "abc"), 0);
	assert_int_equal(buffer[0], 'z');
	assert_int_equal(qt_text(buffer, sizeof(buffer), "%900d", 1), 7);
	assert_string_equal(buffer, "       ");
}

static void text_survives_a_wrong_format(void **state)
{
	(void)state;
	char buffer[32];
	/* Volatile, so that the compiler does not see what it would rightly refuse. */
	const char *volatile unknown = "<%y>";
	const char *volatile unfinished = "50%";
	const char *volatile null = NULL;
	const char *volatile string = "%s";

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	qt_text(buffer, sizeof(buffer), unknown);
	assert_string_equal(buffer, "<%y>");
	qt_text(buffer, sizeof(buffer), unfinished);
	assert_string_equal(buffer, "50");
	qt_text(buffer, sizeof(buffer), string, null);
	assert_string_equal(buffer, "(null)");
#pragma GCC diagnostic pop
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_its_own_name),
		cmocka_unit_test(arena_hands_out_zeroed_aligned_memory),
		cmocka_unit_test(arena_aligns_by_physical_address),
		cmocka_unit_test(arena_used_up_gives_null_and_keeps_its_state),
		cmocka_unit_test(arena_refuses_nonsense),
		cmocka_unit_test(arena_translates_addresses_both_ways),
		cmocka_unit_test(ranges_merge_what_touches_or_overlaps),
		cmocka_unit_test(ranges_refuse_what_is_empty_or_does_not_fit),
		cmocka_unit_test(ranges_lose_the_middle_the_ends_and_everything),
		cmocka_unit_test(ranges_answer_contain_and_overlap),
		cmocka_unit_test(ranges_agree_with_a_bitmap),
		cmocka_unit_test(loads_are_little_endian_and_unaligned),
		cmocka_unit_test(text_agrees_with_printf),
		cmocka_unit_test(text_is_cut_short_and_always_terminated),
		cmocka_unit_test(text_survives_a_wrong_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
