/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What each device could reach when the kernel died, from its own tables: the
 * entry of every requester that the stage found, in memory with the journal undone.
 */
#ifndef QUIETUS_TOOL_REACH_H
#define QUIETUS_TOOL_REACH_H

#include <quietus/report.h>

#include "dump/dump.h"
#include "dump/journal.h"

/* IOVAs that translate with the same permissions. */
struct reach_range {
	qt_iova iova;
	uint64_t size;   /* bytes */
	qt_phys phys;    /* of the first byte */
	uint32_t pieces; /* stretches of memory that it is put together from */
	uint8_t perms;   /* enum qt_perm */
};

/* An IOVA that translates to the address that was asked for. */
struct reach_hit {
	qt_iova iova;
	uint8_t perms;
};

/* One tree of tables, and all that translates in it. */
struct reach_domain {
	struct qt_table table;
	struct reach_range *ranges;
	size_t count, room;
	struct reach_hit *hits;
	size_t hit_count, hit_room;
	uint64_t bytes;
	int error; /* of the walk: QT_E_BAD passed over something, others ended early */
	struct qt_table_fault fault;
};

struct reach_device {
	const struct qt_report_requester *requester; /* in the report */
	uint8_t state;                               /* enum qt_entry_state, from the tables */
	int error;  /* why its entry could not be read, 0 if it could */
	int domain; /* index, -1: none */
};

struct reach {
	struct reach_device *devices;
	size_t device_count;
	struct reach_domain *domains;
	size_t domain_count;
	bool complete; /* nothing that should have been read was not */
};

/* What is read, and what is asked about it. */
struct reach_source {
	const struct report *report;
	const struct journal *journal;
	struct dump *dump;
	bool wants_phys;
	qt_phys phys; /* whose IOVAs are collected as hits */
	bool chatty;  /* every step of progress is said */
};

/*
 * Reads all tables. What cannot be read is recorded where it is. False with a
 * reason when there is no memory; *reach then holds nothing. Lasts as long as
 * the report does.
 */
bool reach_read(struct reach *reach, const struct reach_source *source, struct reason *why);

/* Frees what reach_read() took. */
void reach_free(struct reach *reach);

/* Whether DMA of the device passes untranslated: it reaches all of memory. */
static inline bool reach_is_direct(const struct reach_device *device)
{
	return device->state == QT_REQ_DIRECT || device->state == QT_REQ_PASSTHROUGH;
}

#endif
