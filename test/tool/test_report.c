/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus report` on reports of a machine made up here, sound and damaged. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <quietus/device_tree.h>
#include <quietus/report.h>

#include "recorded.h"
#include "tests.h"

#define REPORT "report.bin"
#define NIC    2 /* in requesters[] */

static const char log_text[] =
	"0.1.0: 1 units, 4 requesters\nnot committed: no \"reason\" \\ here\n";

/* What the tests start from; each changes what it is about. */
struct sample {
	struct qt_unit_ops ops;
	struct qt_unit units[2];
	struct qt_pci_function functions[3];
	struct qt_reset resets[3];
	struct qt_requester requesters[4];
	struct qt_domain domains[3];
	struct qt_machine machine;
	uint64_t journal_buffer[64];
	struct qt_journal journal;
	struct qt_report_header header;
	uint64_t report[1024]; /* as written */
	size_t size;
};

static void fill_units(struct sample *s)
{
	s->ops.name = "vt-d";
	s->units[0] = (struct qt_unit){.ops = &s->ops,
		.registers = 0xfed90000,
		.state = QT_UNIT_TRANSLATING,
		.version = 0x10,
		.capability = 0xd2008c22260206};
	s->units[1] = (struct qt_unit){.ops = &s->ops,
		.registers = 0xfed91000,
		.segment = 1,
		.state = QT_UNIT_UNSUPPORTED,
		.reason = QT_WHY_ABORT_MODE};
}

static void fill_requesters(struct sample *s)
{
	s->functions[0] = (struct qt_pci_function){.rid = QT_RID(0, 0, 0xfa),
		.vendor = 0x8086,
		.device = 0x2922,
		.class_code = 0x010601,
		.quieted = QT_PCI_QUIET_INTX | QT_PCI_QUIET_MSI};
	s->functions[1] = (struct qt_pci_function){.rid = QT_RID(0, 0, 0xd0),
		.vendor = 0x8086,
		.device = 0x2934,
		.class_code = 0x0c0300,
		.quieted = QT_PCI_QUIET_MSIX | QT_PCI_QUIET_FAILED};
	s->functions[2] =
		(struct qt_pci_function){.vendor = 0x1b36, .device = 0xc, .class_code = 0x020000};
	s->resets[0] = (struct qt_reset){.methods = 1 << QT_RESET_FLR | 1 << QT_RESET_PM,
		.method = QT_RESET_PM,
		.result = QT_STOP_LOST,
		.us = 2001500};
	s->resets[1].obstacle = QT_OBSTACLE_DISPLAY;
	s->requesters[0] = (struct qt_requester){.rid = QT_RID(0, 0, 0xfa),
		.state = QT_REQ_TRANSLATED,
		.decision = QT_ADOPT,
		.reason = QT_WHY_FREE,
		.verified = true};
	s->requesters[1] = (struct qt_requester){.rid = QT_RID(0, 0, 0xd0),
		.state = QT_REQ_ABSENT,
		.decision = QT_ADMIT,
		.reason = QT_WHY_NO_ENTRY,
		.function = 1,
		.domain = 1};
	s->requesters[NIC] = (struct qt_requester){.rid = QT_RID(1, 0x81, 0x09),
		.unit = 1,
		.state = QT_REQ_TRANSLATED,
		.decision = QT_LEAVE,
		.reason = QT_WHY_IOVAS_TAKEN,
		.function = 2,
		.domain = 2};
	s->requesters[3] = (struct qt_requester){.rid = QT_RID(0, 5, 0),
		.unit = UINT8_MAX,
		.decision = QT_DIRECT,
		.reason = QT_WHY_NO_UNIT,
		.function = -1,
		.domain = -1};
}

static void fill_domains(struct sample *s)
{
	s->domains[0] = (struct qt_domain){.id = 7,
		.table = {.root = 0x2993000, .geometry = {.levels = 3}},
		.mapped = QT_MIB(272),
		.pieces = 5,
		.stores = 3};
	s->domains[1] = (struct qt_domain){
		.id = 8, .ours = true, .table = {.root = 0x3a000000, .geometry = {.levels = 4}}};
	s->domains[2] = (struct qt_domain){.unit = 1,
		.id = 9,
		.taken = true,
		.too_narrow = true,
		.taken_iova = 0x2e000000,
		.install_error = QT_E_BUSY,
		.table = {.root = 0x2a7c000, .geometry = {.levels = 3}}};
}

static void fill_machine(struct sample *s)
{
	fill_units(s);
	fill_requesters(s);
	fill_domains(s);
	s->machine = (struct qt_machine){.units = s->units,
		.unit_count = 2,
		.requesters = s->requesters,
		.requester_count = 4,
		.domains = s->domains,
		.domain_count = 3,
		.pci = {.functions = s->functions, .count = 3},
		.resets = s->resets};
}

static void fill_journal(struct sample *s)
{
	static const struct qt_store stores[] = {{0x2993000, 0, 0x3a001003, 0},
		{0x2993008, 0, 0x3a002003, 0}, {0x5000, 0x77, 0x3a003003, 0}};

	s->journal = (struct qt_journal){
		.buffer = (uint8_t *)s->journal_buffer, .size = sizeof(s->journal_buffer)};
	for (size_t i = 0; i < QT_ARRAY_SIZE(stores); i++)
		assert_int_equal(qt_journal_add(&s->journal, &stores[i]), 0);
}

/* Writes the report as it now is, to memory and to REPORT. */
static void write_report(struct sample *s)
{
	s->size = qt_report_write(s->report, sizeof(s->report), &s->header, &s->machine,
		&s->journal, log_text, sizeof(log_text) - 1);
	assert_true(s->size > 0);
	write_file(REPORT, (uint8_t *)s->report, s->size);
}

static struct sample *new_sample(void)
{
	struct sample *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	fill_machine(s);
	fill_journal(s);
	s->header = (struct qt_report_header){.stage_version = "0.1.0",
		.outcome = QT_OUTCOME_COMMITTED,
		.exception = 0xff,
		.phase = QT_PHASE_VERIFY,
		.blocker = -1,
		.nmis = 2,
		.stage_us = 413759,
		.memory_used = QT_KIB(1004),
		.memory_size = QT_MIB(2),
		.stage_start = UINT64_C(0x1fae00000),
		.clock_hz = UINT64_C(2312764363),
		.clock_source = QT_CLOCK_PM_TIMER,
		.words_changed = 3,
		.crash_start = 0x2e001000,
		.crash_end = 0x3e000000,
		.ram_bytes = QT_GIB(6)};
	write_report(s);
	return s;
}

static void assert_no_report(struct outcome outcome, const char *file, const char *reason)
{
	assert_int_equal(outcome.code, 2);
	outcome.code = 1;
	assert_refused(&outcome, file, reason);
}

/* Sound reports */

static void everything_is_said_in_text(void **state)
{
	static const char *const lines[] = {
		"Committed: the live translations were taken over and verified.\n",
		" Stage 0.1.0\n", " Got as far as verify\n",
		" Time 413.759 ms (TSC, measured against the ACPI PM timer)\n",
		" Memory 1004.0 KiB of 2.0 MiB, at 0x1fae00000\n", " Words changed 3\n",
		" NMIs 2\n", " Crash region 0x2e001000 to 0x3e000000\n", " RAM 6.0 GiB\n",
		"0 vt-d 0 0xfed90000 0xd2008c22260206 0x0 translating -\n",
		"1 vt-d 1 0xfed91000 0x0 0x0 unsupported the IOMMU is in abort mode",
		"0000:00:1f.2 8086:2922 010601 storage 0 0 translated adopt true the crash",
		"0000:00:1a.0 8086:2934 0c0300 USB 0 1 absent admit false it has no entry\n",
		"0001:81:01.1 1b36:000c 020000 network 1 2 translated leave false IOVAs of",
		"0000:05:00.0 - - - - direct direct false no IOMMU is in its way\n",
		"0 0 7 0x2993000 3 272.0 MiB 5 3 - -\n", "1 0 8 0x3a000000 4 0 bytes 0 0 - -\n",
		"2 1 9 0x2a7c000 3 0 bytes 0 0 IOVAs taken, too narrow, in use 0x2e000000\n",
		"\nFunctions:\n", "\n0000:00:1f.2 INTx, MSI - pm, lost, 2001.500 ms\n",
		"\n0000:00:1a.0 MSI-X not all could be turned off -\n",
		" not committed: no \"reason\" \\ here\n"};
	struct sample *s = new_sample();
	struct outcome outcome = quietus("report", "--from", REPORT, NULL);

	(void)state;
	assert_success(&outcome);
	for (size_t i = 0; i < QT_ARRAY_SIZE(lines); i++)
		assert_says(outcome.output, lines[i]);
	assert_null(strstr(outcome.output, "Exception"));
	assert_null(strstr(outcome.output, "Error"));
	free(s);
}

static void everything_is_in_json(void **state)
{
	static const char expression[] =
		".format == 2 and .outcome == \"committed\" and .reason == null and "
		".reason_code == 0 and .error == null and .blocker == null and "
		".stage_version == \"0.1.0\" and .phase == \"verify\" and .stage_us == 413759 and "
		".stage_start == \"0x1fae00000\" and .words_changed == 3 and .nmis == 2 and "
		".exception == null and .crash_end == \"0x3e000000\" and "
		"(.units | length) == 2 and .units[1].reason_code == 34 and "
		".units[0].capability == \"0xd2008c22260206\" and "
		"(.requesters | length) == 4 and .requesters[0].verified == true and "
		".requesters[2] == {rid: \"0001:81:01.1\", visible: true, vendor: \"0x1b36\", "
		"device: \"0x000c\", class: \"0x020000\", unit: 1, domain: 2, "
		"state: \"translated\", decision: \"leave\", verified: false, "
		"reason: \"IOVAs of the crash region are in use\", reason_code: 8} and "
		".requesters[3].unit == null and .requesters[3].domain == null and "
		"(.domains | length) == 3 and .domains[1].ours == true and "
		".domains[1].trouble_iova == null and .domains[2].taken == true and "
		".domains[2].guard_broken == false and .domains[2].error == \"in use\" and "
		".domains[2].trouble_iova == \"0x2e000000\" and .domains[0].mapped == 285212672 "
		"and "
		"(.functions | length) == 3 and "
		".functions[0] == {rid: \"0000:00:1f.2\", intx: true, msi: true, msix: false, "
		"failed: false, absent: false, methods: [\"flr\", \"pm\"], obstacle: null, "
		"stop_method: \"pm\", stop_result: \"lost\", stop_us: 2001500} and "
		".functions[1] == {rid: \"0000:00:1a.0\", intx: false, msi: false, msix: true, "
		"failed: true, absent: false, methods: [], obstacle: \"a display or "
		"serial port, which may be the console\", stop_method: null, stop_result: null, "
		"stop_us: 0} and "
		".text[1] == \"not committed: no \\\"reason\\\" \\\\ here\" and "
		".journal == [{at: \"0x2993000\", before: \"0x0\", after: \"0x3a001003\"}, "
		"{at: \"0x2993008\", before: \"0x0\", after: \"0x3a002003\"}, "
		"{at: \"0x5000\", before: \"0x77\", after: \"0x3a003003\"}]";
	struct sample *s = new_sample();
	struct outcome outcome = quietus("report", "--json", "--from", REPORT, NULL);

	(void)state;
	assert_success(&outcome);
	assert_json(outcome.output, expression);
	free(s);
}

static void the_outcome_sets_the_exit_code(void **state)
{
	static const struct {
		enum qt_outcome outcome;
		enum qt_reason reason;
		int code;
		const char *sentence;
	} cases[] = {
		{QT_OUTCOME_NONE, QT_WHY_NONE, 1, "The stage did not finish.\n"},
		{QT_OUTCOME_COMMITTED, QT_WHY_NONE, 0, "Committed: "},
		{QT_OUTCOME_STOCK, QT_WHY_NO_UNITS, 1,
			"Not committed, the capture kernel started as in stock kdump: the machine "
			"has no IOMMU.\n"},
		{QT_OUTCOME_UNDONE, QT_WHY_VERIFY_FAILED, 1,
			"Begun and undone, the capture kernel started as in stock kdump: the "
			"result did not verify.\n"},
		{QT_OUTCOME_OBSERVED, QT_WHY_ASKED_OBSERVE, 0,
			"Observed, nothing was changed: quietus=observe.\n"},
		{QT_OUTCOME_OFF, QT_WHY_ASKED_OFF, 0, "Off, nothing was changed: quietus=off.\n"},
	};
	struct sample *s = new_sample();

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct outcome text, json;
		char expression[64];

		s->header.outcome = (uint8_t)cases[i].outcome;
		s->header.reason = (uint8_t)cases[i].reason;
		write_report(s);
		text = quietus("report", "--from", REPORT, NULL);
		assert_int_equal(text.code, cases[i].code);
		assert_memory_equal(text.output, cases[i].sentence, strlen(cases[i].sentence));
		json = quietus("report", "--from", REPORT, "--json", NULL);
		assert_int_equal(json.code, cases[i].code);
		snprintf(expression, sizeof(expression), ".outcome == \"%s\"",
			qt_outcome_name(cases[i].outcome));
		assert_json(json.output, expression);
	}
	free(s);
}

static void the_function_that_prevents_a_commit_is_named(void **state)
{
	struct sample *s = new_sample();
	struct outcome outcome;

	(void)state;
	s->header.outcome = QT_OUTCOME_STOCK;
	s->header.reason = QT_WHY_FUNCTION_UNREACHED;
	s->header.blocker = NIC;
	write_report(s);
	outcome = quietus("report", "--from", REPORT, NULL);
	assert_says(outcome.output,
		"stock kdump: a storage, network or USB function would be lost, prevented by "
		"0001:81:01.1 (1b36:000c, network), where IOVAs of the crash region are in use.\n");

	s->header.outcome = QT_OUTCOME_OBSERVED;
	s->header.reason = QT_WHY_ASKED_OBSERVE;
	write_report(s);
	outcome = quietus("report", "--from", REPORT, NULL);
	assert_says(outcome.output,
		"quietus=observe; a commit would have been prevented by 0001:81:01.1 (");
	free(s);
}

static void failures_of_the_stage_are_told(void **state)
{
	struct sample *s = new_sample();
	struct outcome outcome;

	(void)state;
	s->header.outcome = QT_OUTCOME_UNDONE;
	s->header.reason = QT_WHY_EXCEPTION;
	s->header.exception = 14;
	s->header.exception_ip = 0x1234;
	s->header.error = QT_E_TIMEOUT;
	write_report(s);
	outcome = quietus("report", "--from", REPORT, NULL);
	assert_says(outcome.output, " Exception 14 (page fault), at the stage's start + 0x1234\n");
	assert_says(outcome.output, " Error timed out\n");
	outcome = quietus("report", "--from", REPORT, "--json", NULL);
	assert_json(outcome.output,
		".exception == 14 and .exception_ip == \"0x1234\" and .error == \"timed out\"");
	free(s);
}

/* Of an undone takeover the journal is there, but no word of it is changed any more. */
static void the_journal_lists_words_that_are_changed(void **state)
{
	static const char words[] = "\nWords changed:\nADDRESS BEFORE AFTER \n"
				    "0x0000000002993000 0x0000000000000000 0x000000003a001003\n"
				    "0x0000000002993008 0x0000000000000000 0x000000003a002003\n";
	static const char last[] = "0x0000000000005000 0x0000000000000077 0x000000003a003003\n";
	struct sample *s = new_sample();
	struct outcome outcome = quietus("report", "--from", REPORT, "--journal", NULL);

	(void)state;
	assert_success(&outcome);
	assert_says(outcome.output, words);
	assert_says(outcome.output, last);

	s->header.words_changed = 2;
	write_report(s);
	outcome = quietus("report", "--from", REPORT, "--journal", NULL);
	assert_says(outcome.output, words);
	assert_null(strstr(outcome.output, last));

	s->header.words_changed = 0;
	write_report(s);
	outcome = quietus("report", "--from", REPORT, "--journal", NULL);
	assert_says(outcome.output, "\nNo words were changed.\n");
	free(s);
}

static void a_report_without_a_machine_is_enough(void **state)
{
	struct sample *s = new_sample();
	struct outcome outcome;

	(void)state;
	s->size = qt_report_write(s->report, sizeof(s->report), &s->header, NULL, NULL, NULL, 0);
	write_file(REPORT, (uint8_t *)s->report, s->size);
	outcome = quietus("report", "--from", REPORT, NULL);
	assert_success(&outcome);
	assert_null(strstr(outcome.output, "Requesters"));
	outcome = quietus("report", "--from", REPORT, "--json", NULL);
	assert_success(&outcome);
	assert_json(outcome.output, ".units == [] and .requesters == [] and .domains == [] and "
				    ".text == [] and .journal == []");
	free(s);
}

/* Where it is found */

static void write_node(unsigned number, const char *type, const void *data, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "nodes/%u", number);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "nodes/%u/type", number);
	write_file(path, (const uint8_t *)type, strlen(type));
	snprintf(path, sizeof(path), "nodes/%u/data", number);
	write_file(path, data, size);
}

static void a_report_is_found_among_nodes(void **state)
{
	static const char *const types[] = {"0x53545551\n", "1398035793\n"};
	struct sample *s = new_sample();

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(types); i++) {
		struct outcome outcome;

		assert_int_equal(mkdir("nodes", 0755), 0);
		write_node(0, "0x9\n", "seed", 4);
		write_node(1, "", "none", 4);
		write_node(2, types[i], s->report, s->size);
		outcome = quietus("report", "--from", "nodes", NULL);
		assert_success(&outcome);
		assert_says(outcome.output, "Committed");
		remove_folder("nodes");
	}
	free(s);
}

static const char tree_with_report[] =
	"/dts-v1/; / { chosen { quietus,report = /incbin/(\"" REPORT "\"); }; };";

/* As arm64's kernels publish it: as a property, or in the tree that ACPI made them pass over. */
static void a_report_is_found_where_device_trees_are(void **state)
{
	struct sample *s = new_sample();
	struct outcome outcome;

	(void)state;
	put_tree("sys/firmware/fdt", tree_with_report);
	outcome = quietus("report", "--sysroot", ROOT, NULL);
	assert_success(&outcome);
	assert_says(outcome.output, "Committed");
	put_tree("sys/firmware/fdt", "/dts-v1/; / { chosen { }; };");
	assert_no_report(quietus("report", "--sysroot", ROOT, NULL), ROOT "/sys/firmware/fdt",
		"not started through the stage");

	put_file("proc/device-tree/chosen/quietus,report", s->report, s->size);
	outcome = quietus("report", "--sysroot", ROOT, NULL);
	assert_success(&outcome);
	assert_says(outcome.output, "Committed");
	take_away("proc/device-tree/chosen/quietus,report");
	assert_no_report(quietus("report", "--sysroot", ROOT, NULL),
		ROOT "/proc/device-tree/chosen/quietus,report", "not started through the stage");
	free(s);
}

/* Cut anywhere, and without a property's end: refused. */
static void a_damaged_device_tree_is_refused(void **state)
{
	struct sample *s = new_sample();
	struct bytes tree;

	(void)state;
	put_tree("tree", tree_with_report);
	tree = read_file(ROOT "/tree");
	for (size_t size = QT_DT_HEADER_SIZE; size < tree.size; size += 101) {
		write_file("cut", tree.data, size);
		assert_no_report(quietus("report", "--from", "cut", NULL), "cut", "damaged");
	}
	free(tree.data);
	free(s);
}

static void no_report_exits_with_2(void **state)
{
	(void)state;
	assert_no_report(quietus("report", NULL), "/sys/kernel/boot_params/setup_data",
		"not started through the stage");
	assert_int_equal(mkdir("nodes", 0755), 0);
	assert_no_report(
		quietus("report", "--from", "nodes", NULL), "nodes", "not started through");
	write_node(0, "0x9\n", "seed", 4);
	assert_no_report(
		quietus("report", "--from", "nodes", NULL), "nodes", "not started through");
	assert_no_report(quietus("report", "--from", "none", NULL), "none", "No such file");
	assert_no_report(
		quietus("report", "--from", "/dev/null", NULL), "/dev/null", "not a report");
	assert_no_report(quietus("report", "--from", "/dev/zero", NULL), "/dev/zero", "2 MiB");
}

static void a_report_that_cannot_be_printed_exits_with_2(void **state)
{
	const struct handicap full = {.stdout_path = "/dev/full"};
	struct sample *s = new_sample();
	struct outcome outcome = handicapped_quietus(&full, "report", "--from", REPORT, NULL);

	(void)state;
	assert_int_equal(outcome.code, 2);
	assert_string_equal(outcome.errors, "quietus: standard output: No space left on device\n");
	free(s);
}

/* Damaged and hostile reports */

static void a_report_cut_short_is_refused(void **state)
{
	struct sample *s = new_sample();

	(void)state;
	for (size_t size = 0; size < s->size; size += size < 64 ? 9 : 61) {
		write_file(REPORT, (uint8_t *)s->report, size);
		assert_no_report(quietus("report", "--from", REPORT, NULL), REPORT,
			size < 8 ? "not a report" : "damaged or cut short");
	}
	write_file(REPORT, (uint8_t *)s->report, s->size - 1);
	assert_no_report(quietus("report", "--json", "--from", REPORT, NULL), REPORT, "cut short");
	free(s);
}

/* Changes bytes of the written report and expects it to be refused. */
static void assert_refused_with(
	const struct sample *s, size_t offset, const void *bytes, size_t count, const char *reason)
{
	uint8_t copy[sizeof(s->report)];

	memcpy(copy, s->report, s->size);
	memcpy(copy + offset, bytes, count);
	write_file(REPORT, copy, s->size);
	assert_no_report(quietus("report", "--json", "--from", REPORT, NULL), REPORT, reason);
}

#define REFUSED(member, value, reason)                                                             \
	assert_refused_with(                                                                       \
		s, offsetof(struct qt_report_header, member), &(uint32_t){value}, 4, reason)

static void damaged_report_headers_are_refused(void **state)
{
	struct sample *s = new_sample();

	(void)state;
	REFUSED(magic, 0, "not a report");
	REFUSED(version, 1, "another version than 2");
	REFUSED(size, (uint32_t)s->size + 1, "damaged");
	REFUSED(size, 8, "damaged");
	REFUSED(stage_version[28], 0x31313131, "damaged");
	REFUSED(units.offset, (uint32_t)s->size - 8, "damaged");
	REFUSED(units.offset, 0, "damaged");
	REFUSED(units.offset, ((const struct qt_report_header *)s->report)->units.offset + 4,
		"damaged");
	REFUSED(requesters.count, UINT32_MAX, "damaged");
	REFUSED(requesters.count, 5000, "damaged");
	REFUSED(domains.record_size, 8, "damaged");
	REFUSED(text.count, UINT32_MAX, "damaged");
	REFUSED(runs.count, 0x10000000, "damaged");
	REFUSED(olds.count, 0, "damaged");
	free(s);
}

#define REFUSED_RUN(member, value)                                                                 \
	assert_refused_with(s, header->runs.offset + offsetof(struct qt_journal_run, member),      \
		&(uint32_t){value}, 4, "damaged")

static void damaged_journals_are_refused(void **state)
{
	struct sample *s = new_sample();
	const struct qt_report_header *header = (const void *)s->report;

	(void)state;
	REFUSED_RUN(at, 4);
	REFUSED_RUN(count, 0);
	REFUSED_RUN(olds, 1000);
	REFUSED_RUN(old_step, 2);
	/* With one old value for all, nothing else bounds how long listing them would take. */
	REFUSED_RUN(count, UINT32_MAX);
	free(s);
}

static void assert_printable(const char *text)
{
	for (; *text; text++)
		if ((*text < ' ' && *text != '\n') || *text > '~')
			fail_msg("byte 0x%02x", (unsigned char)*text);
}

/* Strings of a hostile report do not reach the terminal as they are. */
static void strings_are_bounded_and_printable(void **state)
{
	struct sample *s = new_sample();
	struct qt_report_header *header = (void *)s->report;
	struct qt_report_unit *unit = (void *)((uint8_t *)s->report + header->units.offset);
	struct outcome outcome;

	(void)state;
	memcpy(header->stage_version, "\x1b[2J\xff", 5);
	memset(unit->kind, 'k', sizeof(unit->kind));
	memcpy((uint8_t *)s->report + header->text.offset, "\x1b]0;\t\xc3\x28\"\\", 9);
	write_file(REPORT, (uint8_t *)s->report, s->size);
	outcome = quietus("report", "--from", REPORT, NULL);
	assert_success(&outcome);
	assert_printable(outcome.output);
	assert_says(outcome.output, "\n0 kkkkkkkkkkkkkkkk 0 ");
	outcome = quietus("report", "--from", REPORT, "--json", NULL);
	assert_success(&outcome);
	assert_printable(outcome.output);
	assert_json(outcome.output, ".stage_version == \"?[2J?\" and "
				    ".units[0].kind == \"kkkkkkkkkkkkkkkk\"");
	free(s);
}

/* The blocker is no part of what the core checks. */
static void a_blocker_that_is_not_there_is_not_named(void **state)
{
	static const int32_t numbers[] = {-2, 4, INT32_MAX};
	struct sample *s = new_sample();

	(void)state;
	s->header.outcome = QT_OUTCOME_STOCK;
	for (size_t i = 0; i < QT_ARRAY_SIZE(numbers); i++) {
		struct outcome outcome;

		s->header.blocker = numbers[i];
		write_report(s);
		outcome = quietus("report", "--from", REPORT, NULL);
		assert_int_equal(outcome.code, 1);
		assert_null(strstr(outcome.output, "prevented"));
	}
	free(s);
}

/* Every word in turn all ones: refused or printed, as valid JSON, and never a crash. */
static void no_word_of_a_report_is_trusted(void **state)
{
	struct sample *s = new_sample();
	FILE *all = fopen("all.json", "w");
	size_t accepted = 0;
	struct outcome jq;
	char count[32];

	(void)state;
	for (size_t at = 0; at + 4 <= s->size; at += 4) {
		uint8_t copy[sizeof(s->report)];
		struct outcome outcome;

		memcpy(copy, s->report, s->size);
		memset(copy + at, 0xff, 4);
		write_file(REPORT, copy, s->size);
		outcome = quietus("report", "--json", "--from", REPORT, NULL);
		assert_in_range(outcome.code, 0, 2);
		accepted += outcome.code != 2;
		fputs(outcome.output, all);
		outcome = quietus("report", "--journal", "--from", REPORT, NULL);
		assert_in_range(outcome.code, 0, 2);
	}
	assert_int_equal(fclose(all), 0);
	snprintf(count, sizeof(count), "length == %zu", accepted);
	jq = run_program("jq", "-s", "-e", count, "all.json", NULL);
	assert_int_equal(jq.code, 0);
	free(s);
}

static const struct CMUnitTest tests[] = {
	TEST(everything_is_said_in_text),
	TEST(everything_is_in_json),
	TEST(the_outcome_sets_the_exit_code),
	TEST(the_function_that_prevents_a_commit_is_named),
	TEST(failures_of_the_stage_are_told),
	TEST(the_journal_lists_words_that_are_changed),
	TEST(a_report_without_a_machine_is_enough),
	TEST(a_report_is_found_among_nodes),
	TEST(a_report_is_found_where_device_trees_are),
	TEST(a_damaged_device_tree_is_refused),
	TEST(no_report_exits_with_2),
	TEST(a_report_that_cannot_be_printed_exits_with_2),
	TEST(a_report_cut_short_is_refused),
	TEST(damaged_report_headers_are_refused),
	TEST(damaged_journals_are_refused),
	TEST(strings_are_bounded_and_printable),
	TEST(a_blocker_that_is_not_there_is_not_named),
	TEST(no_word_of_a_report_is_trusted),
};

const struct suite report_suite = SUITE(tests);
