/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Included before everything else in the stage: declarations, too, are of what
 * is in the same image, so that each is reached relative to the code.
 */
#ifndef __ASSEMBLER__
#pragma GCC visibility push(hidden)
#endif
