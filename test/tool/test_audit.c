/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus audit` on a recorded machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <quietus/types.h>

#include "recorded.h"
#include "tests.h"

/* Leaf entries of second-stage tables: read and write. */
#define LEAF(page) ((page) | 3)

static struct outcome audit(void)
{
	return quietus("audit", "--json", "--sysroot", ROOT, NULL);
}

/* Asserts the exit code, and that jq finds the expression true. */
static void assert_audit(int code, const char *expression)
{
	struct outcome outcome = audit();

	if (outcome.code != code || *outcome.errors)
		fail_msg("exit code %d, not %d: '%s'\n%s", outcome.code, code, outcome.errors,
			outcome.output);
	assert_json(outcome.output, expression);
}

/* Asserts that this is the only finding, and that its text has these words. */
static void assert_finding(const char *id, const char *words)
{
	char expression[400];

	snprintf(expression, sizeof(expression),
		"[.findings[].id] == [\"%s\"] and .verdict == \"findings\" and "
		"(.findings[0].text | contains(\"%s\"))",
		id, words);
	assert_audit(1, expression);
}

static void assert_sound(void)
{
	assert_audit(0, ".findings == [] and .verdict == \"sound\"");
}

/* Decisions */

static void a_sound_machine_has_no_findings(void **state)
{
	(void)state;
	recorded_machine();
	put_registers();
	assert_audit(0,
		".format == 1 and .verdict == \"sound\" and .commit and .tables_read and "
		".reason == null and .blocker == null and .findings == [] and .unseen == [] and "
		".crash_size == 268435456 and .lockdown == \"none\" and "
		".crash_region == [{start: \"0x20000000\", end: \"0x30000000\"}] and "
		".loaded == \"wrapped\" and .loaded_stage == \"" QT_VERSION "\" and "
		".image.path == \"/boot/capture\" and .image.wrapped and "
		"(.image.signed | not) and "
		".units == [{kind: \"vt-d\", segment: 0, registers: \"0xfed90000\", "
		"state: \"translating\", reason: null, reason_code: 0}] and "
		"([.requesters[] | select(.decision == \"adopt\")] | length) == 5 and "
		"(.requesters[] | select(.rid == \"" DISK "\")) == {rid: \"" DISK "\", "
		"visible: true, name: \"Red Hat, Inc. QEMU NVM Express Controller\", "
		"vendor: \"0x1b36\", device: \"0x0010\", class: \"0x010802\", group: \"4\", "
		"domain_type: \"DMA-FQ\", driver: \"nvme\", reset_methods: [\"bus\"], "
		"unit: 0, state: \"translated\", decision: \"adopt\", "
		"reason: \"the crash region's IOVAs translate nothing\", reason_code: 5, "
		"assumed: false}");
}

static void live_tables_decide(void **state)
{
	(void)state;
	recorded_machine();
	put_registers();
	put_ram(SPARE_LEAVES + 16, LEAF(UINT64_C(0x5000000)));
	assert_audit(1, ".commit and ([.requesters[] | select(.decision == \"leave\") | "
			"[.rid, .reason_code]] == [[\"" SPARE "\", 8]]) and "
			"[.findings[].id] == [\"no-reset\"]");
	put_ram(SPARE_LEAVES + 16, LEAF(CRASH_START));
	assert_audit(1, ".commit and (.requesters[] | select(.rid == \"" SPARE "\") | "
			"[.decision, .reason_code]) == [\"fence\", 11] and "
			"[.findings[].id] == [\"no-reset\"]");
}

/* The crash region is not the dead kernel's RAM, and no table of its is to be there. */
static void tables_in_the_crash_region_are_unsound(void **state)
{
	(void)state;
	recorded_machine();
	put_registers();
	put_ram(SPARE_TOP + 8, CRASH_START | 3);
	assert_audit(1, "(.requesters[] | select(.rid == \"" SPARE "\") | .decision) == \"leave\"");
}

/* A mapping that sysfs cannot tell of: what is derived is marked as assumed. */
static void without_registers_it_is_derived(void **state)
{
	(void)state;
	recorded_machine();
	put_text("dev/mem", "");
	put_ram(SPARE_LEAVES + 16, LEAF(UINT64_C(0x5000000)));
	assert_audit(0,
		".commit and (.tables_read | not) and .verdict == \"sound\" and "
		"([.requesters[] | select(.assumed and .decision == \"adopt\")] | length) == 5 and "
		".units[0].state == \"translating\" and "
		"(.unseen | length) == 1 and (.unseen[0].why | contains(\"iomem=relaxed\"))");
}

static void without_kcore_it_is_derived(void **state)
{
	(void)state;
	recorded_machine();
	put_registers();
	take_away("proc/kcore");
	assert_audit(0, "(.tables_read | not) and .loaded == \"unseen\" and "
			"[.unseen[].why | startswith(\"/proc/kcore: No such file\")] == "
			"[true, true]");
}

static void domain_types_become_decisions(void **state)
{
	(void)state;
	recorded_machine();
	put_group(AHCI, "3", "identity");
	put_group(SPARE, "2", "blocked");
	take_away("sys/bus/pci/devices/" DISK "/iommu_group");
	assert_audit(0, "[.requesters[] | [.rid, .decision]] | contains(["
			"[\"" AHCI "\", \"direct\"], [\"" SPARE "\", \"admit\"], "
			"[\"" DISK "\", \"admit\"], [\"" PORT "\", \"adopt\"]])");
	/* Without pass-through in hardware, identity is a table. */
	put_text("sys/class/iommu/dmar0/intel-iommu/ecap", "f00f0a\n");
	assert_audit(0, "[.requesters[] | [.rid, .decision, .reason_code]] | "
			"contains([[\"" AHCI "\", \"direct\", 4]])");
}

static void amd_units_are_derived_too(void **state)
{
	(void)state;
	recorded_machine();
	put_amd();
	put_group(AHCI, "3", "identity");
	assert_audit(0, ".commit and [.units[] | [.kind, .state]] == [[\"amd-vi\", "
			"\"translating\"]] and ([.requesters[].decision] | unique) == "
			"[\"adopt\", \"direct\"]");
	/* Whoever crashes there needs interrupt remapping, which would end. */
	put_text("proc/cpuinfo", "apicid\t\t: 255\nprocessor\t: 1\napicid\t\t: 3\n");
	assert_finding("not-committed", "APIC ID needs interrupt remapping");
	put_text("proc/cpuinfo", "apicid\t\t: 254\n");
	assert_sound();
}

static void arm_units_are_derived_too(void **state)
{
	static void (*const describe[])(void) = {put_arm_acpi, put_arm_device_tree};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(describe); i++) {
		recorded_machine();
		describe[i]();
		put_group(AHCI, "3", "identity");
		assert_audit(0, ".commit and [.units[] | [.kind, .state, .registers]] == "
				"[[\"smmuv3\", \"translating\", \"0xfed90000\"]] and "
				"([.requesters[] | select(.unit == 0) | .decision] | unique) == "
				"[\"adopt\", \"direct\"] and (.requesters | length) == 5");
		remove_folder(ROOT);
	}
	recorded_machine();
	put_arm_device_tree();
	put_text("sys/firmware/fdt", "no device tree");
	assert_audit(2, ".commit == null and .units[0].kind == \"smmuv3\" and "
			"([.unseen[].why] | contains([\"/sys/firmware/fdt: no device tree\"]))");
}

static void live_tables_of_an_smmu_decide(void **state)
{
	static void (*const describe[])(void) = {put_arm_acpi, put_arm_device_tree};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(describe); i++) {
		recorded_machine();
		describe[i]();
		put_arm_tables();
		assert_audit(0, ".commit and .tables_read and .units[0].kind == \"smmuv3\" and "
				"([.requesters[] | .decision] | unique) == [\"adopt\"] and "
				"(.requesters | length) == 5");
		put_ram(ARM_LEAVES + 16, UINT64_C(0x5000443));
		assert_audit(1, ".commit and ([.requesters[] | select(.decision == \"leave\") | "
				"[.rid, .reason_code]] == [[\"" SPARE "\", 8]]) and "
				"[.findings[].id] == [\"no-reset\"]");
		remove_folder(ROOT);
	}
}

/* A kernel that is locked down finds the unit, whatever the stage would have it read. */
static void an_smmu_of_acpi_is_left_to_a_locked_kernel(void **state)
{
	(void)state;
	recorded_machine();
	put_arm_acpi();
	put_arm_tables();
	put_text("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	assert_audit(1, ".commit == false and (.reason | contains(\"locked down\"))");
	put_arm_device_tree();
	assert_audit(1, ".commit and [.findings[].id] == [\"image-unsigned\"]");
}

static void a_unit_that_is_off_is_in_nobodys_way(void **state)
{
	(void)state;
	recorded_machine();
	take_away("sys/class/iommu");
	assert_audit(0, ".commit and .units[0].state == \"off\" and "
			"([.requesters[].decision] | unique) == [\"direct\"]");
}

static void a_group_of_vfio_collides(void **state)
{
	(void)state;
	recorded_machine();
	put_driver(SPARE, "vfio-pci");
	put_group(HOST, "2", "DMA-FQ");
	assert_audit(1, ".commit and ([.requesters[] | select(.decision == \"leave\") | .rid] == "
			"[\"" HOST "\", \"" SPARE "\"]) and "
			"([.findings[] | select(.id == \"vfio-collision\") | .rid] == "
			"[\"" HOST "\", \"" SPARE "\"]) and "
			"(.findings[0].text | contains(\"probably collide\"))");
}

static void what_can_be_stopped_prevents_nothing(void **state)
{
	(void)state;
	recorded_machine();
	put_driver(DISK, "vfio-pci");
	assert_audit(1, ".commit and (.requesters[] | select(.rid == \"" DISK "\") | "
			"[.decision, .reset_methods]) == [\"stop\", [\"bus\"]] and "
			"[.findings[].id] == [\"vfio-collision\"]");
}

static void what_prevents_a_commit_is_named(void **state)
{
	(void)state;
	recorded_machine();
	put_driver(AHCI, "vfio-pci");
	assert_audit(1, "(.commit | not) and .reason_code == 54 and "
			".requesters[.blocker].rid == \"" AHCI "\" and "
			"[.findings[].id] == [\"not-committed\", \"vfio-collision\", "
			"\"no-reset\"] and "
			"(.findings[0].text | contains(\"" AHCI ", where IOVAs of the crash\"))");
}

static void a_unit_in_an_unknown_mode_is_told(void **state)
{
	(void)state;
	recorded_machine();
	put_registers();
	put_register(UNIT + 0x20, UINT64_C(0x02000000) | 3 << 10);
	assert_audit(1, "(.commit | not) and .units[0].reason_code == 34 and "
			"([.findings[].id] | contains([\"not-committed\", \"unit-unsupported\"]))");
}

static void damaged_firmware_is_told(void **state)
{
	(void)state;
	recorded_machine();
	put_text("sys/firmware/acpi/tables/DMAR", "DMAR and what is no table at all, far too long");
	assert_finding("not-committed", "description of IOMMUs is damaged");
}

static void a_machine_without_an_iommu_is_sound(void **state)
{
	(void)state;
	recorded_machine();
	take_away("sys/firmware/acpi/tables/DMAR");
	take_away("sys/class/iommu");
	put_text("sys/firmware/acpi/tables/APIC", "");
	assert_audit(0, "(.commit | not) and .reason_code == 50 and .findings == []");
}

/* Memory */

static void a_missing_reservation_is_told(void **state)
{
	(void)state;
	recorded_machine();
	put_text("sys/kernel/kexec_crash_size", "0\n");
	put_text("sys/kernel/kexec_crash_loaded", "0\n");
	put_text("proc/iomem", "00100000-7fffffff : System RAM\n");
	assert_finding("no-crashkernel", "no memory is reserved");
}

static void a_small_reservation_is_told(void **state)
{
	(void)state;
	recorded_machine();
	put_text("sys/kernel/kexec_crash_size", "268435455\n");
	assert_finding("crashkernel-small", "255 MiB are reserved for the capture kernel; 256");
	put_text("sys/kernel/kexec_crash_size", "268435456\n");
	put_text("proc/iomem", "00100000-1fffffffff : System RAM\n"
			       "  20000000-2fffffff : Crash kernel\n");
	assert_finding("crashkernel-small", "512 MiB are usual");
}

static void memory_that_32_bit_devices_cannot_reach_is_told(void **state)
{
	(void)state;
	recorded_machine();
	put_text("proc/iomem", "00100000-7fffffff : System RAM\n"
			       "100000000-17fffffff : System RAM\n"
			       "  150000000-15fffffff : Crash kernel\n");
	take_away("proc/kcore");
	assert_finding("no-low-memory", "below 4 GiB");
}

static void bounce_buffers_are_told(void **state)
{
	struct outcome outcome;

	(void)state;
	recorded_machine();
	assert_audit(0, ".bounce_buffers == 0");
	put_text("proc/iomem", "00100000-7fffffff : System RAM\n"
			       "  20000000-27ffffff : Crash kernel\n"
			       "100000000-17fffffff : System RAM\n"
			       "  150000000-15fffffff : Crash kernel\n");
	take_away("proc/kcore");
	assert_audit(0, ".bounce_buffers == 67108864 and .commit");
	outcome = quietus("audit", "--sysroot", ROOT, NULL);
	assert_says(outcome.output, " Bounce buffers up to 64 MiB");
}

static void memory_of_cma_is_told(void **state)
{
	(void)state;
	recorded_machine();
	put_text("proc/cmdline", "crashkernel=256M crashkernel=1G,cma quiet\n");
	assert_finding("crashkernel-cma", "have to be stopped first");
	put_group(AHCI, "3", "identity");
	put_group(DISK, "4", "identity");
	assert_finding("crashkernel-cma", "the DMA of 2 (" AHCI " first) is not translated");
	put_text("proc/cmdline", "crashkernel=256M quiet=,cma\n");
	assert_sound();
}

/* The capture kernel */

static void a_capture_kernel_without_a_stage_is_told(void **state)
{
	(void)state;
	recorded_machine();
	put_text("sys/kernel/kexec_crash_loaded", "0\n");
	assert_finding("not-loaded", "no capture kernel is loaded");
	put_text("sys/kernel/kexec_crash_loaded", "1\n");
	put_loaded(NULL);
	assert_finding("loaded-without-stage", "has no stage");
	put_loaded("0.0.9");
	assert_finding("loaded-other-stage", "has stage 0.0.9; this is " QT_VERSION);
}

/* Kernels that keep what is loaded out of their own reach. */
static void what_reads_as_zeros_is_not_seen(void **state)
{
	(void)state;
	recorded_machine();
	for (uint64_t at = STAGE_ADDRESS + 0x40; at < STAGE_ADDRESS + 0x98; at += 8)
		put_ram(at, 0);
	assert_audit(0, ".loaded == \"unseen\" and "
			"[.unseen[].why | select(contains(\"zeros\"))] != []");
}

static void an_image_without_this_stage_is_told(void **state)
{
	(void)state;
	recorded_machine();
	put_image(NULL);
	assert_finding("image-not-wrapped", "/boot/capture, the configured");
	put_image("0.0.9");
	assert_finding("image-other-stage", "has stage 0.0.9; this is " QT_VERSION);
}

/* A certificate table's place and size, as a signer leaves them. */
static void sign_image(void)
{
	struct bytes image = read_file(ROOT "/boot/capture");

	set_le32(image.data + le32(image.data + 0x3c) + 24 + 112 + 4 * 8, 0x1000);
	set_le32(image.data + le32(image.data + 0x3c) + 24 + 112 + 4 * 8 + 4, 0x100);
	write_file(ROOT "/boot/capture", image.data, image.size);
	free(image.data);
}

static void lockdown_needs_a_signature(void **state)
{
	struct outcome outcome;

	(void)state;
	recorded_machine();
	put_text("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	assert_finding("image-unsigned", "locked down (integrity)");
	sign_image();
	outcome = audit();
	assert_json(outcome.output, ".image.signed and .findings == []");
}

/* The hooks have then loaded the stock image, which is what is configured. */
static void a_copy_that_was_refused_is_told(void **state)
{
	(void)state;
	recorded_machine();
	put_text("etc/default/kdump-tools", "KDUMP_KERNEL=/boot/stock\n");
	put_text("boot/stock", "not there yet");
	put_text("run/quietus/refused", "/boot/capture\n");
	assert_finding("image-refused", "the system did not take /boot/capture");
	put_text("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	assert_finding("image-unsigned", "/boot/capture is not signed");
	sign_image();
	assert_finding("image-refused", "the system did not take /boot/capture");
}

static void a_command_line_that_undoes_it_is_told(void **state)
{
	(void)state;
	recorded_machine();
	put_text("proc/cmdline", "quiet intel_iommu=off crashkernel=256M\n");
	assert_finding("capture-turns-off", "intel_iommu=off");
	put_text("etc/default/kdump-tools", "KDUMP_KERNEL=/boot/capture\n"
					    "KDUMP_CMDLINE='root=/dev/sda iommu=pt'\n");
	assert_sound();
	put_text("etc/default/kdump-tools",
		"KDUMP_KERNEL=/boot/capture\nKDUMP_CMDLINE='quietus=observe'\n");
	assert_finding("stage-off", "quietus=observe");
}

static void other_distributions_configuration_is_read(void **state)
{
	(void)state;
	recorded_machine();
	take_away("etc/default/kdump-tools");
	put_text("etc/sysconfig/kdump", "KDUMP_BOOTDIR=\"/boot/quietus\"\nKDUMP_IMG_EXT=\"\"\n"
					"KDUMP_COMMANDLINE_APPEND=\"irqpoll quietus=off\"\n");
	put_text("proc/sys/kernel/osrelease", "6.12.0-1.fc42\n");
	put_link("boot/quietus/vmlinuz-6.12.0-1.fc42", "../capture");
	assert_audit(1, "[.findings[].id] == [\"stage-off\"] and "
			".image.path == \"/boot/quietus/vmlinuz-6.12.0-1.fc42\"");
	/* A kernel made for dumps goes before. */
	put_link("boot/quietus/vmlinuz-6.12.0-1.fc42-kdump", "../capture");
	assert_audit(1, ".image.path | endswith(\"-kdump\")");
}

static void what_only_a_shell_can_tell_is_not_guessed(void **state)
{
	(void)state;
	recorded_machine();
	put_text("etc/default/kdump-tools", "KDUMP_CMDLINE=\"$(cat /proc/cmdline) quietus=off\"\n"
					    "KDUMP_KERNEL=/boot/capture\n");
	assert_sound();
	take_away("etc/default/kdump-tools");
	take_away("proc/kcore");
	assert_audit(2, "[.unseen[] | select(.decisive) | .what] == "
			"[\"the configured capture kernel\"]");
}

static void a_short_watchdog_is_told(void **state)
{
	struct outcome outcome;

	(void)state;
	recorded_machine();
	put_text("sys/class/watchdog/watchdog0/state", "active\n");
	put_text("sys/class/watchdog/watchdog0/timeout", "10\n");
	put_text("sys/class/watchdog/watchdog0/identity", "iTCO_wdt\n");
	assert_finding("watchdog-short", "watchdog0 (iTCO_wdt) resets the machine after 10 s");
	/* One as long as the stage is too short as well, a longer one is not. */
	outcome = audit();
	assert_json(outcome.output, ".stage_limit_us == 38010000 and .reset_limit_us == 3000000");
	outcome = quietus("audit", "--sysroot", ROOT, NULL);
	assert_says(
		outcome.output, " Stage's limit 39 s, of which resets of devices may take 3 s\n");
	put_text("sys/class/watchdog/watchdog0/timeout", "39\n");
	assert_finding("watchdog-short", "the stage alone can take 39 s, 3 s of it for resets");
	put_text("sys/class/watchdog/watchdog0/timeout", "40\n");
	assert_sound();
	put_text("sys/class/watchdog/watchdog0/timeout", "10\n");
	put_text("sys/class/watchdog/watchdog0/state", "inactive\n");
	assert_sound();
	put_text("sys/class/watchdog/watchdog0/state", "active\n");
	put_text("sys/class/watchdog/watchdog0/identity", "Software Watchdog\n");
	assert_sound();
}

/* Who may not see everything */

static void without_root_it_says_what_it_could_not_see(void **state)
{
	(void)state;
	recorded_machine();
	take_away("sys/firmware");
	take_away("proc/kcore");
	put_text("proc/iomem", "00000000-00000000 : System RAM\n"
			       "  00000000-00000000 : Crash kernel\n");
	assert_audit(2, ".verdict == \"unknown\" and .commit == null and .reason == null and "
			"([.unseen[].what] | contains([\"where the crash region is\", "
			"\"the firmware's description of IOMMUs\"])) and "
			".units[0].kind == \"vt-d\" and .requesters[0].unit == null and "
			"([.requesters[].decision] | unique) == [\"adopt\"]");
}

static void a_system_without_pci_is_refused(void **state)
{
	struct outcome outcome;

	(void)state;
	put_text("proc/cmdline", "");
	outcome = audit();
	assert_int_equal(outcome.code, 2);
	assert_string_equal(
		outcome.errors, "quietus: audit: sys/bus/pci: No such file or directory\n");
}

static void hostile_files_do_no_harm(void **state)
{
	static const char *const files[] = {"proc/kcore", "proc/iomem", "proc/cmdline",
		"sys/firmware/acpi/tables/DMAR", "sys/kernel/kexec_crash_size",
		"sys/kernel/iommu_groups/2/type", "etc/default/kdump-tools", "boot/capture",
		"sys/class/iommu/dmar0/intel-iommu/ecap", "sys/bus/pci/devices/" DISK "/config"};
	static char garbage[70000];
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(garbage); i++) {
		seed = seed * 1664525 + 1013904223;
		garbage[i] = (char)(seed >> 24 ? seed >> 24 : 'A');
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct outcome outcome;

		recorded_machine();
		put_registers();
		put_text(files[i], garbage);
		outcome = audit();
		if (outcome.code < 0 || outcome.code > 2)
			fail_msg("%s: %d: %s", files[i], outcome.code, outcome.errors);
		assert_json(outcome.output, ".format == 1");
	}
}

/* Text */

static void text_has_a_tree_and_findings(void **state)
{
	struct outcome outcome;

	(void)state;
	recorded_machine();
	put_driver(SPARE, "vfio-pci");
	outcome = quietus("audit", "--sysroot", ROOT, NULL);
	assert_int_equal(outcome.code, 1);
	assert_says(outcome.output, "In a crash now: the live translations would be taken over (4 "
				    "adopt, 1 leave).\n");
	assert_says(outcome.output, " Crash region 256 MiB: 0x20000000 to 0x30000000\n");
	assert_says(outcome.output, " Loaded yes, with stage " QT_VERSION "\n");
	assert_says(outcome.output, " Image /boot/capture: stage " QT_VERSION "\n");
	assert_says(outcome.output,
		"0000:01:00.0 Red Hat, Inc. QEMU NVM Express Controller 4 DMA-FQ nvme bus "
		"adopt* the crash region's IOVAs translate nothing");
	assert_says(outcome.output, "vfio-pci - leave* IOVAs of the crash region are in use");
	assert_says(outcome.output, "\nFindings:\n 1. " SPARE " is driven from user space");
	assert_says(outcome.output, "\nNot seen:\n what the IOMMUs translate (/dev/mem:");
	assert_null(strchr(outcome.output, '\033'));
	/* Indented, as it is behind the root port; not so in plain output. */
	assert_null(strstr(outcome.output, "\n" DISK));
	outcome = quietus("audit", "--plain", "--sysroot", ROOT, NULL);
	assert_non_null(strstr(outcome.output, "\n" DISK " Red Hat"));
}

static struct outcome audit_on_terminal(const char *arguments)
{
	struct outcome outcome = quietus_on_terminal(arguments);

	assert_int_equal(outcome.code, 0);
	assert_non_null(strstr(outcome.output, "QEMU NVM Express"));
	return outcome;
}

static void colours_are_for_terminals(void **state)
{
	struct outcome outcome;

	(void)state;
	recorded_machine();
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	outcome = audit_on_terminal("audit --sysroot " ROOT);
	assert_non_null(strstr(outcome.output, "\033[32m"));
	outcome = audit_on_terminal("audit --plain --sysroot " ROOT);
	assert_null(strchr(outcome.output, '\033'));
	setenv("NO_COLOR", "1", 1);
	outcome = audit_on_terminal("audit --sysroot " ROOT);
	unsetenv("NO_COLOR");
	assert_null(strchr(outcome.output, '\033'));
}

static const struct CMUnitTest tests[] = {
	TEST(a_sound_machine_has_no_findings),
	TEST(live_tables_decide),
	TEST(tables_in_the_crash_region_are_unsound),
	TEST(without_registers_it_is_derived),
	TEST(without_kcore_it_is_derived),
	TEST(domain_types_become_decisions),
	TEST(amd_units_are_derived_too),
	TEST(arm_units_are_derived_too),
	TEST(live_tables_of_an_smmu_decide),
	TEST(an_smmu_of_acpi_is_left_to_a_locked_kernel),
	TEST(a_unit_that_is_off_is_in_nobodys_way),
	TEST(a_group_of_vfio_collides),
	TEST(what_can_be_stopped_prevents_nothing),
	TEST(what_prevents_a_commit_is_named),
	TEST(a_unit_in_an_unknown_mode_is_told),
	TEST(damaged_firmware_is_told),
	TEST(a_machine_without_an_iommu_is_sound),
	TEST(a_missing_reservation_is_told),
	TEST(a_small_reservation_is_told),
	TEST(memory_that_32_bit_devices_cannot_reach_is_told),
	TEST(bounce_buffers_are_told),
	TEST(memory_of_cma_is_told),
	TEST(a_capture_kernel_without_a_stage_is_told),
	TEST(what_reads_as_zeros_is_not_seen),
	TEST(an_image_without_this_stage_is_told),
	TEST(lockdown_needs_a_signature),
	TEST(a_copy_that_was_refused_is_told),
	TEST(a_command_line_that_undoes_it_is_told),
	TEST(other_distributions_configuration_is_read),
	TEST(what_only_a_shell_can_tell_is_not_guessed),
	TEST(a_short_watchdog_is_told),
	TEST(without_root_it_says_what_it_could_not_see),
	TEST(a_system_without_pci_is_refused),
	TEST(hostile_files_do_no_harm),
	TEST(text_has_a_tree_and_findings),
	TEST(colours_are_for_terminals),
};

const struct suite audit_suite = SUITE(tests);
