/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every wait of a reset, in microseconds. The first group is how long nothing may
 * be touched, as specifications have it; the second is how long a condition is
 * waited for at most. Whatever the group, none goes on beyond the ceiling that
 * qt_reset_stop is given.
 */
#ifndef QUIETUS_CORE_RESET_WAITS_H
#define QUIETUS_CORE_RESET_WAITS_H

#define WAIT_FLR_US          100000  /* after Function Level Reset (PCIe 6.0, 6.6.2) */
#define WAIT_D3_US           10000   /* into D3hot (PCIe 6.0, 5.9) */
#define WAIT_D0_US           10000   /* and out of it */
#define WAIT_ASSERT_US       2000    /* bus reset asserted: Trst is 1 ms (PCI 3.0, 4.3.2) */
#define WAIT_BUS_US          100000  /* from its end, or from link active (PCIe 6.0, 6.6.1) */
#define WAIT_NO_REPORT_US    1100000 /* the same, for ports that do not report link active */
#define WAIT_CONVENTIONAL_US 1100000 /* the same: Trhfa is 2^25 clocks (PCI 3.0, 4.3.2) */

#define WAIT_PENDING_US 500000  /* for transactions to end before a function is reset */
#define WAIT_NVME_US    1000000 /* for an NVMe controller to become disabled */
#define WAIT_LINK_US    1000000 /* for link active after a bus reset (PCIe 6.0, 6.6.1) */
#define WAIT_RETURN_US  2000000 /* for a function to answer again */
#define WAIT_RESTORE_US 10000   /* for what is restored to read back */
#define WAIT_QUIET_US   100000  /* for transactions to have ended, at last */

#define WAIT_POLL_US 1000 /* between two looks */

#endif
