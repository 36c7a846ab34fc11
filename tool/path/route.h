/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which network interface reaches a host. */
#ifndef QUIETUS_TOOL_ROUTE_H
#define QUIETUS_TOOL_ROUTE_H

#include <net/if.h>
#include <stdbool.h>

#include "common/message.h"

/*
 * The interface through which the kernel now sends to a host, a name or an
 * address. False with a reason when it cannot be resolved or there is no route.
 */
bool route_to(const char *host, char interface[IF_NAMESIZE], struct reason *why);

#endif
