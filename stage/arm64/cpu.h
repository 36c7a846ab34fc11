/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Instructions that C has no words for.
 *
 * Source: Arm Architecture Reference Manual for A-profile (DDI 0487), C6 and D23.
 */
#ifndef QUIETUS_STAGE_CPU_H
#define QUIETUS_STAGE_CPU_H

#include <stdint.h>

#define read_register(name)                                                                        \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("mrs %0, " #name : "=r"(value_)::"memory");                       \
		value_;                                                                            \
	})

#define write_register(name, value)                                                                \
	__asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory")

static inline void instruction_barrier(void)
{
	__asm__ volatile("isb" : : : "memory");
}

/* All earlier accesses and maintenance are done, and seen by everyone. */
static inline void memory_fence(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}

/* A table entry that was just made valid is used from here on. */
static inline void translation_ready(void)
{
	memory_fence();
	instruction_barrier();
}

/* Stores before it are seen before those after it, by all that is coherent with the CPU. */
static inline void order_stores(void)
{
	__asm__ volatile("dmb oshst" : : : "memory");
}

/* Cleans the line to the point of coherency. */
static inline void flush_line(const volatile void *at)
{
	__asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
}

static inline uint64_t read_counter(void)
{
	uint64_t value;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(value) : : "memory");
	return value;
}

static inline void pause(void)
{
	__asm__ volatile("yield");
}

/*
 * Device registers. Written out, so that no compiler picks an instruction that
 * hypervisors cannot emulate (those with writeback have no syndrome), and ordered
 * against memory on both sides.
 */
/* NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses. */
#define DEVICE_READ(name, type, instruction)                                                       \
	static inline type name(const volatile type *at)                                           \
	{                                                                                          \
		type value;                                                                        \
                                                                                                   \
		__asm__ volatile(instruction "; dmb osh" : "=r"(value) : "r"(at) : "memory");      \
		return value;                                                                      \
	}

#define DEVICE_WRITE(name, type, instruction)                                                      \
	static inline void name(volatile type *at, type value)                                     \
	{                                                                                          \
		__asm__ volatile("dmb osh; " instruction : : "r"(value), "r"(at) : "memory");      \
	}

/* NOLINTEND(bugprone-macro-parentheses) */

DEVICE_READ(device_read8, uint8_t, "ldrb %w0, [%1]")
DEVICE_READ(device_read16, uint16_t, "ldrh %w0, [%1]")
DEVICE_READ(device_read32, uint32_t, "ldr %w0, [%1]")
DEVICE_READ(device_read64, uint64_t, "ldr %x0, [%1]")
DEVICE_WRITE(device_write8, uint8_t, "strb %w0, [%1]")
DEVICE_WRITE(device_write16, uint16_t, "strh %w0, [%1]")
DEVICE_WRITE(device_write32, uint32_t, "str %w0, [%1]")
DEVICE_WRITE(device_write64, uint64_t, "str %x0, [%1]")

#endif
