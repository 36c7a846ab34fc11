/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The journal against a plain list of stores: whatever is added, it gives back,
 * forwards, backwards, from anywhere, after truncation, and when it is full.
 */
#include <machine/random.h>
#include <quietus/journal.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STORES_MAX 2000u

/* The journal and what it should say. */
struct pair {
	struct qt_journal journal;
	uint64_t buffer[STORES_MAX * 6];
	struct qt_store stores[STORES_MAX];
	size_t count;
};

static struct pair *new_pair(size_t size)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	assert_non_null(pair);
	memset(pair->buffer, 0x5a, sizeof(pair->buffer));
	pair->journal = (struct qt_journal){.buffer = (uint8_t *)pair->buffer, .size = size};
	return pair;
}

static int add_store(struct pair *pair, const struct qt_store *store)
{
	int error = qt_journal_add(&pair->journal, store);

	if (!error)
		pair->stores[pair->count++] = *store;
	return error;
}

static int add(struct pair *pair, uint64_t at, uint64_t before, uint64_t after)
{
	return add_store(pair, &(struct qt_store){.at = at, .before = before, .after = after});
}

static bool same(const struct qt_store *a, const struct qt_store *b)
{
	return a->at == b->at && a->before == b->before && a->after == b->after &&
	       a->hardware_bits == b->hardware_bits;
}

static bool forwards_from(const struct pair *pair, size_t index)
{
	struct qt_journal_cursor cursor;
	struct qt_store store;

	qt_journal_seek(&pair->journal, index, &cursor);
	for (; index < pair->count; index++)
		if (!qt_journal_next(&pair->journal, &cursor, &store) ||
			!same(&store, &pair->stores[index]))
			return false;
	return !qt_journal_next(&pair->journal, &cursor, &store);
}

static bool backwards_from(const struct pair *pair, size_t index)
{
	struct qt_journal_cursor cursor;
	struct qt_store store;

	qt_journal_seek(&pair->journal, index, &cursor);
	while (index-- > 0)
		if (!qt_journal_previous(&pair->journal, &cursor, &store) ||
			!same(&store, &pair->stores[index]))
			return false;
	return !qt_journal_previous(&pair->journal, &cursor, &store);
}

static bool pending_right(const struct pair *pair, uint64_t at)
{
	uint64_t value, expected = 0;
	bool found = false;

	for (size_t i = 0; i < pair->count; i++) {
		if (pair->stores[i].at != at)
			continue;
		found = true;
		expected = pair->stores[i].after;
	}
	if (qt_journal_pending(&pair->journal, at, &value) != found)
		return false;
	return !found || value == expected;
}

/* All that can be asked of a journal. */
static const char *compare(const struct pair *pair, struct model_random *random)
{
	size_t somewhere = model_random_below(random, pair->count + 1);

	if (pair->journal.stores != pair->count)
		return "number of stores";
	if (!forwards_from(pair, 0) || !forwards_from(pair, somewhere))
		return "forwards";
	if (!backwards_from(pair, pair->count) || !backwards_from(pair, somewhere))
		return "backwards";
	for (size_t i = 0; i < pair->count; i += 1 + pair->count / 16)
		if (!pending_right(pair, pair->stores[i].at) ||
			!pending_right(pair, pair->stores[i].at + 8))
			return "pending";
	return NULL;
}

/* The next store: often a neighbour of the last one, with a value that goes on. */
static void pick_store(
	struct pair *pair, struct model_random *random, uint64_t *stride, struct qt_store *store)
{
	const struct qt_store *last = pair->count ? &pair->stores[pair->count - 1] : NULL;
	uint64_t kind = model_random_below(random, 100);

	*store = (struct qt_store){
		.at = model_random_below(random, 1 << 20) * 8, .after = model_random_next(random)};
	if (kind % 16 == 0)
		store->hardware_bits = 0x20;
	if (last && kind < 80)
		store->at = last->at + 8;
	if (last && kind < 75)
		store->after = last->after + *stride;
	else
		*stride = kind & 1 ? 0x200000 : kind & 2 ? 0 : model_random_next(random);
	if (kind % 7 == 0)
		store->before = model_random_next(random);
	else if (last && kind % 2)
		store->before = last->before;
}

static void run_seed(uint64_t seed)
{
	struct model_random random = {.state = seed};
	struct pair *pair = new_pair(sizeof(pair->buffer));
	uint64_t stride = 0, steps = model_random_below(&random, 400);
	const char *wrong = NULL;

	while (steps-- && !wrong) {
		struct qt_store store;

		if (model_random_chance(&random, 4)) {
			pair->count = model_random_below(&random, pair->count + 1);
			qt_journal_truncate(&pair->journal, pair->count);
		}
		pick_store(pair, &random, &stride, &store);
		assert_int_equal(add_store(pair, &store), 0);
		if (model_random_chance(&random, 10))
			wrong = compare(pair, &random);
	}
	if (!wrong)
		wrong = compare(pair, &random);
	if (wrong)
		fail_msg("QT_SEED=%llu: %s", (unsigned long long)seed, wrong);
	free(pair);
}

static void test_against_a_plain_list(void **state)
{
	const char *one = getenv("QT_SEED");
	uint64_t seed = one ? strtoull(one, NULL, 0) : 1;

	(void)state;
	for (uint64_t end = seed + (one ? 1 : 1500); seed < end; seed++)
		run_seed(seed);
}

static void test_empty(void **state)
{
	struct model_random random = {1};
	struct pair *pair = new_pair(0);

	(void)state;
	assert_null(compare(pair, &random));
	assert_int_equal(add(pair, 8, 0, 1), QT_E_NOMEM);
	assert_null(compare(pair, &random));
	free(pair);
}

/* Neighbours that grow by a constant from the same old value are one run. */
static void test_a_filled_domain_is_one_run(void **state)
{
	struct pair *pair = new_pair(sizeof(pair->buffer));

	(void)state;
	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(add(pair, 0x1000 + 8 * i, 0, 0x20000083 + i * QT_MIB(2)), 0);
	assert_int_equal(pair->journal.runs, 1);
	assert_int_equal(pair->journal.olds, 1);
	free(pair);
}

/* 256 domains of 128 words must fit beside everything else in 2 MiB. */
static void test_256_domains(void **state)
{
	struct pair *pair = new_pair(256 * (sizeof(struct qt_journal_run) + 8));

	(void)state;
	for (unsigned domain = 0; domain < 256; domain++)
		for (unsigned i = 0; i < 128; i++) {
			struct qt_store store = {.at = 0x100000 + 0x1000 * domain + 8 * i,
				.after = 0x20000083 + i * QT_MIB(2)};

			assert_int_equal(qt_journal_add(&pair->journal, &store), 0);
		}
	assert_int_equal(pair->journal.runs, 256);
	assert_int_equal(qt_journal_add(&pair->journal, &(struct qt_store){.at = 8, .after = 1}),
		QT_E_NOMEM);
	assert_int_equal(pair->journal.stores, 256 * 128);
	free(pair);
}

/* Stores that differ in each old value, and stores backwards: no runs, but all there. */
static void test_old_values_that_differ(void **state)
{
	struct model_random random = {1};
	struct pair *pair = new_pair(sizeof(pair->buffer));

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(add(pair, 0x1000 + 8 * i, i == 40 ? 7 : 0, i), 0);
	assert_int_equal(pair->journal.runs, 1);
	for (unsigned i = 64; i-- > 0;)
		assert_int_equal(add(pair, 0x2000 + 8 * i, i, i), 0);
	assert_null(compare(pair, &random));
	free(pair);
}

/* Full at every possible moment: refused whole, and what is in it stays right. */
static void test_full(void **state)
{
	(void)state;
	for (size_t size = 0; size < 800; size += 8) {
		struct model_random random = {size};
		struct pair *pair = new_pair(size);
		bool full = false;

		for (unsigned i = 0; i < 60; i++) {
			uint64_t at = 0x1000 + 8 * i + (i > 20 ? 0x1000 : 0);
			uint64_t before = i % 13 == 5 || i > 40 ? i : 0;

			full |= add(pair, at, before, i * 3) == QT_E_NOMEM;
			assert_null(compare(pair, &random));
		}
		assert_int_equal(pair->buffer[size / 8], 0x5a5a5a5a5a5a5a5au);
		assert_true(full || size > 300);
		free(pair);
	}
}

static void test_truncation_limits_what_was_done(void **state)
{
	struct pair *pair = new_pair(sizeof(pair->buffer));

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(add(pair, 0x1000 + 16 * i, 0, i), 0);
	pair->journal.done = 7;
	qt_journal_truncate(&pair->journal, 8);
	assert_int_equal(pair->journal.done, 7);
	qt_journal_truncate(&pair->journal, 3);
	assert_int_equal(pair->journal.done, 3);
	assert_int_equal(pair->journal.stores, 3);
	qt_journal_truncate(&pair->journal, 5);
	assert_int_equal(pair->journal.stores, 3);
	free(pair);
}

/* The last store to a word is the one that stays. */
static void test_pending_with_two_stores_to_a_word(void **state)
{
	struct pair *pair = new_pair(sizeof(pair->buffer));
	uint64_t value = 0;

	(void)state;
	add(pair, 0x1000, 0, 1);
	add(pair, 0x2000, 0, 2);
	add(pair, 0x1000, 1, 3);
	assert_true(qt_journal_pending(&pair->journal, 0x1000, &value));
	assert_int_equal(value, 3);
	assert_false(qt_journal_pending(&pair->journal, 0x1004, &value));
	assert_false(qt_journal_pending(&pair->journal, 0xff8, &value));
	free(pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_a_plain_list),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_a_filled_domain_is_one_run),
		cmocka_unit_test(test_256_domains),
		cmocka_unit_test(test_old_values_that_differ),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_truncation_limits_what_was_done),
		cmocka_unit_test(test_pending_with_two_stores_to_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
