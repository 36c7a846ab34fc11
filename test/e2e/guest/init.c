// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#define DISK_WAIT_SECONDS   120
#define RUNNER_WAIT_SECONDS 120
/* As many pages as an NVMe driver's request has segments: where no two of them are
 * neighbours, one more would make two requests of it, and more than there is room for. */
#define DEEP_KIB (127 * 4)

static void say_crash_region(void)
{
	FILE *iomem = fopen("/proc/iomem", "r");
	char line[128];

	while (iomem && fgets(line, sizeof(line), iomem)) {
		if (strstr(line, "Crash kernel"))
			say("crash_region=%s", line + strspn(line, " "));
	}
	if (iomem)
		fclose(iomem);
}

static void load_capture_kernel(void)
{
	char command_line[2048];
	char *argv[] = {"/bin/kexec", "-p", (char *)(uintptr_t)config("kexec", "-s"),
		"/boot/capture", "--initrd=/boot/initrd", command_line, NULL, NULL};
	int status;

	/* The purgatory's: with caches off and emulated it would take minutes. */
	if (!config_number("kexec_checks", 1))
		argv[6] = "--no-checks";

	if (config_number("kexec_text", 0))
		symbols_add_text();
	snprintf(command_line, sizeof(command_line), "--append=%s", config("capture_cmdline", ""));
	status = run(argv);
	say("kexec=%d", status);
}

/* Before traffic, so that what comes into the machine has its share of it. */
static void rearrange(void)
{
	if (config("vfs", NULL))
		pci_virtual_functions(config("vfs", ""));
	if (config("hotplug", NULL))
		pci_hotplug(config("hotplug", ""));
}

/* What the stage will do, foretold; and what monitoring is told. */
static void audit(void)
{
	char *foretell[] = {"/bin/quietus", "audit", "--json", NULL};
	char *tell[] = {"/bin/quietus", "status", NULL};
	int status = run_into("/tmp/audit", foretell);

	say("audit_exit=%d", status);
	say_file_hex("audit", "/tmp/audit");
	say("status_exit=%d", run(tell));
}

static void make_traffic(const char *disk)
{
	unsigned int interfaces = (unsigned int)net_up();
	unsigned int deep = (unsigned int)config_number("churn_deep", 0);

	say("interfaces=%u", interfaces);
	if (deep)
		churn_disk_deep(disk, deep, DEEP_KIB);
	churn_disk(disk, (unsigned int)config_number("churn_disk", 0));
	if (interfaces && config_number("churn_net", 0))
		churn_net(interfaces, (unsigned int)config_number("churn_net", 0));
	if (config("vfio_device", NULL))
		vfio_prepare(config("vfio_device", ""), config("vfio_maps", ""),
			config_number("vfio_msix", 0));
	if (config("asleep", NULL))
		pci_put_to_sleep(config("asleep", ""));
	if (config_number("background_disk", 0))
		disks_in_background();
}

static void log_token(void)
{
	char line[128];

	snprintf(line, sizeof(line), "quietus-e2e crash token %s\n", config("token", "none"));
	write_file("/dev/kmsg", line);
}

static void crash(const char *disk)
{
	if (config("yank", NULL))
		pci_yank(config("yank", ""));
	die(config("death", "sysrq"), disk);
}

static void system_kernel(void)
{
	const char *disk;
	unsigned int deep = (unsigned int)config_number("background_deep", 0);

	say("system=started");
	if (config_number("trace", 0))
		trace_start();
	load_modules(config("modules", ""));
	disk = disk_find(DISK_WAIT_SECONDS);
	plant_patterns(config_number("seed", 1), (unsigned int)config_number("patterns", 16));
	say_crash_region();
	rearrange();
	make_traffic(disk);
	if (config_number("survey", 0))
		pci_say_drivers();
	load_capture_kernel();
	if (*config("audit", ""))
		audit();
	say_symbols(config("symbols", ""));
	log_token();
	say("system=loaded");
	wait_for_runner(RUNNER_WAIT_SECONDS);
	if (config_number("trace", 0))
		trace_send();
	if (deep) /* not before: stopping the machine to look at it completes what is in flight */
		disk_deep_in_background(disk, deep, DEEP_KIB);
	crash(disk);
	say("error=still alive after the crash");
}

static void say_memory(void)
{
	FILE *meminfo = fopen("/proc/meminfo", "r");
	char line[128];
	unsigned long kib;

	while (meminfo && fgets(line, sizeof(line), meminfo)) {
		if (sscanf(line, "MemAvailable: %lu", &kib) == 1)
			say("mem_available_kib=%lu", kib);
		if (sscanf(line, "MemTotal: %lu", &kib) == 1)
			say("mem_total_kib=%lu", kib);
	}
	if (meminfo)
		fclose(meminfo);
}

/* Every setup_data node goes to the runner; it knows which one is the report. */
static void say_setup_data(void)
{
	const char *folder = "/sys/kernel/boot_params/setup_data";
	DIR *nodes = opendir(folder);
	struct dirent *node;
	char path[320], type[32], key[64];

	while (nodes && (node = readdir(nodes))) {
		snprintf(path, sizeof(path), "%s/%s/type", folder, node->d_name);
		if (node->d_name[0] == '.' || !read_text(path, type, sizeof(type)))
			continue;
		snprintf(path, sizeof(path), "%s/%s/data", folder, node->d_name);
		snprintf(key, sizeof(key), "setup_data_%.31s", type);
		say_file_hex(key, path);
	}
	if (nodes)
		closedir(nodes);
}

/* What the capture kernel can use of what the dead one had. */
static void survey(void)
{
	pci_say_drivers();
	disks_read();
	if (config_number("capture_net", 0))
		say("receiving_interfaces=%u", net_receiving());
}

/* The report is in the device tree; with ACPI there is only the one that the kernel came with. */
static void say_device_tree(void)
{
	const char *report = "/proc/device-tree/chosen/quietus,report";

	if (!access(report, F_OK))
		say_file_hex("device_tree", report);
	else
		say_file_hex("device_tree", "/sys/firmware/fdt");
}

static void capture_kernel(void)
{
	const char *disk;

	say("capture=started");
	load_modules(config("modules", ""));
	if (config_number("capture_net", 0))
		say("capture_interfaces=%d", net_up());
	disk = disk_find(DISK_WAIT_SECONDS);
	say_memory();
	save_dump(disk);
	if (config_number("survey", 0))
		survey();
	say_setup_data();
	say_device_tree();
	if (config_number("tool", 0))
		run_tool();
	say("capture=finished");
	wait_for_runner(RUNNER_WAIT_SECONDS);
}

int main(void)
{
	mount_all();
	open_console();
	link_open();
	config_load("/config");
	if (!access("/proc/vmcore", F_OK))
		capture_kernel();
	else
		system_kernel();
	reboot(RB_POWER_OFF);
	return 1;
}
