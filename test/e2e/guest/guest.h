/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The user space of the test machine, both before the crash and in the capture
 * kernel: one static program, started as init.
 *
 * It is driven by /config (KEY=VALUE lines) and talks to the test runner over
 * two serial ports (port.c says which), by polling, so that results arrive even when the
 * kernel gets no interrupts.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECTOR       512u
#define DUMP_CHUNK   (1u << 20) /* the dump is written in chunks of this size */
#define DUMP_OFFSET  (1u << 20) /* where it starts on the disk; the header is in sector 0 */
#define DUMP_MAGIC   "QTDUMP1\n"
#define PATTERN_PAGE 4096u

/* Sector 0 of the dump disk, written after the dump itself. Little-endian. */
struct dump_header {
	char magic[8];
	uint64_t length; /* bytes of flattened dump at DUMP_OFFSET */
	char token[64];  /* the crash this dump belongs to */
};

/* link.c: results go out on one port, the word to go on comes in on the other. */
void link_open(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_file_hex(const char *key, const char *path);
bool wait_for_runner(unsigned int seconds);

/* port.c: 16550 registers of the two ports of the link. */
enum link_port { LINK_OUT, LINK_IN, LINK_PORTS };
bool port_open_all(void);
unsigned char port_read(enum link_port port, unsigned int reg);
void port_write(enum link_port port, unsigned int reg, unsigned char value);

/* config.c */
void config_load(const char *path);
const char *config(const char *key, const char *fallback);
unsigned long config_number(const char *key, unsigned long fallback);

/* system.c: small services around the kernel's interfaces. */
void mount_all(void);
void open_console(void);
void load_modules(const char *groups);
bool wait_for_path(const char *path, unsigned int seconds);
bool write_file(const char *path, const char *text);
bool read_text(const char *path, char *text, size_t size);
int run(char *const argv[]);
int run_into(const char *path, char *const argv[]); /* standard output goes to a file */
int net_up(void);
int net_down(void);
unsigned int net_receiving(void);
void settle(unsigned int milliseconds);

/* symbols.c: what kexec wants to know of a kernel that does not tell it. */
void symbols_add_text(void);

/* pattern.c */
void plant_patterns(uint64_t seed, unsigned int pages);

/* disks.c: all there are, whatever they are called. */
const char *disk_find(unsigned int seconds);
void disks_in_background(void);
void disks_read(void);

/* churn.c: use of devices that leaves translations behind. */
void churn_disk(const char *path, unsigned int rounds);
void churn_disk_deep(const char *path, unsigned int requests, unsigned int kib);
void churn_net(unsigned int interfaces, unsigned int frames);
void disk_in_background(const char *path);
void disk_write_through(const char *path);
void disk_deep_in_background(const char *path, unsigned int requests, unsigned int kib);

/* pci.c: states that devices, slots and functions can be in. */
bool pci_bind_to_vfio(const char *device);
void pci_say_drivers(void);
void pci_virtual_functions(const char *device);
void pci_put_to_sleep(const char *device);
void pci_hotplug(const char *addresses);
void pci_yank(const char *addresses);

/* death.c: the ways in which the system kernel ends. */
void say_symbols(const char *names);
void die(const char *way, const char *disk);

/* vfio.c: translations at chosen IOVAs, and present-but-empty tables there. */
void vfio_prepare(const char *device, const char *maps, bool msix);

/* trace.c: Linux's own account of what it maps for devices. */
void trace_start(void);
void trace_send(void);

/* tool.c */
void run_tool(void);

/* save.c */
bool save_dump(const char *disk);

#endif
