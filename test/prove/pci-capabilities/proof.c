/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Capability lists of PCI functions, with every register answering anything, another
 * thing each time it is read.
 *
 * Bounds: the core gives up after 48 steps, and that is what is proved; of extended lists it
 * follows 480, and is compiled here to follow 40. What is left out: step 41 to 480 of the
 * same loop.
 */
#include "../../../core/pci/config.h"
#include "../prove.h"

static const struct qt_host host = {.pci_read = any_pci_read};

static void conventional(void)
{
	unsigned at = qt_pci_capability(&host, nondet_u32(), nondet_u8());

	CHECK(at == 0 || (at >= 0x40 && at <= 0xfc && (at & 3) == 0), "capability's offset");
}

static void extended(void)
{
	bool damaged;
	unsigned at = qt_pci_follow_ext(&host, nondet_u32(), nondet_u16(), &damaged);

	CHECK(at == 0 || (at >= 0x100 && at <= 0xffc && (at & 3) == 0),
		"extended capability's offset");
}

int main(void)
{
	VARIANT();
	return 0;
}
