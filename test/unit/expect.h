/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What tests of whole takeovers expect. To be included after <cmocka.h>.
 */
#ifndef TEST_EXPECT_H
#define TEST_EXPECT_H

#include <machine/scenario.h>

static inline void expect_sound(struct scenario *s)
{
	const char *wrong;

	if (!s->plan.commit)
		fail_msg("not committed: %s", qt_reason_text(s->plan.reason));
	if (s->prepared || s->committed || s->verified)
		fail_msg("prepare %s, commit %s, verify %s: %s", qt_error_name(s->prepared),
			qt_error_name(s->committed), qt_error_name(s->verified), s->m->complaint);
	wrong = scenario_sound(s);
	if (wrong)
		fail_msg("%s", wrong);
}

static inline void expect_untouched(struct scenario *s)
{
	const char *wrong = scenario_untouched(s);

	if (wrong)
		fail_msg("%s", wrong);
}

static inline void expect_stock(struct scenario *s, enum qt_reason reason)
{
	assert_int_equal(s->opened, 0);
	assert_false(s->plan.commit);
	if (s->plan.reason != reason)
		fail_msg("refused because %s", qt_reason_text(s->plan.reason));
	assert_int_equal(s->m->store_count, 0);
	expect_untouched(s);
}

static inline void expect_decision(
	const struct scenario *s, qt_rid rid, enum qt_decision decision, enum qt_reason reason)
{
	const struct qt_requester *requester = scenario_requester(s, rid);

	assert_non_null(requester);
	if (requester->decision != decision || requester->reason != reason)
		fail_msg("%x: %s because %s", rid, qt_decision_name(requester->decision),
			qt_reason_text(requester->reason));
}

/* Runs, expects soundness, and then undoes it all. */
static inline void run_sound(struct scenario *s, struct model *m)
{
	scenario_run(s, m);
	expect_sound(s);
}

static inline void finish(struct scenario *s)
{
	model_watch_keep(s->m);
	scenario_undo(s);
	assert_int_equal(s->undone, 0);
	expect_untouched(s);
	scenario_free(s);
}

#endif
