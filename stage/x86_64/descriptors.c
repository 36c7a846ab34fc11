// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: SDM 3, 3.4.5 (segment descriptors), 6.14.1 (64-bit gates), 8.7 (64-bit
 * task state segment).
 */
#include "descriptors.h"
#include "entry.h"

#define VECTORS 256

/* Flat segments: present, accessed, DPL 0; long-mode code, and writable data. */
#define SEGMENT_CODE UINT64_C(0x00af9b000000ffff)
#define SEGMENT_DATA UINT64_C(0x00cf93000000ffff)
#define TYPE_TASK    0x89 /* present, available 64-bit task state segment */
#define TYPE_GATE    0x8e /* present, interrupt gate */

/* Numbers of the stacks, and which exception uses which. */
#define STACK_NMI     1
#define STACK_MACHINE 2
#define STACK_DOUBLE  3
#define STACK_OTHERS  4
#define STACKS        4

#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_MACHINE_CHECK 18

#define EXCEPTION_STACK_SIZE 2048

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t stack;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

struct task_state {
	uint32_t reserved0;
	uint64_t privileged_stacks[3];
	uint64_t reserved1;
	uint64_t stacks[7]; /* number 1 first */
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map;
} __attribute__((packed));

static struct {
	struct gate gates[VECTORS];
	uint64_t segments[SELECTOR_TASK / 8 + 2];
	struct task_state task;
	uint8_t stacks[STACKS][EXCEPTION_STACK_SIZE] __attribute__((aligned(16)));
} tables __attribute__((aligned(16)));

static uint8_t stack_of(unsigned vector)
{
	switch (vector) {
	case VECTOR_NMI:
		return STACK_NMI;
	case VECTOR_MACHINE_CHECK:
		return STACK_MACHINE;
	case VECTOR_DOUBLE_FAULT:
		return STACK_DOUBLE;
	default:
		return STACK_OTHERS;
	}
}

static void fill_gates(void)
{
	for (unsigned vector = 0; vector < VECTORS; vector++) {
		unsigned stub = vector < EXCEPTIONS ? vector : EXCEPTIONS;
		uint64_t entry = (uint64_t)(uintptr_t)(exception_stubs + stub * STUB_SIZE);

		tables.gates[vector] = (struct gate){
			.offset_low = (uint16_t)entry,
			.selector = SELECTOR_CODE,
			.stack = stack_of(vector),
			.type = TYPE_GATE,
			.offset_middle = (uint16_t)(entry >> 16),
			.offset_high = (uint32_t)(entry >> 32),
		};
	}
}

static void fill_segments(void)
{
	uint64_t task = (uint64_t)(uintptr_t)&tables.task;

	tables.segments[SELECTOR_CODE / 8] = SEGMENT_CODE;
	tables.segments[SELECTOR_DATA / 8] = SEGMENT_DATA;
	tables.segments[SELECTOR_TASK / 8] = (sizeof(tables.task) - 1) | (task & 0xffffff) << 16 |
					     (uint64_t)TYPE_TASK << 40 | (task >> 24 & 0xff) << 56;
	tables.segments[SELECTOR_TASK / 8 + 1] = task >> 32;

	for (unsigned i = 0; i < STACKS; i++)
		tables.task.stacks[i] = (uint64_t)(uintptr_t)(tables.stacks[i + 1]);
	tables.task.io_map = sizeof(tables.task);
}

static void load_segments(void)
{
	struct table_register gdtr = {
		sizeof(tables.segments) - 1, (uint64_t)(uintptr_t)tables.segments};

	__asm__ volatile("lgdt %0\n\t"
			 "movw %w1, %%ds\n\t"
			 "movw %w1, %%es\n\t"
			 "movw %w1, %%ss\n\t"
			 "pushq %2\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\tltr %w3"
			 :
			 : "m"(gdtr), "r"(SELECTOR_DATA), "i"(SELECTOR_CODE), "r"(SELECTOR_TASK)
			 : "rax", "memory");
}

void descriptors_load(void)
{
	struct table_register idtr = {sizeof(tables.gates) - 1, (uint64_t)(uintptr_t)tables.gates};

	fill_gates();
	fill_segments();
	load_segments();
	__asm__ volatile("lidt %0" : : "m"(idtr) : "memory");
}
