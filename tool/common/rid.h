/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requester IDs, as people and the kernel write them. */
#ifndef QUIETUS_TOOL_RID_H
#define QUIETUS_TOOL_RID_H

#include <quietus/types.h>
#include <stdio.h>

/* Bytes that one takes as text, with its NUL. */
#define RID_TEXT 16

/* "segment:bus:device.function", in `text`, which is returned. */
static inline const char *rid_text(qt_rid rid, char text[RID_TEXT])
{
	snprintf(text, RID_TEXT, "%04x:%02x:%02x.%x", QT_RID_SEGMENT(rid), QT_RID_BUS(rid),
		QT_RID_DEVICE(rid), QT_RID_FUNCTION(rid));
	return text;
}

#endif
