/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The four functions that a compiler may call by itself, also in freestanding
 * code, declared where there is no <string.h>. Who links the core provides them.
 */
#ifndef QUIETUS_MEMORY_H
#define QUIETUS_MEMORY_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *at, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);

#endif
