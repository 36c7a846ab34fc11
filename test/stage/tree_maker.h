/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Device trees for tests. */
#ifndef QUIETUS_TEST_STAGE_TREE_MAKER_H
#define QUIETUS_TEST_STAGE_TREE_MAKER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <quietus/device_tree.h>

#define TREE_SIZE 4096u

/* A tree under construction: all strings are put where they are first used. */
struct maker {
	uint8_t data[TREE_SIZE];
	size_t at;
	char strings[1024];
	size_t strings_size;
};

static inline void set32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline void put32(struct maker *m, uint32_t value)
{
	set32(m->data + m->at, value);
	m->at += 4;
}

static inline void put(struct maker *m, const void *data, size_t size)
{
	memcpy(m->data + m->at, data, size);
	m->at = (m->at + size + 3) & ~(size_t)3;
}

static inline void begin(struct maker *m, const char *name)
{
	put32(m, QT_DT_BEGIN_NODE);
	put(m, name, strlen(name) + 1);
}

static inline void end(struct maker *m)
{
	put32(m, QT_DT_END_NODE);
}

static inline void property(struct maker *m, const char *name, const void *value, size_t size)
{
	put32(m, QT_DT_PROPERTY);
	put32(m, (uint32_t)size);
	put32(m, (uint32_t)m->strings_size);
	strcpy(m->strings + m->strings_size, name);
	m->strings_size += strlen(name) + 1;
	put(m, value, size);
}

static inline void text(struct maker *m, const char *name, const char *value)
{
	property(m, name, value, strlen(value) + 1);
}

static inline void cells(struct maker *m, const char *name, unsigned count, ...)
{
	uint8_t value[64];
	va_list list;

	va_start(list, count);
	for (unsigned i = 0; i < count; i++)
		set32(value + 4 * i, va_arg(list, uint32_t));
	va_end(list);
	property(m, name, value, 4 * (size_t)count);
}

/* Begins a tree, with one reservation; returns where its structure is. */
static inline uint32_t start(struct maker *m)
{
	memset(m, 0, sizeof(*m));
	m->at = QT_DT_HEADER_SIZE;
	set32(m->data + m->at + 4, 0x1000);
	set32(m->data + m->at + 12, 0x2000);
	m->at += 32;
	return (uint32_t)m->at;
}

/* Writes the whole of it; returns its size. */
static inline size_t finish(struct maker *m, uint32_t structure, uint8_t *to)
{
	put32(m, QT_DT_END);
	memcpy(m->data + m->at, m->strings, m->strings_size);

	set32(m->data, 0xd00dfeed);
	set32(m->data + 4, (uint32_t)(m->at + m->strings_size));
	set32(m->data + 8, structure);
	set32(m->data + 12, (uint32_t)m->at);
	set32(m->data + 16, QT_DT_HEADER_SIZE);
	set32(m->data + 20, 17);
	set32(m->data + 24, 16);
	set32(m->data + 28, 5); /* boot CPU */
	set32(m->data + 32, (uint32_t)m->strings_size);
	set32(m->data + 36, (uint32_t)m->at - structure);
	memcpy(to, m->data, m->at + m->strings_size);
	return m->at + m->strings_size;
}

#endif
