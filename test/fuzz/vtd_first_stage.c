/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* VT-d, scalable mode, first-stage tables. */
#include "takeover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_machine machine = {.unit = model_unit_scalable(0xfed90000)};

	machine.unit.second_stage = false;
	machine.unit.first_stage = machine.first_stage = true;
	return fuzz_takeover(&machine, data, size);
}
