/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Instructions that C has no words for.
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual (SDM),
 * volumes 2 (instructions), 3 (control registers, 2.5) and 4 (MSRs); AMD64
 * Architecture Programmer's Manual (APM), volume 2.
 */
#ifndef QUIETUS_STAGE_CPU_H
#define QUIETUS_STAGE_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* SDM 3, 2.5 */
#define CR0_WP   (UINT64_C(1) << 16)
#define CR4_MCE  (UINT64_C(1) << 6)
#define CR4_LA57 (UINT64_C(1) << 12)

/* SDM 4, table 2-2 */
#define MSR_MCG_STATUS  0x17a
#define MCG_STATUS_MCIP (UINT64_C(1) << 2) /* a second machine check would shut down */
#define MSR_PAT         0x277
#define MSR_EFER        0xc0000080
#define EFER_NXE        (UINT64_C(1) << 11)

/* SDM 3, 11.4.4 and 11.12.1; the APIC ID can only be read like this in x2APIC mode. */
#define MSR_APIC_BASE    0x1b
#define APIC_BASE_X2APIC (UINT64_C(1) << 10)
#define MSR_X2APIC_ID    0x802

/* APM 2, 7.10.1, 15.34.10 and 15.36.2 */
#define MSR_SYSCFG         0xc0010010
#define SYSCFG_MEM_ENCRYPT (UINT64_C(1) << 23)
#define SYSCFG_SNP         (UINT64_C(1) << 24)
#define MSR_SEV_STATUS     0xc0010131

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

static inline uint64_t read_cr0(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr0, %0" : "=r"(value));
	return value;
}

static inline void write_cr0(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr0" : : "r"(value) : "memory");
}

static inline uint64_t read_cr3(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr3, %0" : "=r"(value));
	return value;
}

static inline void write_cr3(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr4, %0" : "=r"(value));
	return value;
}

static inline void write_cr4(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr4" : : "r"(value) : "memory");
}

static inline void invalidate_page(const volatile void *at)
{
	__asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
}

/* A table entry that was just made valid is used from here on: the CPU looks again by itself. */
static inline void translation_ready(void)
{
	__asm__ volatile("" : : : "memory");
}

static inline void flush_line(const volatile void *at)
{
	__asm__ volatile("clflush (%0)" : : "r"(at) : "memory");
}

static inline void memory_fence(void)
{
	__asm__ volatile("mfence" : : : "memory");
}

/*
 * Stores to write-back memory are seen in their order by all that snoops (SDM 3,
 * 9.2.2), so it is enough to keep the compiler from moving them.
 */
static inline void order_stores(void)
{
	__asm__ volatile("" : : : "memory");
}

/* Device registers: plain accesses to uncached memory are just that. */
static inline uint8_t device_read8(const volatile uint8_t *at)
{
	return *at;
}

static inline uint16_t device_read16(const volatile uint16_t *at)
{
	return *at;
}

static inline uint32_t device_read32(const volatile uint32_t *at)
{
	return *at;
}

static inline uint64_t device_read64(const volatile uint64_t *at)
{
	return *at;
}

static inline void device_write8(volatile uint8_t *at, uint8_t value)
{
	*at = value;
}

static inline void device_write16(volatile uint16_t *at, uint16_t value)
{
	*at = value;
}

static inline void device_write32(volatile uint32_t *at, uint32_t value)
{
	*at = value;
}

static inline void device_write64(volatile uint64_t *at, uint64_t value)
{
	*at = value;
}

static inline uint64_t read_msr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

/* The time stamp counter. */
static inline uint64_t read_counter(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void pause(void)
{
	__asm__ volatile("pause");
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint16_t in16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

#endif
