/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <quietus/bytes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/elf_core.h"
#include "elf_patch.h"
#include "common/file.h"

#define WORD_SIZE sizeof(uint64_t)

/* Where in the file a word is that has to be written. */
struct place {
	off_t offset;
	uint64_t now;
	uint64_t before;
};

struct patch {
	int fd;
	const struct journal *journal;
	struct place *places;
	size_t count;
	size_t room;
};

static bool read_word(int fd, off_t offset, uint64_t *word)
{
	uint8_t bytes[WORD_SIZE];

	if (pread(fd, bytes, sizeof(bytes), offset) != (ssize_t)sizeof(bytes))
		return false;
	*word = qt_le64(bytes);
	return true;
}

static bool write_word(int fd, off_t offset, uint64_t word)
{
	uint8_t bytes[WORD_SIZE];

	for (size_t i = 0; i < WORD_SIZE; i++)
		bytes[i] = (uint8_t)(word >> 8 * i);
	return pwrite(fd, bytes, sizeof(bytes), offset) == (ssize_t)sizeof(bytes);
}

static bool add_place(struct patch *patch, const struct place *place, struct reason *why)
{
	if (patch->count == patch->room) {
		size_t room = patch->room ? 2 * patch->room : 256;
		struct place *larger = realloc(patch->places, room * sizeof(*larger));

		if (!larger)
			return because_of(why, ENOMEM);
		patch->places = larger;
		patch->room = room;
	}
	patch->places[patch->count++] = *place;
	return true;
}

/* Looks at a word where a segment has it, and notes the place if it has to be written. */
static bool look_at(struct patch *patch, const GElf_Phdr *segment, const struct changed_word *word,
	struct reason *why)
{
	uint64_t into = word->at - segment->p_paddr;
	struct place place = {.offset = (off_t)(segment->p_offset + into), .before = word->before};

	if (!read_word(patch->fd, place.offset, &place.now))
		return because(why, "the file ends before what it says it holds");
	switch (journal_compare(word, place.now)) {
	case WORD_CHANGED:
		return add_place(patch, &place, why);
	case WORD_ORIGINAL:
		return true;
	default:
		return because(why,
			"nothing was written: the word at 0x%" PRIx64 " holds 0x%" PRIx64
			", which is neither of its two values",
			word->at, place.now);
	}
}

static bool look_at_segment(void *context, const GElf_Phdr *segment, struct reason *why)
{
	struct patch *patch = context;
	const struct journal *journal = patch->journal;

	for (size_t i = journal_first(journal, segment->p_paddr); i < journal->count; i++) {
		const struct changed_word *word = &journal->words[i];

		if (segment->p_filesz < WORD_SIZE ||
			word->at - segment->p_paddr > segment->p_filesz - WORD_SIZE)
			return true;
		if (!look_at(patch, segment, word, why))
			return false;
	}
	return true;
}

/* Writes all places, or none as far as the system lets it. */
static bool write_places(const struct patch *patch, struct reason *why)
{
	size_t done = 0;
	int error;

	while (done < patch->count &&
		write_word(patch->fd, patch->places[done].offset, patch->places[done].before))
		done++;
	if (done == patch->count && fsync(patch->fd) == 0)
		return true;
	error = errno;
	for (size_t i = 0; i < done; i++) {
		const struct place *place = &patch->places[i];

		if (!write_word(patch->fd, place->offset, place->now))
			return because(why,
				"%s, after some words had been put back: repeat this to finish",
				strerror(error));
	}
	fsync(patch->fd);
	return because(why, "nothing was changed: %s", strerror(error));
}

bool elf_patch(const char *path, const struct journal *journal, size_t *written, struct reason *why)
{
	struct patch patch = {.journal = journal};
	sigset_t before;
	bool ok;

	*written = 0;
	patch.fd = open(path, O_RDWR | O_CLOEXEC);
	if (patch.fd < 0)
		return because_of(why, errno);
	ok = elf_core_segments(patch.fd, look_at_segment, &patch, why);
	if (ok) {
		signals_hold(&before);
		ok = write_places(&patch, why);
		signals_release(&before);
	}
	if (ok)
		*written = patch.count;
	free(patch.places);
	close(patch.fd);
	return ok;
}
