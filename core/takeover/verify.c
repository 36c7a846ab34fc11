/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* verify: what the hardware finds from its roots down is what was decided on. */
#include "takeover.h"

/* The hardware's own entry must lead to the domain that was decided on. */
static bool entry_leads_there(
	const struct qt_machine *machine, const struct qt_requester *requester)
{
	const struct qt_unit *unit = &machine->units[requester->unit];
	const struct qt_domain *domain = &machine->domains[requester->domain];
	struct qt_reader reader = qt_machine_reader(machine, 16);
	struct qt_unit_entry entry;
	int error = unit->ops->entry(unit, &reader, requester->rid, &entry);

	return error == QT_OK && entry.state == QT_REQ_TRANSLATED &&
	       entry.table.root == domain->table.root &&
	       entry.table.geometry.levels == domain->table.geometry.levels;
}

int qt_takeover_verify(struct qt_takeover *takeover, size_t *failed)
{
	struct qt_machine *machine = takeover->machine;

	for (size_t i = 0; i < machine->domain_count; i++)
		if (machine->domains[i].ours || qt_takeover_has(machine, (int16_t)i, QT_ADOPT) ||
			qt_takeover_has(machine, (int16_t)i, QT_FENCE))
			qt_domain_survey(machine, &machine->domains[i]);
	for (size_t i = 0; i < machine->requester_count; i++) {
		struct qt_requester *requester = &machine->requesters[i];
		const struct qt_domain *domain;

		if (requester->domain < 0 || requester->decision == QT_LEAVE)
			continue;
		if (requester->decision == QT_FENCE) {
			if (!machine->domains[requester->domain].guard_broken)
				continue;
			*failed = i;
			return QT_E_BAD;
		}
		/* Stopped because no translation keeps it off shared memory: as it was. */
		if (requester->decision == QT_STOP && !requester->released)
			continue;
		domain = &machine->domains[requester->domain];
		if (!domain->identity || domain->guard_broken ||
			!entry_leads_there(machine, requester)) {
			*failed = i;
			return QT_E_BAD;
		}
		requester->verified = true;
	}
	return QT_OK;
}
