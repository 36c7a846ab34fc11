/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A marked block of lines at the end of somebody else's configuration file, which
 * can be taken out so that not a byte is different from before.
 */
#ifndef QUIETUS_TOOL_CONFIG_BLOCK_H
#define QUIETUS_TOOL_CONFIG_BLOCK_H

#include <stdbool.h>

#include "common/message.h"

/* *present tells whether the file has the block. False with a reason if it cannot be read. */
bool config_block_present(const char *path, bool *present, struct reason *why);

/* Appends the block to a file without one. False with a reason, and nothing done, on any failure.
 */
bool config_block_add(const char *path, const char *line, struct reason *why);

/* Takes the block out. False with a reason, and nothing done, on any failure. */
bool config_block_remove(const char *path, struct reason *why);

#endif
