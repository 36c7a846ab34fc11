/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The exception level that the stage runs at, and what controls translation there. */
#ifndef QUIETUS_STAGE_REGIME_H
#define QUIETUS_STAGE_REGIME_H

#include "entry.h"

/* Finds out which it is, and keeps its registers in entry_state. */
void regime_save(void);

/* Takes exceptions over, system errors included. */
void regime_take_exceptions(void);

/* Sets up translation by the tables at `root`, with 48-bit addresses and `size` (ID_AA64MMFR0_EL1's
 * PARange) of physical ones. */
void regime_translate(uint64_t root, uint64_t mair, unsigned size);

/* What an exception left: its syndrome and the address of the instruction. */
uint64_t regime_syndrome(void);
uint64_t regime_exception_address(void);

#endif
