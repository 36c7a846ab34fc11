/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A machine as Linux shows it in files, below the folder ROOT: a PC with one Intel
 * IOMMU that is on, a disk behind a root port, a disk controller, and a spare
 * device. 4 GiB of RAM, 256 MiB of it reserved at 512 MiB, and a wrapped capture
 * kernel loaded there. Each test changes what it is about.
 */
#ifndef TEST_TOOL_RECORDED_H
#define TEST_TOOL_RECORDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROOT "root"

#define DISK  "0000:01:00.0"
#define AHCI  "0000:00:17.0"
#define SPARE "0000:00:1c.0"
#define PORT  "0000:00:10.0"
#define HOST  "0000:00:00.0"

#define CRASH_START   UINT64_C(0x20000000)
#define CRASH_END     UINT64_C(0x30000000)
#define STAGE_ADDRESS UINT64_C(0x2c000000)
#define UNIT          UINT64_C(0xfed90000)

/* Second-stage tables of the spare device: the topmost, and the one for the crash region. */
#define SPARE_TOP    UINT64_C(0x02003000)
#define SPARE_LEAVES UINT64_C(0x02005000)
#define ARM_LEAVES   UINT64_C(0x02026000) /* behind an SMMUv3 */

/* Makes the files, in the current folder. */
void recorded_machine(void);

/* Makes a file ROOT/path, and its folders, that holds a text. */
void put_text(const char *path, const char *text);

/* Makes a file ROOT/path, and its folders, of these bytes. */
void put_file(const char *path, const void *data, size_t size);

/* Makes a flattened device tree ROOT/path from its source. */
void put_tree(const char *path, const char *source);

/* Makes a symbolic link ROOT/path. */
void put_link(const char *path, const char *target);

/* Removes ROOT/path, a file or a folder with all that is in it. */
void take_away(const char *path);

/* Puts a device into an IOMMU group, whose default domain is of this type. */
void put_group(const char *device, const char *group, const char *type);

/* Has a device driven by this driver. */
void put_driver(const char *device, const char *driver);

/* Changes a 64-bit word of RAM in ROOT/proc/kcore, or of registers in ROOT/dev/mem. */
void put_ram(uint64_t at, uint64_t value);
void put_register(uint64_t at, uint64_t value);

/* Makes ROOT/boot/capture: a kernel with a stage of that version, or without one (NULL). */
void put_image(const char *stage_version);

/* Puts the header of a stage of that version at STAGE_ADDRESS; NULL: something else. */
void put_loaded(const char *stage_version);

/* Has an AMD IOMMU in place of the Intel one. */
void put_amd(void);

/* Has an SMMUv3 in its place, described by ACPI or by a device tree. */
void put_arm_acpi(void);
void put_arm_device_tree(void);

/* Lets the tables be read: without this there are no registers. */
void put_registers(void);

/* The same for an SMMUv3. */
void put_arm_tables(void);

#endif
