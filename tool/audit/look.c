/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All that an audit looks at, in order. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "system/system.h"

void audit_not_seen(struct audit *audit, const char *what, const struct reason *why, bool decisive)
{
	if (audit->unseen_count < UNSEEN_MAX)
		audit->unseen[audit->unseen_count++] = (struct unseen){what, *why, decisive};
}

/* "none [integrity] confidentiality": the one in brackets. Kernels without lockdown have none. */
static void look_at_lockdown(struct audit *audit)
{
	char text[128], *start, *end;

	if (!system_text(audit->root, text, sizeof(text), "sys/kernel/security/lockdown"))
		return;
	start = strchr(text, '[');
	end = start ? strchr(start, ']') : NULL;
	if (end)
		snprintf(audit->lockdown, sizeof(audit->lockdown), "%.*s", (int)(end - start - 1),
			start + 1);
}

bool audit_locked_down(const struct audit *audit)
{
	return *audit->lockdown && strcmp(audit->lockdown, "none") != 0;
}

static void look_at_reservation(struct audit *audit)
{
	struct reason why;
	bool map_read = memory_map_read(&audit->map, audit->root, &why);

	audit->crash_size_known =
		system_number(audit->root, &audit->crash_size, "sys/kernel/kexec_crash_size");
	/* Where nothing is reserved, it is nowhere. */
	if (!map_read && (!audit->crash_size_known || audit->crash_size))
		audit_not_seen(audit, "where the crash region is", &why, true);
	if (audit->crash_size_known)
		return;
	reason_set(&why, "/sys/kernel/kexec_crash_size: %s", strerror(errno));
	audit_not_seen(audit, "whether memory is reserved for a capture kernel", &why, true);
}

/* What is loaded tells more than what is configured, but can often not be seen. */
static void look_at_capture_kernel(struct audit *audit)
{
	bool seen;

	capture_image_look(&audit->image, &audit->kdump);
	loaded_look(&audit->loaded, &audit->live, &audit->map.crash);
	seen = audit->loaded.state != LOADED_UNKNOWN && audit->loaded.state != LOADED_UNSEEN;
	if (!audit->image.known)
		audit_not_seen(audit, "the configured capture kernel", &audit->image.why, !seen);
	if (!seen)
		audit_not_seen(audit, "the capture kernel that is loaded", &audit->loaded.why,
			audit->loaded.state == LOADED_UNKNOWN);
}

bool audit_look(struct audit *audit, const char *root, struct reason *why)
{
	*audit = (struct audit){.root = root};
	live_open(&audit->live, root);
	system_text(root, audit->command_line, sizeof(audit->command_line), "proc/cmdline");
	look_at_lockdown(audit);
	look_at_reservation(audit);
	kdump_settings_read(&audit->kdump, root);
	look_at_capture_kernel(audit);
	if (!live_open_pci(&audit->live, why) || !audit_find(audit, why))
		return false;
	audit_conclude(audit);
	return true;
}

void audit_free(struct audit *audit)
{
	live_close(&audit->live);
	free(audit->arena.base);
	free(audit->devices);
}

const struct device *audit_device(const struct audit *audit, const struct qt_requester *requester)
{
	return requester->function < 0 ? NULL : &audit->devices[requester->function];
}

bool audit_assumed(const struct audit *audit, const struct qt_requester *requester)
{
	return !audit->tables_read && requester->state == QT_REQ_TRANSLATED;
}

uint64_t audit_bounce_buffers(const struct audit *audit)
{
	const struct qt_ranges *crash = &audit->machine.crash;
	bool high = crash->count && crash->list[crash->count - 1].end > QT_GIB(4);

	/* What Linux takes for them by default (kernel/dma/swiotlb.c). */
	return high && audit->commit_known && audit->plan.commit ? QT_MIB(64) : 0;
}

enum audit_verdict audit_verdict(const struct audit *audit)
{
	if (audit->finding_count)
		return AUDIT_FINDINGS;
	for (size_t i = 0; i < audit->unseen_count; i++)
		if (audit->unseen[i].decisive)
			return AUDIT_UNKNOWN;
	return AUDIT_SOUND;
}
