// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "window.h"

bool window_point(struct window *window, qt_phys at)
{
	qt_phys page = at & ~(PAGE_SIZE - 1);
	uint64_t *slot = &window->slots[window_slot(at)];
	uint64_t entry;

	if (*slot & PTE_PRESENT && (*slot & PTE_FRAME) == page)
		return false;
	entry = page | PTE_DATA | window->nx;
	if (!window->is_memory(window->context, page))
		entry |= PTE_UNCACHED;
	*slot = entry; /* at once: registers must not be cached even for a moment */
	return true;
}

void window_clear(struct window *window)
{
	for (size_t i = 0; i < WINDOW_SLOTS; i++)
		window->slots[i] = 0;
}
