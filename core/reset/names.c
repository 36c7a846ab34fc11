// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <quietus/reset.h>

static const char *name(const char *const *names, size_t count, unsigned which)
{
	return which < count && names[which] ? names[which] : "unknown";
}

const char *qt_reset_method_name(unsigned method)
{
	static const char *const names[] = {
		[QT_RESET_NONE] = "none",
		[QT_RESET_DEVICE] = "device_specific",
		[QT_RESET_FLR] = "flr",
		[QT_RESET_AF] = "af_flr",
		[QT_RESET_PM] = "pm",
		[QT_RESET_BUS] = "bus",
		[QT_RESET_SLOT] = "slot",
	};

	return name(names, QT_ARRAY_SIZE(names), method);
}

const char *qt_stop_result_name(unsigned result)
{
	static const char *const names[] = {
		[QT_STOP_NOT_TRIED] = "not tried",
		[QT_STOP_QUIET] = "quiet",
		[QT_STOP_PENDING] = "transactions pending",
		[QT_STOP_LOST] = "lost",
		[QT_STOP_MASTERING] = "bus mastering stuck",
		[QT_STOP_REFUSED] = "refused",
		[QT_STOP_NO_TIME] = "no time left",
	};

	return name(names, QT_ARRAY_SIZE(names), result);
}

const char *qt_reset_obstacle_text(unsigned obstacle)
{
	static const char *const texts[] = {
		[QT_OBSTACLE_NONE] = "none",
		[QT_OBSTACLE_NO_METHOD] =
			"it has no reset that works without a kernel (ACPI's _RST does not)",
		[QT_OBSTACLE_DISPLAY] = "a display or serial port, which may be the console",
		[QT_OBSTACLE_BRIDGE] = "a bridge",
		[QT_OBSTACLE_FORBIDDEN] = "known not to survive any reset that it has",
		[QT_OBSTACLE_NEIGHBOUR] = "only with a neighbour that must not be reset",
		[QT_OBSTACLE_ABSENT] = "it does not answer",
		[QT_OBSTACLE_DAMAGED] = "its configuration space cannot be right",
		[QT_OBSTACLE_PLATFORM] = "part of the machine itself",
	};

	return name(texts, QT_ARRAY_SIZE(texts), obstacle);
}
