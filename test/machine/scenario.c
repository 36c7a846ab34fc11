/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

void scenario_plan(struct scenario *s, struct model *m)
{
	scenario_plan_with(s, m, m->arena.size);
}

void scenario_plan_with(struct scenario *s, struct model *m, size_t arena_left)
{
	memset(s, 0, sizeof(*s));
	s->m = m;
	s->stopped = s->prepared = s->committed = s->verified = s->undone = 1;
	s->journal_buffer = calloc(1, SCENARIO_JOURNAL_SIZE);
	if (!s->journal_buffer)
		abort();
	s->journal = (struct qt_journal){
		.buffer = (uint8_t *)s->journal_buffer, .size = SCENARIO_JOURNAL_SIZE};
	s->takeover = (struct qt_takeover){&s->machine, &s->journal};
	model_crash(m);
	model_watch_keep(m);
	s->opened = model_open(m, &s->machine);
	if (s->opened)
		return;
	if (m->arena.size - m->arena.used > arena_left)
		m->arena.used = m->arena.size - arena_left;
	qt_machine_find(&s->machine);
	s->machine.resets = calloc(s->machine.pci.count + 1, sizeof(*s->machine.resets));
	if (!s->machine.resets)
		abort();
	qt_reset_probe(&s->machine.pci, s->machine.resets);
	qt_plan(&s->machine, &s->plan);
	if (m->store_count)
		model_complain(m, "finding and planning stored something");
}

/* For those that are stopped KEEP does not hold, and for those that are fenced not everywhere. */
static void note_decisions(struct scenario *s)
{
	for (size_t i = 0; i < s->m->snapshot->live_count; i++) {
		struct model_live *live = &s->m->snapshot->lives[i];
		const struct qt_requester *requester = scenario_requester(s, live->rid);

		live->stopped = requester && requester->decision == QT_STOP;
		live->fenced = requester && requester->decision == QT_FENCE;
	}
}

void scenario_take_over(struct scenario *s)
{
	size_t released;

	note_decisions(s);
	s->stopped = qt_takeover_stop(&s->takeover, &s->plan, false, QT_STOP_LIMIT_US);
	/* Some may not have stopped; plan has the last word. */
	note_decisions(s);
	if (s->stopped || !s->plan.commit)
		return;
	released = s->m->store_count;
	s->prepared = qt_takeover_prepare(&s->takeover);
	if (s->m->store_count != released)
		model_complain(s->m, "preparing stored something");
	if (s->prepared) {
		scenario_undo(s);
		return;
	}
	s->committed = qt_takeover_commit(&s->takeover);
	if (!s->committed)
		s->verified = qt_takeover_verify(&s->takeover, &s->failed);
	if (s->committed || s->verified)
		scenario_undo(s);
}

void scenario_undo(struct scenario *s)
{
	s->undone = qt_takeover_undo(&s->takeover);
}

void scenario_run(struct scenario *s, struct model *m)
{
	scenario_plan(s, m);
	if (!s->opened && s->plan.commit)
		scenario_take_over(s);
}

void scenario_free(struct scenario *s)
{
	free(s->journal_buffer);
	free(s->machine.resets);
	model_free(s->m);
}

const struct qt_requester *scenario_requester(const struct scenario *s, qt_rid rid)
{
	for (size_t i = 0; i < s->machine.requester_count; i++)
		if (s->machine.requesters[i].rid == rid)
			return &s->machine.requesters[i];
	return NULL;
}

static bool should_reach(const struct qt_requester *requester)
{
	return requester->decision == QT_DIRECT || requester->decision == QT_ADOPT ||
	       requester->decision == QT_ADMIT || requester->decision == QT_STOP;
}

static void reach_all(struct scenario *s, enum model_path path)
{
	for (size_t i = 0; i < s->machine.requester_count && !s->m->complaints; i++) {
		const struct qt_requester *requester = &s->machine.requesters[i];

		if (!should_reach(requester))
			continue;
		/* Units are in the order of the firmware's table, which is the model's. */
		if (requester->function < 0 && requester->unit < s->m->unit_count)
			model_reach_through(
				s->m, &s->m->units[requester->unit], requester->rid, path);
		else
			model_reach(s->m, requester->rid, path);
	}
}

/* Firmware's reserved memory of an admitted requester came along, one to one. */
static void reach_reserved(struct scenario *s, const struct model_reserved *reserved)
{
	const struct qt_requester *requester = scenario_requester(s, reserved->rid);

	if (!requester || (requester->decision != QT_ADMIT && !requester->released))
		return;
	for (uint64_t at = reserved->range.start; at < reserved->range.end; at += MODEL_PAGE) {
		struct model_translation t;
		int fault = model_translate(s->m, reserved->rid, at, MODEL_WALK, &t);

		if (!fault && t.phys == at && t.perms == QT_RW)
			continue;
		model_complain(s->m, "REACH: requester %x, reserved %llx: fault %d", reserved->rid,
			(unsigned long long)at, fault);
	}
}

static const char *verdict(const struct scenario *s)
{
	if (s->m->outside_reads)
		return "memory outside RAM was read";
	if (s->m->crash_reads)
		return "the crash region was read";
	return s->m->complaints ? s->m->complaint : NULL;
}

const char *scenario_sound(struct scenario *s)
{
	struct model *m = s->m;

	if (s->opened || s->prepared || s->committed)
		return "it was not committed";
	if (s->verified)
		return "verify did not hold";
	m->on_change = NULL;
	reach_all(s, MODEL_CACHED);
	reach_all(s, MODEL_PAGING);
	model_keep(m);
	model_cold(m);
	reach_all(s, MODEL_WALK);
	reach_all(s, MODEL_CACHED);
	for (size_t i = 0; i < m->reserved_count; i++)
		reach_reserved(s, &m->reserved[i]);
	model_keep(m);
	model_clean(m);
	model_guard(m);
	model_ledger(m, &s->journal);
	return verdict(s);
}

const char *scenario_untouched(struct scenario *s)
{
	struct model *m = s->m;

	m->on_change = NULL;
	if (s->undone == 0)
		model_forgotten(m);
	model_restored(m);
	model_keep(m);
	model_cold(m);
	model_keep(m);
	return verdict(s);
}
