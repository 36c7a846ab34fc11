/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <quietus/report.h>

#include "harness.h"
#include "recorded.h"

#define RAM_START  UINT64_C(0x1000)
#define RAM_END    UINT64_C(0x80000000)
#define CORE_PAGE  4096u /* where RAM begins in kcore */
#define CONFIG_MAX 256

/* Tables, in RAM. */
#define ROOT_TABLE    UINT64_C(0x02000000)
#define CONTEXTS_0    UINT64_C(0x02001000)
#define CONTEXTS_1    UINT64_C(0x02002000)
#define SPARE_MIDDLE  UINT64_C(0x02004000)
#define EMPTY_TOP     UINT64_C(0x02006000)
#define CONTEXT_3_LVL 1u

static void make_folders(const char *path)
{
	char folder[512];

	for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(at - path), path);
		mkdir(folder, 0755);
	}
}

static void path_of(char path[512], const char *name)
{
	snprintf(path, 512, ROOT "/%s", name);
	make_folders(path);
}

void put_file(const char *name, const void *data, size_t size)
{
	char path[512];

	path_of(path, name);
	write_file(path, data, size);
}

void put_text(const char *name, const char *text)
{
	put_file(name, text, strlen(text));
}

void put_link(const char *name, const char *target)
{
	char path[512];

	path_of(path, name);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

void take_away(const char *name)
{
	char path[512];
	struct stat st;

	path_of(path, name);
	assert_int_equal(lstat(path, &st), 0);
	if (S_ISDIR(st.st_mode))
		remove_folder(path);
	else
		assert_int_equal(unlink(path), 0);
}

void put_tree(const char *name, const char *text)
{
	char path[512];
	struct outcome outcome;

	path_of(path, name);
	write_file("tree.dts", (const uint8_t *)text, strlen(text));
	outcome = run_program("dtc", "-q", "-O", "dtb", "-o", path, "tree.dts", NULL);
	assert_success(&outcome);
}

/* PCI */

void put_group(const char *device, const char *group, const char *type)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/iommu_group", device);
	snprintf(text, sizeof(text), "../../../../kernel/iommu_groups/%s", group);
	put_link(path, text);
	snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%s/type", group);
	snprintf(text, sizeof(text), "%s\n", type);
	put_text(path, text);
}

void put_driver(const char *device, const char *driver)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/driver", device);
	snprintf(text, sizeof(text), "../../drivers/%s", driver);
	put_link(path, text);
}

static void put_function(const char *device, uint32_t id, uint32_t class_code, const char *resets)
{
	uint8_t config[CONFIG_MAX] = {0};
	char path[128];

	set_le32(config, id);
	set_le32(config + 8, class_code << 8);
	if (class_code >> 8 == 0x0604) { /* a root port, bus 1 below it */
		config[0x0e] = 1;
		config[0x18] = 0;
		config[0x19] = config[0x1a] = 1;
		config[0x06] = 0x10; /* capabilities: PCI Express alone */
		config[0x34] = 0x40;
		set_le32(config + 0x40, 0x00420010);
	}
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/config", device);
	put_file(path, config, sizeof(config));
	if (resets) {
		snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/reset_method", device);
		put_text(path, resets);
	}
}

static void put_functions(void)
{
	put_function(HOST, 0x29c08086, 0x060000, NULL);
	put_function(PORT, 0x000c1b36, 0x060400, NULL);
	put_function(SPARE, 0x11e81234, 0x00ff00, NULL);
	put_function(AHCI, 0x29228086, 0x010601, NULL);
	put_function(DISK, 0x00101b36, 0x010802, "flr bus\n");
	put_group(HOST, "0", "DMA");
	put_group(PORT, "1", "DMA");
	put_group(SPARE, "2", "DMA-FQ");
	put_group(AHCI, "3", "DMA-FQ");
	put_group(DISK, "4", "DMA-FQ");
	put_driver(PORT, "pcieport");
	put_driver(AHCI, "ahci");
	put_driver(DISK, "nvme");
	put_text("usr/share/misc/pci.ids", "1b36  Red Hat, Inc.\n\t0010  QEMU NVM Express "
					   "Controller\n8086  Intel Corporation\n"
					   "\t2922  82801IR SATA Controller\n");
}

/* Firmware, IOMMU */

/* An ACPI table: length and checksum are filled in. */
static void put_table(const char *name, uint8_t *table, size_t size)
{
	char path[64];
	uint8_t sum = 0;

	memcpy(table, name, 4);
	set_le32(table + 4, (uint32_t)size);
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)-sum;
	snprintf(path, sizeof(path), "sys/firmware/acpi/tables/%s", name);
	put_file(path, table, size);
}

static void put_intel(void)
{
	uint8_t dmar[48 + 16] = {0};

	dmar[36] = 38;          /* host address width - 1 */
	set_le16(dmar + 48, 0); /* DRHD */
	set_le16(dmar + 50, 16);
	dmar[52] = 1; /* INCLUDE_PCI_ALL */
	set_le32(dmar + 56, (uint32_t)UNIT);
	put_table("DMAR", dmar, sizeof(dmar));
	put_text("sys/class/iommu/dmar0/intel-iommu/address", "fed90000\n");
	put_text("sys/class/iommu/dmar0/intel-iommu/cap", "d2008c22260206\n");
	put_text("sys/class/iommu/dmar0/intel-iommu/ecap", "f00f4a\n");
	put_text("sys/class/iommu/dmar0/intel-iommu/version", "1:0\n");
}

void put_amd(void)
{
	uint8_t ivrs[48 + 24 + 4] = {0};

	ivrs[48] = 0x10; /* IVHD */
	set_le16(ivrs + 50, 24 + 4);
	set_le32(ivrs + 56, (uint32_t)UNIT);
	ivrs[72] = 1; /* every device */
	take_away("sys/firmware/acpi/tables/DMAR");
	take_away("sys/class/iommu/dmar0");
	put_table("IVRS", ivrs, sizeof(ivrs));
	put_text("sys/class/iommu/ivhd0/amd-iommu/features", "22294ada\n");
}

/* As the driver names its unit in sysfs, which tells no more of it. */
#define SMMU_FOLDER "sys/class/iommu/smmu3.0x00000000fed90000"

static void put_smmu(void)
{
	take_away("sys/class/iommu");
	take_away("sys/firmware/acpi");
	put_text(SMMU_FOLDER "/uevent", "");
}

void put_arm_acpi(void)
{
	enum { SMMU = 48, SMMU_SIZE = 44, ROOT_COMPLEX = SMMU + SMMU_SIZE, ROOT_SIZE = 32 };
	uint8_t iort[ROOT_COMPLEX + ROOT_SIZE + 20] = {0};
	uint8_t madt[44] = {0}; /* without an ITS */
	uint8_t *node = iort + SMMU, *mapping = iort + ROOT_COMPLEX + ROOT_SIZE;

	set_le32(iort + 36, 2);
	set_le32(iort + 40, SMMU);
	node[0] = 4; /* an SMMUv3 */
	set_le16(node + 1, SMMU_SIZE);
	set_le32(node + 16, (uint32_t)UNIT);
	node = iort + ROOT_COMPLEX;
	node[0] = 2;
	set_le16(node + 1, ROOT_SIZE + 20);
	set_le32(node + 8, 1); /* mappings, and where */
	set_le32(node + 12, ROOT_SIZE);
	set_le32(mapping + 4, 0xffff); /* all requesters */
	set_le32(mapping + 12, SMMU);
	put_smmu();
	put_table("IORT", iort, sizeof(iort));
	put_table("APIC", madt, sizeof(madt));
}

void put_arm_device_tree(void)
{
	put_smmu();
	put_tree("sys/firmware/fdt",
		"/dts-v1/;\n"
		"/ {\n"
		"#address-cells = <2>; #size-cells = <2>;\n"
		"smmu: iommu@fed90000 { compatible = \"arm,smmu-v3\";\n"
		"  reg = <0 0xfed90000 0 0x20000>; #iommu-cells = <1>; };\n"
		"pcie@40000000 { compatible = \"pci-host-ecam-generic\"; device_type = \"pci\";\n"
		"  reg = <0 0x40000000 0 0x10000000>; bus-range = <0 255>;\n"
		"  linux,pci-domain = <0>; #address-cells = <3>; #size-cells = <2>;\n"
		"  iommu-map = <0 &smmu 0 0x10000>; };\n"
		"};\n");
}

static void put_word(const char *name, uint64_t at, uint64_t value)
{
	char path[512];
	int fd;

	path_of(path, name);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &value, sizeof(value), (off_t)at), sizeof(value));
	close(fd);
}

void put_ram(uint64_t at, uint64_t value)
{
	put_word("proc/kcore", at - RAM_START + CORE_PAGE, value);
}

void put_register(uint64_t at, uint64_t value)
{
	put_word("dev/mem", at, value);
}

void put_registers(void)
{
	put_register(UNIT + 0xff8, 0); /* the whole page is there */
	put_register(UNIT, 0x10);
	put_register(UNIT + 0x08, UINT64_C(0xd2008c22260206));
	put_register(UNIT + 0x10, UINT64_C(0xf00f4a));
	put_register(UNIT + 0x18, UINT64_C(0xc0000000) << 32);
	put_register(UNIT + 0x20, ROOT_TABLE);
}

static void put_context(uint64_t contexts, unsigned devfn, uint64_t table, unsigned domain)
{
	put_ram(contexts + devfn * UINT64_C(16), table | 1);
	put_ram(contexts + devfn * UINT64_C(16) + 8, CONTEXT_3_LVL | (uint64_t)domain << 8);
}

/* The spare device has a 4 KiB mapping at 0xfffff000, and tables for the crash region. */
static void put_tables(void)
{
	put_ram(ROOT_TABLE, CONTEXTS_0 | 1);
	put_ram(ROOT_TABLE + 16, CONTEXTS_1 | 1);
	put_context(CONTEXTS_0, 0x00, EMPTY_TOP, 1);
	put_context(CONTEXTS_0, 0x80, EMPTY_TOP, 1);
	put_context(CONTEXTS_0, 0xe0, SPARE_TOP, 2);
	put_context(CONTEXTS_0, 0xb8, EMPTY_TOP, 1);
	put_context(CONTEXTS_1, 0x00, EMPTY_TOP, 1);
	put_ram(SPARE_TOP, SPARE_MIDDLE | 3);
	put_ram(SPARE_MIDDLE + (CRASH_START >> 21) * 8, SPARE_LEAVES | 3);
}

/* Where the SMMUv3 has its own (IHI 0070, 5.2, 5.4; DDI 0487, D8.3). */
#define STREAMS     UINT64_C(0x02010000) /* of two buses, 64 bytes each */
#define DESCRIPTORS UINT64_C(0x02020000)
#define ARM_EMPTY   UINT64_C(0x02022000)
#define ARM_LEVELS  UINT64_C(0x02023000) /* the spare device's, down to ARM_LEAVES */

static void put_stream(unsigned stream, uint64_t table)
{
	static const uint64_t cached = 1 << 2 | 1 << 4 | 3 << 6; /* walks, of all kinds */
	uint64_t descriptor = DESCRIPTORS + stream * UINT64_C(16);

	put_ram(STREAMS + stream * UINT64_C(64), descriptor | 5 << 1 | 1);
	put_ram(STREAMS + stream * UINT64_C(64) + 8, cached);
	/* 48 bits in 4 KiB pages, out of 48; the upper half is off. */
	put_ram(descriptor, 16 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 30 | UINT64_C(1) << 31 |
				    UINT64_C(5) << 32 | UINT64_C(1) << 41 | UINT64_C(1) << 47 |
				    (uint64_t)(stream + 1) << 48);
	put_ram(descriptor + 8, table);
	put_ram(descriptor + 24, UINT64_C(0xf404ff44));
}

void put_arm_tables(void)
{
	put_register(UNIT + 0x1fff8, 0); /* all of it is there */
	put_register(UNIT, 1 << 1 | 2 << 2 | 1 << 4 | 1 << 12 | UINT64_C(16) << 32); /* IDR0, 1 */
	put_register(UNIT + 0x10, (uint64_t)(5 | 1 << 4) << 32);                     /* IDR5 */
	put_register(UNIT + 0x20, UINT64_C(1) << 32 | 1); /* CR0, CR0ACK */
	put_register(UNIT + 0x28, 1 << 6 | 1 << 8);       /* CR1 */
	put_register(UNIT + 0x80, STREAMS);
	put_register(UNIT + 0x88, 9); /* linear */
	put_stream(0x000, ARM_EMPTY);
	put_stream(0x080, ARM_EMPTY);
	put_stream(0x0b8, ARM_EMPTY);
	put_stream(0x0e0, ARM_LEVELS);
	put_stream(0x100, ARM_EMPTY);
	put_ram(ARM_LEVELS, (ARM_LEVELS + 0x1000) | 3);
	put_ram(ARM_LEVELS + 0x1000, (ARM_LEVELS + 0x2000) | 3);
	put_ram(ARM_LEVELS + 0x2000 + (CRASH_START >> 21) * 8, ARM_LEAVES | 3);
}

/* Kernel */

static void put_core(void)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segments[3];
	} core = {
		.header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				   EV_CURRENT},
			.e_type = ET_CORE,
			.e_version = EV_CURRENT,
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 3},
		.segments = {{.p_type = PT_LOAD,
				     .p_paddr = UINT64_MAX,
				     .p_memsz = RAM_END}, /* vmalloc's */
			/* The kernel's image, of whose memory some was given back. */
			{.p_type = PT_LOAD,
				.p_paddr = ROOT_TABLE,
				.p_memsz = SPARE_TOP - ROOT_TABLE,
				.p_offset = CORE_PAGE},
			{.p_type = PT_LOAD,
				.p_paddr = RAM_START,
				.p_memsz = RAM_END - RAM_START,
				.p_offset = CORE_PAGE}},
	};

	put_file("proc/kcore", &core, sizeof(core));
	assert_int_equal(truncate(ROOT "/proc/kcore", (off_t)(RAM_END - RAM_START + CORE_PAGE)), 0);
}

void put_loaded(const char *stage_version)
{
	struct bytes stage = synthetic_stage(stage_version ? stage_version : "", 0x400, 0x400);
	uint64_t word;

	for (size_t i = 0x40; i < 0x98; i += sizeof(word)) {
		memcpy(&word, stage.data + i, sizeof(word));
		put_ram(STAGE_ADDRESS + i, stage_version ? word : ~word);
	}
	free(stage.data);
}

void put_image(const char *stage_version)
{
	struct synthetic kernel = synthetic_image(PE_PAGE_ALIGNED);
	struct outcome outcome;

	put_file("boot/capture", kernel.image.data, kernel.image.size);
	free(kernel.image.data);
	if (stage_version) {
		struct bytes stage = synthetic_stage(stage_version, 0x400, 0x400);

		write_file("stage", stage.data, stage.size);
		free(stage.data);
		outcome = quietus("wrap", "--stage", "stage", "--output", ROOT "/boot/capture",
			ROOT "/boot/capture", NULL);
		assert_success(&outcome);
	}
}

static void put_kernel(void)
{
	put_text("proc/iomem", "00001000-0009ffff : System RAM\n"
			       "00100000-7fffffff : System RAM\n"
			       "  01000000-01ffffff : Kernel code\n"
			       "  20000000-2fffffff : Crash kernel\n"
			       "fed90000-fed90fff : dmar0\n"
			       "100000000-17fffffff : System RAM\n");
	put_text("proc/cmdline", "root=/dev/nvme0n1p1 intel_iommu=on crashkernel=256M\n");
	put_text("proc/cpuinfo", "processor\t: 0\napicid\t\t: 0\n");
	put_text("sys/kernel/kexec_crash_loaded", "1\n");
	put_text("sys/kernel/kexec_crash_size", "268435456\n");
	put_text("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	put_text("etc/default/kdump-tools",
		"# kdump-tools\nUSE_KDUMP=1\nKDUMP_KERNEL=/boot/capture # the wrapped one\n"
		"KDUMP_CMDLINE_APPEND=\"reset_devices nr_cpus=1\"\n");
}

void recorded_machine(void)
{
	put_functions();
	put_intel();
	put_core();
	put_tables();
	put_kernel();
	put_image(QT_VERSION);
	put_loaded(QT_VERSION);
}
