/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long the stage may take: the limits that add up, and their sum, which
 * `quietus audit` compares with the watchdogs that are armed. Microseconds.
 */
#ifndef QUIETUS_LIMITS_H
#define QUIETUS_LIMITS_H

/*
 * WAIT reading tables: the longest that each of find, prepare and verify may go
 * on. Nothing sound comes near it: 256 domains with 1 GiB mapped page by page
 * take well below a second.
 */
#define QT_READING_LIMIT_US 5000000
#define QT_READING_PHASES   3

/*
 * WAIT flushing all units: no other one is begun on after that. The one that was
 * is waited for, and the waits of its own (flush.c of each vendor) add up to less
 * than QT_UNIT_FLUSH_LIMIT_US. A takeover flushes before the commit, after it, and
 * once more if it is undone; where devices were stopped, when their entries are
 * taken away, and if they are given back.
 */
#define QT_FLUSH_LIMIT_US      1000000
#define QT_UNIT_FLUSH_LIMIT_US 3000000
#define QT_FLUSHES             5

/*
 * WAIT stopping devices: what all resets of a crash together are given at most; no
 * entry is taken away for another try after that.
 */
#define QT_STOP_LIMIT_US 3000000

/* WAIT for faults of requesters that should be quiet: once for all of a try. */
#define QT_WATCH_US 10000

/* The worst that the stage can take. */
#define QT_STAGE_LIMIT_US                                                                          \
	(QT_READING_PHASES * QT_READING_LIMIT_US + QT_STOP_LIMIT_US + QT_WATCH_US +                \
		QT_FLUSHES * (QT_FLUSH_LIMIT_US + QT_UNIT_FLUSH_LIMIT_US))

#endif
