/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <quietus/unit.h>

const struct qt_unit_ops *const qt_unit_registry[] = {
	&qt_unit_vtd,
	&qt_unit_amdvi,
	&qt_unit_smmuv3,
	NULL,
};
