/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SMMUv3, stage 2. */
#include "takeover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_machine machine = {.unit = model_smmu_default(0xfed90000)};

	machine.unit.smmu.stage2 = true;
	return fuzz_takeover(&machine, data, size);
}
