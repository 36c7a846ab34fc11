/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Other programs, run to their end. */
#ifndef QUIETUS_TOOL_PROGRAM_H
#define QUIETUS_TOOL_PROGRAM_H

#include "message.h"

/*
 * Runs argv[0], found by PATH, with our standard streams. False with a reason
 * unless its exit code is 0.
 */
bool program_run(char *const argv[], struct reason *why);

#endif
