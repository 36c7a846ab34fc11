/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory encryption: detected, so that nothing is changed where it is in use. */
#ifndef QUIETUS_STAGE_ENCRYPTION_H
#define QUIETUS_STAGE_ENCRYPTION_H

#include <stdbool.h>

/*
 * The name of what encrypts memory with a bit in addresses (AMD SME and SEV,
 * Intel TDX guests), NULL if nothing does. May raise an exception in a guest
 * whose host hides these instructions.
 */
const char *encryption_in_use(void);

#endif
