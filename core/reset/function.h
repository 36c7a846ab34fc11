/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One function's registers, as probing and stopping look at them. */
#ifndef QUIETUS_CORE_RESET_FUNCTION_H
#define QUIETUS_CORE_RESET_FUNCTION_H

#include <quietus/pci.h>

enum answer {
	ANSWER_NONE, /* nothing there, or not ready yet (2.3.2) */
	ANSWER_IT,   /* the function that was found */
	ANSWER_OTHER /* somebody else */
};

enum answer qt_function_answers(const struct qt_host *host, const struct qt_pci_function *function);

/* Whether it waits for completions, as far as it has a way to tell. */
bool qt_function_pending(const struct qt_host *host, qt_rid rid);

/*
 * Turn it off, and say whether it is off now. Never for a bridge: what is below it
 * may be in the middle of something.
 */
bool qt_function_master_off(const struct qt_host *host, struct qt_pci_function *function);
void qt_function_ats_off(const struct qt_host *host, struct qt_pci_function *function);

/* Reset it. They return at once: the waits are the caller's. */
void qt_function_flr(const struct qt_host *host, qt_rid rid);
void qt_function_af(const struct qt_host *host, qt_rid rid);

/* Set the power state (0: D0, 3: D3hot), and read it. */
void qt_function_set_power(const struct qt_host *host, qt_rid rid, unsigned state);
unsigned qt_function_power(const struct qt_host *host, qt_rid rid);

/* Whether the function is somewhere below the bridge. Parents come first, so this ends. */
static inline bool qt_function_below(const struct qt_pci *pci, size_t index, int32_t bridge)
{
	int32_t i = pci->functions[index].parent;

	while (i > bridge)
		i = pci->functions[i].parent;
	return i == bridge && bridge >= 0;
}

#endif
