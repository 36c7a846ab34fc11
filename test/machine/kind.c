/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kind.h"
#include "walk.h"

#include <string.h>

void model_unit_init(struct model_unit *unit, const struct model_unit_config *config)
{
	memset(unit, 0, sizeof(*unit));
	unit->config = *config;
	unit->kind = config->vendor == MODEL_AMDVI  ? &model_kind_amdvi
		     : config->vendor == MODEL_SMMU ? &model_kind_smmu
						    : &model_kind_vtd;
	unit->kind->init(unit);
}

enum model_view model_unit_view(const struct model_unit *unit)
{
	return unit->kind->view(unit);
}

void model_unit_settle(struct model *m, struct model_unit *unit)
{
	unit->kind->settle(m, unit);
}

uint64_t model_unit_read(struct model *m, struct model_unit *unit, unsigned offset, unsigned width)
{
	return unit->kind->read(m, unit, offset, width);
}

void model_unit_write(
	struct model *m, struct model_unit *unit, unsigned offset, unsigned width, uint64_t value)
{
	unit->kind->write(m, unit, offset, width, value);
}

int model_unit_translate(struct model *m, struct model_unit *unit, qt_rid rid, qt_iova iova,
	enum model_path path, struct model_translation *translation)
{
	m->walks++;
	return unit->kind->translate(m, unit, rid, iova, path, translation);
}

void model_visit_found(
	struct model *m, struct model_unit *unit, qt_rid rid, model_found_fn visit, void *context)
{
	const struct walk walk = {m, unit, MODEL_WALK, rid, 0};
	struct model_cached entry;
	struct model_found found;

	if (model_unit_of(m, rid) != unit)
		return;
	entry = unit->kind->context(&walk);
	if (entry.fault)
		return;
	found = (struct model_found){
		.unit = unit,
		.rid = rid,
		.pass = !entry.levels,
		.perms = entry.perms,
		.levels = entry.levels,
		.domain = entry.domain,
		.root = entry.value,
		.first_stage = entry.first_stage,
		.view = model_unit_view(unit),
	};
	visit(m, &found, context);
}

void model_record_fault(struct model *m, struct model_unit *unit, qt_rid rid)
{
	unit->kind->record_fault(m, unit, rid);
}

int model_translate(struct model *m, qt_rid rid, qt_iova iova, enum model_path path,
	struct model_translation *translation)
{
	struct model_unit *unit = model_unit_of(m, rid);

	if (!unit) {
		*translation = (struct model_translation){iova, QT_RW, 12};
		return 0;
	}
	model_unit_settle(m, unit);
	return model_unit_translate(m, unit, rid, iova, path, translation);
}
