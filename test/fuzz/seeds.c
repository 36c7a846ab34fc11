/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Writes the inputs that fuzzing starts from into a folder, one sub-folder per
 * target: what the model machine's firmware, devices and takeovers make, the
 * synthetic kernel images of test/tool, and memory maps as kexec-tools leave them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <machine/reset.h>
#include <machine/scenario.h>
#include <quietus/bytes.h>
#include <quietus/report.h>
#include <quietus/stage_header.h>
#include <tool/synthetic.h>
#include <x86_64/boot_params.h>

#define SPARSE_SIZE QT_KIB(64)

/* The seed being written. */
static const char *folder;
static uint8_t seed[16384];
static size_t used;

static void put(uint64_t value, unsigned width)
{
	for (unsigned i = 0; i < width; i++) {
		if (used == sizeof(seed))
			abort();
		seed[used++] = (uint8_t)(value >> 8 * i);
	}
}

/* As fuzz_patch() reads them: what is not zero in [from, to). Short gaps are not worth a patch. */
static void put_patches(const uint8_t *memory, size_t from, size_t to, unsigned width)
{
	while (from < to) {
		size_t end = from + 1, last = from;

		if (!memory[from]) {
			from++;
			continue;
		}
		for (; end < to && end - from < 256 && end - last < 6; end++)
			if (memory[end])
				last = end;
		put(from, width);
		put(last - from, 1);
		for (; from <= last; from++)
			put(memory[from], 1);
	}
}

static void save(const char *target, const char *name)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, target);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
	file = fopen(path, "w");
	if (!file || fwrite(seed, 1, used, file) != used || fclose(file)) {
		perror(path);
		exit(1);
	}
	used = 0;
}

/* The model machine */

static const struct qt_range ram[] = {{0, 0xa0000}, {QT_MIB(1), QT_MIB(256)}};
static const struct qt_range crash[] = {{QT_MIB(64), QT_MIB(68)}};

static struct model *machine_with(const struct model_unit_config *unit)
{
	struct model *m = model_new(&(struct model_config){.ram = ram,
		.ram_count = QT_ARRAY_SIZE(ram),
		.crash = crash,
		.crash_count = 1,
		.units = unit,
		.unit_count = 1});
	struct model_function *nvme =
		model_add_function(m, QT_RID(0, 0, 0x08), 0x144d, 0xa808, 0x010802);
	struct model_function *port = model_add_function(m, QT_RID(0, 0, 0xa0), 0x8086, 0x3420, 0);
	struct model_function *nic =
		model_add_function(m, QT_RID(0, 1, 0), 0x8086, 0x1521, 0x020000);

	model_make_bridge(port, 1, 1, QT_PCIE_ROOT_PORT);
	model_add_pcie(nvme, QT_PCIE_ENDPOINT);
	model_add_msix(nvme, 0x90, true);
	model_add_reset(nvme, MODEL_PM | MODEL_AF);
	model_add_intx(nvme);
	model_add_pcie(nic, QT_PCIE_ENDPOINT);
	model_add_msi(nic, 0x90, true);
	model_add_ats(nic);
	model_add_reset(nic, MODEL_FLR);
	model_add_virtual(m, nic, QT_RID(0, 1, 0x10));
	model_claim(m, 0, QT_RID(0, 0, 0xa0), true);
	model_claim(m, 0, QT_RID(0, 0, 0x08), false);
	model_add_source(m, 0, QT_RID(0, 0, 0xf8), 1);
	model_alias(m, 0, QT_RID(0, 1, 0), QT_RID(0, 0, 0xa0));
	model_reserve(m, QT_RID(0, 0, 0x08), QT_MIB(200), QT_MIB(201));
	return m;
}

static void save_acpi(const char *name, const struct model_unit_config *unit)
{
	struct model *m = machine_with(unit);
	static uint8_t bios[QT_KIB(64)];

	model_build_acpi(m);
	model_memory_read(&m->memory, 0xe0000, bios, m->firmware.end > 0xf0000 ? sizeof(bios) : 0);
	/* Untouched memory is garbage in the model: only the tables count. */
	put(1, 1);
	put_patches(bios, 0, 36, 2);
	for (size_t at = 64; bios[at] >= 'A' && bios[at] <= 'Z';) {
		size_t len = qt_le32(bios + at + 4);

		put_patches(bios, at, at + len, 2);
		at = (at + len + 15) & ~(size_t)15;
	}
	save("acpi", name);
	model_free(m);
}

/* A PL011 in SPCR, which is all there is. */
static void save_console(void)
{
	static uint8_t bios[256];
	const uint64_t start = 0xe0000, xsdt = 64, spcr = 128;

	memcpy(bios, "RSD PTR ", 8);
	bios[15] = 2;
	boot_set32(bios, 20, 36);
	boot_set64(bios, 24, start + xsdt);
	memcpy(bios + xsdt, "XSDT", 4);
	boot_set32(bios + xsdt, 4, 44);
	boot_set64(bios + xsdt, 36, start + spcr);
	memcpy(bios + spcr, "SPCR", 4);
	boot_set32(bios + spcr, 4, 80);
	bios[spcr + 8] = 2;
	bios[spcr + 36] = 3;
	boot_set64(bios + spcr, 44, 0x9000000);
	put(1, 1);
	put_patches(bios, 0, sizeof(bios), 2);
	save("acpi", "console");
}

static void save_pci(const struct model_unit_config *unit)
{
	struct model *m = machine_with(unit);
	static uint8_t config[16][4096];

	put(m->function_count - 1, 1);
	for (size_t i = 0; i < m->function_count; i++) {
		put(m->functions[i]->rid, 2);
		memcpy(config[i], m->functions[i]->config, 4096);
	}
	put_patches(config[0], 0, m->function_count * 4096, 2);
	save("pci", "endpoints");
	model_free(m);
}

static void save_report(const struct model_unit_config *unit)
{
	static const char text[] = "quietus: 1 unit\n";
	struct qt_report_header header = {.exception = 0xff,
		.blocker = -1,
		.stage_us = 3999,
		.outcome = QT_OUTCOME_COMMITTED,
		.crash_start = QT_MIB(64),
		.crash_end = QT_MIB(68)};
	struct model *m = machine_with(unit);
	struct model_domain *domain;
	struct scenario s;

	model_start_unit(m, 0);
	domain = model_domain_new(m, 0, 4, 1);
	model_map(m, domain, 0xffe00000, QT_MIB(100), 0x4000, QT_RW, 0);
	model_attach(m, domain, QT_RID(0, 0, 0x08), 0);
	scenario_run(&s, m);
	header.words_changed = (uint32_t)s.journal.done;
	used = qt_report_write(
		seed, sizeof(seed), &header, &s.machine, &s.journal, text, sizeof(text) - 1);
	save("report", "committed");
	scenario_free(&s);
}

/* Memory maps */

static void save_boot_params(void)
{
	static uint8_t bytes[SPARSE_SIZE];
	static const uint8_t acpi_20[] = {0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11, 0xbc,
		0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81};
	uint8_t *params = bytes + 4096;

	for (unsigned i = 0; i < 4; i++) {
		static const uint64_t entries[4][3] = {{0x1000, 0x9e000, E820_RAM},
			{QT_MIB(512), QT_MIB(16), E820_RAM}, {QT_MIB(600), 0x1000, E820_ACPI},
			{QT_MIB(700), 0x1000, E820_RESERVED}};
		uint8_t *entry = params + BP_E820_TABLE + i * E820_ENTRY_SIZE;

		boot_set64(entry, 0, entries[i][0]);
		boot_set64(entry, 8, entries[i][1]);
		boot_set32(entry, 16, (uint32_t)entries[i][2]);
	}
	params[BP_E820_ENTRIES] = 4;
	boot_set32(params, BP_CMDLINE_SIZE, 2047);
	boot_set32(params, BP_EFI_SIGNATURE, BP_EFI_SIGNATURE_64);
	boot_set32(params, BP_EFI_SYSTAB, 0x6000);
	boot_set64(params, BP_SETUP_DATA, 0x5000);
	/* setup_data: more of the map, and EFI's tables. */
	boot_set64(bytes, 0x5000, 0x5100);
	boot_set32(bytes, 0x5008, SETUP_E820_EXT);
	boot_set32(bytes, 0x500c, E820_ENTRY_SIZE);
	boot_set64(bytes, 0x5010, QT_GIB(4));
	boot_set64(bytes, 0x5018, QT_MIB(16));
	boot_set32(bytes, 0x5020, E820_RAM);
	boot_set32(bytes, 0x5108, SETUP_EFI);
	boot_set32(bytes, 0x510c, 64);
	boot_set64(bytes, 0x5110 + 16, 0x7000);
	memcpy(bytes + 0x6000, "IBI SYST", 8);
	boot_set64(bytes, 0x6000 + 104, 1);
	boot_set64(bytes, 0x6000 + 112, 0x7000);
	memcpy(bytes + 0x7000, acpi_20, sizeof(acpi_20));
	boot_set64(bytes, 0x7010, 0x8000);
	memcpy(bytes + 0x8000, "RSD PTR ", 8);
	/* Saved setup sectors. */
	boot_set32(bytes, 0x4000 + BP_HEADER_MAGIC, BP_HEADER_MAGIC_VALUE);
	boot_set32(bytes, 0x4000 + BP_VERSION, 0x20f);
	boot_set32(bytes, 0x4000 + BP_KERNEL_VERSION, 0x100);
	memcpy(bytes + 0x4300, "6.12.0", 6);
	put(QT_MIB(514) >> 12, 4); /* what is to be reserved */
	put(511, 2);
	put(1, 1);
	put_patches(bytes, 0, sizeof(bytes), 2);
	seed[0] |= 0xc0; /* setup sectors' size too */
	save("boot_params", "kexec");
}

static void save_elfcore(void)
{
	static uint8_t bytes[SPARSE_SIZE];

	memcpy(bytes, "\177ELF\2\1\1", 7);
	bytes[16] = 4; /* ET_CORE */
	bytes[32] = 64;
	bytes[54] = 56;
	bytes[56] = 3;
	for (unsigned i = 0; i < 3; i++) {
		uint8_t *segment = bytes + 64 + i * 56;

		boot_set32(segment, 0, i ? 1 : 4); /* PT_NOTE, PT_LOAD */
		boot_set64(segment, 24, QT_MIB(1) * i);
		boot_set64(segment, 40, 0x80000);
	}
	put(4096, 2);
	put_patches(bytes, 0, sizeof(bytes), 2);
	save("elfcore", "kexec");
}

/* Kernel images */

/* The headers: the rest is there, but zero. */
static void put_headers(const struct synthetic *s)
{
	const uint8_t *data = s->image.data;

	put_patches(data, SETUP_SECTS, 0x26c, 3);
	if (!s->pe)
		return;
	put_patches(data, 0, 0x40, 3);
	put_patches(data, s->pe, s->sections + 40 * s->section_count, 3);
	put_patches(data, s->compat, s->compat + 16, 3);
}

static void save_image(const char *name, enum pe_layout layout)
{
	struct synthetic s = synthetic_image(layout);

	put(s.image.size - 1, 3);
	put_headers(&s);
	save("image", name);
	free(s.image.data);
}

static void save_arm64_image(void)
{
	struct bytes image = synthetic_arm64_image(0);

	/* A PE header as kernels have it, signed. */
	set_le32(image.data + 0x3c, 0x40);
	memcpy(image.data + 0x40, "PE\0\0", 4);
	set_le16(image.data + 0x40 + 20, 160);
	set_le16(image.data + 0x40 + 24, 0x20b);
	set_le32(image.data + 0x40 + 24 + 108, 6);
	set_le32(image.data + 0x40 + 24 + 112 + 8 * 4, 0x1000);
	put(image.size - 1, 3);
	put_patches(image.data, 0, 0x100, 3);
	save("image", "arm64");
	free(image.data);
}

/* A stage of two pages, the saved setup sectors behind it, and the original. */
static void save_wrapped(void)
{
	struct synthetic s = synthetic_image_with_setup_sects(1);
	struct qt_stage_header header = {.magic = QT_STAGE_MAGIC,
		.header_version = QT_STAGE_HEADER_VERSION,
		.header_size = sizeof(header),
		.version = "0.1.0",
		.image_size = 0x1000,
		.bss_end = 0x1000,
		.memory_size = 0x3000,
		.prefix_size = 0x3000,
		.setup_offset = 0x1000,
		.setup_size = s.setup_size,
		.arena_offset = 0x2000,
		.original_size = s.image.size};
	static uint8_t image[QT_KIB(64)];

	memcpy(image + SETUP_SECTS, s.image.data + SETUP_SECTS, 0x26c - SETUP_SECTS);
	memcpy(image + s.setup_size + 0x1000 + SETUP_SECTS, s.image.data + SETUP_SECTS,
		0x26c - SETUP_SECTS);
	set_le32(image + SYSSIZE, (s.protected_size + 0x3000) / 16);
	memcpy(image + s.setup_size + QT_STAGE_HEADER_OFFSET, &header, sizeof(header));
	put(s.image.size + 0x3000 - 1, 3);
	put_patches(image, 0, s.image.size + 0x3000, 3);
	save("image", "wrapped");
	free(s.image.data);
}

/* Changes */

static void save_journal(void)
{
	put(63, 1);
	for (unsigned i = 0; i < 8; i++) {
		put(i ? 3 : 4, 1);
		if (i == 0) {
			put(0x1000, 3);
			put(0x8000003, 8);
			put(0, 2);
		}
	}
	put(0x85, 1); /* back to 5 stores */
	put(7, 1);    /* the next word, with another old value */
	put(0x77, 2);
	save("journal", "runs");
}

static void put_change(unsigned kind, unsigned place, uint64_t value)
{
	put(kind, 1);
	put(place, 2);
	put(value, 8);
}

/* Nothing changed, in every variety; a table that leads to itself; a device that is no more. */
static void save_takeovers(const char *target)
{
	char name[32];

	for (unsigned variety = 0; variety < 256; variety += 37) {
		put(variety, 1);
		snprintf(name, sizeof(name), "sound-%u", variety);
		save(target, name);
	}
	for (unsigned page = 4; page < 16; page += 5) {
		put(1, 1);
		put_change(2, page * 512, (uint64_t)page << 12 | 3);
		put_change(1, page * 512 + 1, 3);
		snprintf(name, sizeof(name), "loop-%u", page);
		save(target, name);
	}
	put(1, 1);
	put_change(3, 0, UINT64_MAX);
	save(target, "gone");
}

int main(int argc, char **argv)
{
	struct model_unit_config vtd = model_unit_default(0xfed90000);
	struct model_unit_config amd = model_amdvi_default(0xfed80000);
	struct model_unit_config smmu = model_smmu_default(0xfed80000);
	static const char *const machines[] = {"vtd_legacy", "vtd_second_stage", "vtd_first_stage",
		"amdvi_v1", "amdvi_v2", "smmuv3_stage1", "smmuv3_stage2"};

	if (argc != 2)
		return 2;
	folder = argv[1];
	save_acpi("vtd", &vtd);
	save_acpi("amd", &amd);
	save_acpi("smmuv3", &smmu);
	save_console();
	save_pci(&vtd);
	save_report(&vtd);
	save_boot_params();
	save_elfcore();
	save_image("no-pe", NO_PE);
	save_image("pe-byte-aligned", PE_BYTE_ALIGNED);
	save_image("pe-page-aligned", PE_PAGE_ALIGNED);
	save_arm64_image();
	save_wrapped();
	save_journal();
	for (size_t i = 0; i < QT_ARRAY_SIZE(machines); i++)
		save_takeovers(machines[i]);
	return 0;
}
