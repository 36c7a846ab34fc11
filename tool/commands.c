/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The list of commands. Each lives in a folder, and is one line here. */
#include "common/command.h"

const struct command *const commands[] = {
	&command_audit,
	&command_status,
	&command_report,
	&command_show,
	&command_undo,
	&command_wrap,
	&command_unwrap,
	&command_dump_path,
	&command_setup,
	NULL,
};
