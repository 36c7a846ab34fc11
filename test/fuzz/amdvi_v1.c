/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* AMD-Vi, host tables (v1). */
#include "takeover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_machine machine = {.unit = model_amdvi_default(0xfed90000)};

	machine.unit.amdvi.entries = 128;
	return fuzz_takeover(&machine, data, size);
}
