/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <quietus/text.h>

#include "../pci/config.h"
#include "device_tlb.h"

/* Longest wait for all devices of a unit together, in microseconds. */
#define WAIT_DEVICES_US 500000

static void log_hung(const struct qt_host *host, qt_rid rid)
{
	char line[64];

	qt_text(line, sizeof(line), "%04x:%02x:%02x.%x did not flush its TLB", QT_RID_SEGMENT(rid),
		QT_RID_BUS(rid), QT_RID_DEVICE(rid), QT_RID_FUNCTION(rid));
	host->log(host->context, line);
}

/*
 * What is not there reads all ones, and would never answer. The vendor ID of a
 * virtual function does so too (PCI Express 6.0, 9.3.4.1.1), its command register
 * (7.5.1.1.3) has bits that are always 0.
 */
static bool is_there(const struct qt_host *host, qt_rid rid)
{
	return host->pci_read(host->context, rid, PCI_COMMAND, 2) != 0xffff;
}

int qt_flush_device_tlbs(const struct qt_machine *machine, const struct qt_unit *unit,
	int (*flush)(void *context, qt_rid rid), bool (*stuck)(void *context), void *context)
{
	const struct qt_host *host = machine->host;
	uint64_t since = host->now_us(host->context);

	for (size_t i = 0; i < machine->requester_count; i++) {
		const struct qt_requester *requester = &machine->requesters[i];

		if (requester->unit != unit->index || !requester->ats ||
			!is_there(host, requester->rid))
			continue;
		if (host->now_us(host->context) - since <= WAIT_DEVICES_US &&
			flush(context, requester->rid) == QT_OK)
			continue;
		log_hung(host, requester->rid);
		if (stuck(context))
			return QT_E_TIMEOUT;
	}
	return QT_OK;
}
