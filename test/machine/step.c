/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paging entries: VT-d 4.1, sections 9.7 (first stage) and 9.8 (second stage). Those of
 * AMD-Vi's guest tables are a CPU's as well: 48882, revision 3.08, section 2.2.6.
 */
#include "kind.h"
#include "walk.h"

static void second_stage(
	const struct model_unit_config *config, unsigned level, uint64_t raw, struct model_step *s)
{
	/* There is no present bit: R or W makes an entry present. */
	s->present = raw & (MODEL_SS_READ | MODEL_SS_WRITE);
	s->perms = raw & QT_RW;
	s->leaf = level == 0 || (level <= 2 && raw & MODEL_SS_LARGE);
	if (!s->leaf)
		s->bad |= raw & (MODEL_SS_LARGE | MODEL_SS_SNOOP);
	else if (raw & MODEL_SS_SNOOP && !config->snoop)
		s->bad = true;
	else if (level)
		s->bad |= !(level == 1 ? config->large_2m : config->large_1g) ||
			  field(raw, span_lg2(level) - 1, 12);
}

static void first_stage(
	const struct model_unit_config *config, unsigned level, uint64_t raw, struct model_step *s)
{
	s->present = raw & MODEL_FS_PRESENT;
	if (raw & MODEL_FS_USER)
		s->perms = raw & MODEL_FS_WRITE ? QT_RW : QT_READ;
	s->leaf = level == 0 || raw & MODEL_FS_LARGE;
	if (level > 2 && s->leaf)
		s->bad = true;
	if (level && s->leaf)
		s->bad |= (level == 2 && !config->first_1g) ||
			  field(raw, span_lg2(level) - 1, 13); /* bit 12 is PAT */
}

struct model_step model_step(const struct model *m, const struct model_unit_config *config,
	bool first, unsigned level, uint64_t raw)
{
	/* An AMD-Vi unit takes addresses of 52 bits, whatever the machine has. */
	struct model_step s = {.bad = config->vendor != MODEL_AMDVI && address_reserved(m, raw)};
	unsigned low = 12;

	if (first)
		first_stage(config, level, raw, &s);
	else
		second_stage(config, level, raw, &s);
	if (s.leaf && level <= 2)
		low = span_lg2(level);
	s.output = field(raw, 51, low) << low;
	return s;
}

void model_step_entry(const struct model *m, const struct model_unit *unit, bool first,
	unsigned level, uint64_t raw, struct model_entry *entry)
{
	struct model_step step = model_step(m, &unit->config, first, level, raw);

	*entry = (struct model_entry){
		.perms = step.perms,
		.next_level = (uint8_t)(level - 1),
		.size_lg2 = (uint8_t)span_lg2(level),
		.phys = step.output,
	};
	if (!step.present)
		entry->kind = MODEL_EMPTY;
	else if (step.bad)
		entry->kind = MODEL_BAD;
	else if (!step.perms)
		entry->kind = MODEL_OCCUPIED;
	else
		entry->kind = step.leaf ? MODEL_LEAF : MODEL_TABLE;
}

bool model_first_stage_leaf(unsigned level, uint64_t raw)
{
	return level == 0 || (level <= 2 && raw & MODEL_FS_LARGE);
}

uint64_t model_first_stage_bits(const struct model_domain *domain, unsigned perms, bool leaf)
{
	uint64_t bits = MODEL_FS_PRESENT | MODEL_FS_USER;

	if (perms & QT_WRITE)
		bits |= MODEL_FS_WRITE;
	if (!domain->no_preset)
		bits |= MODEL_FS_ACCESSED | (leaf ? MODEL_FS_DIRTY : 0);
	return bits | (domain->no_execute ? MODEL_FS_NX : 0);
}
