/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* VT-d, legacy mode. */
#include "takeover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_machine machine = {.unit = model_unit_default(0xfed90000)};

	machine.unit.levels = 1 << 4;
	return fuzz_takeover(&machine, data, size);
}
