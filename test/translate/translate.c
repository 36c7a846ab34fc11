/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * translate: walks a table that is given on the command line, entry by entry,
 * with the core's own walker, and prints where an IOVA leads.
 *
 *   translate FORMAT[,leaf=N][,width=N][,input=N][,granule=N][,root=N][,flags=N]
 *             LEVELS IOVA ROOT ADDRESS=VALUE...
 *
 * Numbers are C's. leaf: highest level of a leaf (default 2); width: bits of a
 * physical address (default 52); input: bits of an IOVA (default: as many as the
 * levels span); granule: the smallest leaf, as a power of two (default 12, 4 KiB);
 * root: tables that the root is made of, as a power of two (default 0); flags: 1 if
 * hardware sets accessed and dirty flags (default 0). RAM is the pages that ROOT and the ADDRESSes
 * lie in; words not given are 0.
 *
 * Prints "PHYS PERMS", or one word: none (translates to nothing), bad (reserved
 * bits), outside (leads out of RAM), limit. Exit code 0 for each of these, 2 for
 * a command line it does not understand.
 */
#include <quietus/table.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 256
#define PAGE      4096u

static const struct qt_format *const formats[] = {
	&qt_format_vtd_second_stage,
	&qt_format_x86_64_first_stage,
	&qt_format_vmsav8_64,
	&qt_format_vmsav8_64_stage2,
};

struct word {
	qt_phys at;
	uint64_t value;
};

/* Memory: the words on the command line. */
struct words {
	struct word list[WORDS_MAX];
	size_t count;
};

static int host_read(void *context, qt_phys at, void *buffer, size_t len)
{
	const struct words *words = context;

	memset(buffer, 0, len);
	for (size_t i = 0; i < words->count; i++) {
		const struct word *word = &words->list[i];

		if (word->at >= at && word->at - at < len)
			memcpy((uint8_t *)buffer + (word->at - at), &word->value,
				sizeof(word->value));
	}
	return 0;
}

static uint64_t host_now_us(void *context)
{
	(void)context;
	return 0;
}

static _Noreturn void refuse(const char *what, const char *argument)
{
	fprintf(stderr, "translate: %s: %s\n", what, argument);
	exit(2);
}

/* A number that ends at `end`, or at the end of the text. */
static uint64_t number(const char *text, char end)
{
	char *rest;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &rest, 0);
	if (errno || rest == text || (*rest != '\0' && *rest != end))
		refuse("not a number", text);
	return value;
}

static const struct qt_format *format_named(const char *name)
{
	size_t len = strcspn(name, ",");

	for (size_t i = 0; i < QT_ARRAY_SIZE(formats); i++)
		if (strlen(formats[i]->name) == len && strncmp(formats[i]->name, name, len) == 0)
			return formats[i];
	refuse("unknown format", name);
}

static void set_granule(struct qt_geometry *geometry, uint64_t lg2)
{
	geometry->granule_lg2 = (uint8_t)lg2;
	geometry->index_lg2 = (uint8_t)(lg2 - 3);
}

static void set_options(struct qt_geometry *geometry, const char *options)
{
	for (options = strchr(options, ','); options; options = strchr(options + 1, ',')) {
		if (strncmp(options, ",leaf=", 6) == 0)
			geometry->leaf_level = (uint8_t)number(options + 6, ',');
		else if (strncmp(options, ",width=", 7) == 0)
			geometry->output_bits = (uint8_t)number(options + 7, ',');
		else if (strncmp(options, ",input=", 7) == 0)
			geometry->input_bits = (uint8_t)number(options + 7, ',');
		else if (strncmp(options, ",granule=", 9) == 0)
			set_granule(geometry, number(options + 9, ','));
		else if (strncmp(options, ",root=", 6) == 0)
			geometry->root_lg2 = (uint8_t)number(options + 6, ',');
		else if (strncmp(options, ",flags=", 7) == 0)
			geometry->accessed_dirty = number(options + 7, ',') != 0;
		else
			refuse("unknown option", options);
	}
}

static void add_page(struct qt_ranges *ram, qt_phys at)
{
	qt_phys page = at & ~(qt_phys)(PAGE - 1);

	if (qt_ranges_add(ram, page, page + PAGE))
		refuse("too many", "words");
}

static void add_word(struct words *words, struct qt_ranges *ram, const char *argument)
{
	const char *value = strchr(argument, '=');
	struct word word;

	if (!value || words->count == WORDS_MAX)
		refuse("not ADDRESS=VALUE", argument);
	word = (struct word){number(argument, '='), number(value + 1, '\0')};
	if (word.at % sizeof(word.value))
		refuse("not a multiple of 8", argument);
	words->list[words->count++] = word;
	add_page(ram, word.at);
}

static const char *word_for(int error)
{
	switch (error) {
	case QT_E_NOTFOUND:
		return "none";
	case QT_E_BAD:
		return "bad";
	case QT_E_OUTSIDE:
		return "outside";
	case QT_E_LIMIT:
		return "limit";
	default:
		return qt_error_name(error);
	}
}

static int translate(const struct qt_reader *reader, const struct qt_table *table, qt_iova iova)
{
	struct qt_reader copy = *reader;
	struct qt_mapping mapping;
	int error = iova < qt_table_span(table) ? qt_lookup(&copy, table, iova, &mapping, NULL)
						: QT_E_NOTFOUND;

	if (error)
		puts(word_for(error));
	else
		printf("0x%" PRIx64 " %s%s\n", mapping.phys + (iova - mapping.iova),
			mapping.perms & QT_READ ? "r" : "", mapping.perms & QT_WRITE ? "w" : "");
	return 0;
}

int main(int argc, char **argv)
{
	static struct words words;
	static struct qt_range list[WORDS_MAX + 1];
	struct qt_ranges ram = {.list = list, .capacity = QT_ARRAY_SIZE(list)};
	struct qt_host host = {.context = &words, .read = host_read, .now_us = host_now_us};
	struct qt_reader reader = {.host = &host, .ram = &ram, .reads_left = 1000};
	struct qt_table table;

	if (argc < 5)
		refuse("usage", "translate FORMAT LEVELS IOVA ROOT ADDRESS=VALUE...");
	table = (struct qt_table){
		.geometry = {.format = format_named(argv[1]),
			.levels = (uint8_t)number(argv[2], '\0'),
			.granule_lg2 = 12,
			.index_lg2 = 9,
			.leaf_level = 2,
			.output_bits = 52,
			.coherent = true},
		.root = number(argv[4], '\0'),
	};
	set_options(&table.geometry, argv[1]);
	if (table.geometry.levels == 0 || table.geometry.levels > QT_LEVELS_MAX)
		refuse("levels", argv[2]);
	add_page(&ram, table.root);
	for (int i = 5; i < argc; i++)
		add_word(&words, &ram, argv[i]);
	return translate(&reader, &table, number(argv[3], '\0'));
}
