/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The device tree for the capture kernel: a copy of the one it was to get, with
 * what it is told instead, and without what it must not find.
 *
 * Own code rather than libfdt's: a stage links nothing that is not in this
 * repository, and one pass that copies is less than editing in place takes.
 */
#ifndef QUIETUS_STAGE_TREE_H
#define QUIETUS_STAGE_TREE_H

#include <quietus/device_tree.h>
#include <quietus/report.h>

/* Name of the property of /chosen that the report is in. */
#define TREE_REPORT QT_DT_REPORT

/* Nodes that can be left out. */
#define TREE_HIDDEN_MAX 64

/* Properties that can be set. */
#define TREE_SET_MAX 4

struct tree_property {
	const char *name;
	const void *value;
	size_t size;
};

struct tree_edit {
	struct qt_range reserve;                /* memory that is not the capture kernel's */
	struct tree_property set[TREE_SET_MAX]; /* of /chosen, in place of what is so named */
	size_t count;
	/*
	 * Nodes that are compatible with this are left out, and so is what points to
	 * them as the IOMMU of a device or of a PCI host bridge. NULL: nothing is.
	 */
	const char *hide;
};

/* Has a property of /chosen set, which need not be copied until tree_write. */
void tree_set(struct tree_edit *edit, const char *name, const void *value, size_t size);

/* Bytes that the copy of a tree of `size` bytes takes at most. */
size_t tree_size_max(size_t size, const struct tree_edit *edit);

/*
 * Writes the copy, and sets *size. QT_E_NOMEM: it does not fit into `capacity`;
 * QT_E_NOTFOUND: there is no /chosen; QT_E_LIMIT: more nodes than can be left out;
 * QT_E_BAD.
 */
int tree_write(const struct qt_dt *dt, const struct tree_edit *edit, uint8_t *to, size_t capacity,
	size_t *size);

#endif
