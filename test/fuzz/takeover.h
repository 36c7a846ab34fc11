/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A takeover on the model machine whose dead kernel's tables the input has changed. */
#ifndef TEST_FUZZ_TAKEOVER_H
#define TEST_FUZZ_TAKEOVER_H

#include <machine/model.h>

#include "fuzz.h"

/*
 * What the dead kernel left behind one unit of this kind: domains that are shared,
 * churned, large-paged and for a process. `first_stage`: with tables like a CPU's.
 */
struct fuzz_machine {
	struct model_unit_config unit;
	bool first_stage;
};

/*
 * The first byte chooses what such units differ in. The rest are changes, each of a
 * byte that says what is changed and how, 2 bytes for the place, 8 for the value:
 * words of the dead kernel's memory, set, XORed, or made to lead to one of its own
 * pages; config space. Then find, plan, and if that is the plan, all of it, with
 * every invariant watched by the model (test/machine/check.h), and undone.
 */
int fuzz_takeover(const struct fuzz_machine *machine, const uint8_t *data, size_t size);

#endif
