/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the steps of a takeover share among themselves. */
#ifndef QUIETUS_CORE_TAKEOVER_H
#define QUIETUS_CORE_TAKEOVER_H

#include <quietus/takeover.h>

/* A change of a requester's entry, by stores that go into the journal. */
struct qt_unit_change qt_takeover_change(
	struct qt_takeover *takeover, const struct qt_requester *requester);

/*
 * Whether each store in the journal is right on every way to its word. QT_E_BAD: it is
 * not on one of them, and none may be made. Other errors as qt_scan's, QT_E_NOMEM.
 */
int qt_takeover_check_tangles(struct qt_takeover *takeover);

/*
 * Makes the stores that are in the journal and have not been made, each only if
 * the word still has the value it had. QT_E_IO, QT_E_BAD.
 */
int qt_takeover_make_stores(struct qt_takeover *takeover);

/* Flushes every unit that matters, in bounded time. The first error of the units' flushes. */
int qt_takeover_flush(struct qt_machine *machine);

/* Whether a domain has a requester with this decision. */
bool qt_takeover_has(const struct qt_machine *machine, int16_t domain, enum qt_decision decision);

/* Those without an entry, and those whose entry was taken away when they had been stopped. */
static inline bool qt_takeover_admits(const struct qt_requester *requester)
{
	return requester->decision == QT_ADMIT || requester->released;
}

#endif
