/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Device TLBs are flushed through the unit, but which devices, and for how long
 * they may be waited for, does not depend on whose unit it is.
 */
#ifndef QUIETUS_CORE_DEVICE_TLB_H
#define QUIETUS_CORE_DEVICE_TLB_H

#include <quietus/machine.h>

/*
 * Calls flush for each requester of the unit that caches translations, one at a
 * time: an error must not take the others along. A device that does not answer is
 * hung, and its own driver turns ATS off and on again before using it: that is
 * said and passed over, as long as `stuck` tells that the unit can still be
 * stopped. QT_E_TIMEOUT if it cannot. All devices share one time limit.
 */
int qt_flush_device_tlbs(const struct qt_machine *machine, const struct qt_unit *unit,
	int (*flush)(void *context, qt_rid rid), bool (*stuck)(void *context), void *context);

#endif
