// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "window.h"

static qt_phys page_of(qt_phys at)
{
	return at & ~(PAGE_SIZE - 1);
}

bool window_leads(const struct window *window, qt_phys at)
{
	uint64_t entry = window->slots[window_slot(at)];

	return entry & PTE_PRESENT && (entry & PTE_FRAME) == page_of(at);
}

void window_point(struct window *window, qt_phys at)
{
	qt_phys page = page_of(at);
	bool memory = window->is_memory(window->context, page);

	/* At once: registers must not be cached even for a moment. */
	window->slots[window_slot(at)] = page | (memory ? window->memory : window->device);
}

void window_clear(struct window *window)
{
	for (size_t i = 0; i < WINDOW_SLOTS; i++)
		window->slots[i] = 0;
}
