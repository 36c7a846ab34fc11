/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is made from the tables of commands when the tool is built: completions of
 * shells, and those parts of manual pages that must not differ from --help. All of
 * it goes to standard output.
 */
#ifndef QUIETUS_TOOL_DESCRIBE_H
#define QUIETUS_TOOL_DESCRIBE_H

#include "common/command.h"

void describe_for_bash(void);
void describe_for_zsh(void);
void describe_for_fish(void);

/*
 * A manual page (mdoc) from a file that has all but the lines @HEAD@, @COMMANDS@,
 * @OPTIONS@ and @EXITS@, whose place is marked by these. `command` is NULL for the
 * page of the tool as a whole. False with a reason.
 */
bool describe_manual(const struct command *command, const char *path, struct reason *why);

#endif
