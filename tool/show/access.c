/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdlib.h>

#include "output.h"

const char *access_word(unsigned perms)
{
	static const char *const words[] = {"--", "r-", "-w", "rw"};

	return words[perms & QT_RW];
}

const char *reach_word(const struct reach_device *device)
{
	if (device->error)
		return "unknown";
	switch (device->state) {
	case QT_REQ_DIRECT:
	case QT_REQ_PASSTHROUGH:
		return "direct";
	case QT_REQ_TRANSLATED:
		return "range";
	case QT_REQ_ABSENT:
	case QT_REQ_BLOCKED:
		return "nothing";
	default:
		return "unknown";
	}
}

static size_t accesses_of(const struct reach *reach, const struct reach_device *device)
{
	if (device->error)
		return 0;
	if (reach_is_direct(device))
		return 1;
	return device->domain < 0 ? 0 : reach->domains[device->domain].hit_count;
}

bool access_list(const struct reach *reach, const struct reach_source *source, struct access **list,
	size_t *count)
{
	size_t room = 0;

	for (size_t i = 0; i < reach->device_count; i++)
		room += accesses_of(reach, &reach->devices[i]);
	*list = calloc(room + 1, sizeof(**list));
	*count = 0;
	for (size_t i = 0; *list && i < reach->device_count; i++) {
		const struct reach_device *device = &reach->devices[i];
		size_t accesses = accesses_of(reach, device);

		for (size_t hit = 0; hit < accesses; hit++) {
			struct access *access = &(*list)[(*count)++];

			*access = (struct access){device, source->phys, QT_RW, true};
			if (reach_is_direct(device))
				continue;
			access->direct = false;
			access->iova = reach->domains[device->domain].hits[hit].iova;
			access->perms = reach->domains[device->domain].hits[hit].perms;
		}
	}
	return *list;
}
