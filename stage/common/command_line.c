// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <quietus/memory.h>
#include <quietus/types.h>

#include "command_line.h"

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

static bool equal(const char *text, size_t len, const char *other)
{
	return len == length(other) && memcmp(text, other, len) == 0;
}

/* End of the word at `at`: the first blank outside quotes. */
static const char *word_end(const char *at)
{
	bool quoted = false;

	for (; *at && (quoted || !is_blank(*at)); at++)
		if (*at == '"')
			quoted = !quoted;
	return at;
}

/* Takes one pair of quotes off, as the kernel does. */
static void unquote(const char **text, size_t *len)
{
	if (*len && (*text)[0] == '"') {
		++*text;
		--*len;
		if (*len && (*text)[*len - 1] == '"')
			--*len;
	}
}

bool command_line_next(const char **line, struct command_line_word *word)
{
	const char *at = *line;
	const char *start;

	while (is_blank(*at))
		at++;
	start = at;
	at = word_end(start);
	*line = start;
	if (at == start || equal(start, (size_t)(at - start), "--"))
		return false;

	*line = at;
	word->name = start;
	word->name_len = (size_t)(at - start);
	word->value = NULL;
	word->value_len = 0;
	unquote(&word->name, &word->name_len);
	for (size_t i = 0; i < word->name_len; i++) {
		if (word->name[i] != '=')
			continue;
		word->value = word->name + i + 1;
		word->value_len = word->name_len - i - 1;
		word->name_len = i;
		unquote(&word->value, &word->value_len);
		break;
	}
	return true;
}

bool command_line_is(const struct command_line_word *word, const char *name)
{
	return equal(word->name, word->name_len, name);
}

bool command_line_value_is(const struct command_line_word *word, const char *value)
{
	return word->value && equal(word->value, word->value_len, value);
}

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20; /* lower case */
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return 16;
}

/* The suffix as a power of two, 0 if it is none. */
static unsigned suffix_lg2(char c)
{
	static const char suffixes[] = "kmgtpe";

	for (unsigned i = 0; i < sizeof(suffixes) - 1; i++)
		if ((c | 0x20) == suffixes[i])
			return 10 * (i + 1);
	return 0;
}

bool command_line_number(const char **at, const char *end, uint64_t *number)
{
	const char *p = *at;
	unsigned base = 10;
	uint64_t n = 0;

	if (p < end && *p == '0') {
		base = 8;
		if (end - p > 2 && (p[1] | 0x20) == 'x' && digit(p[2]) < 16) {
			base = 16;
			p += 2;
		}
	}
	if (p == end || digit(*p) >= base)
		return false;
	for (; p < end && digit(*p) < base; p++)
		if (__builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, digit(*p), &n))
			return false;
	if (p < end && suffix_lg2(*p)) {
		unsigned lg2 = suffix_lg2(*p++);

		if (n > UINT64_MAX >> lg2)
			return false;
		n <<= lg2;
	}
	*at = p;
	*number = n;
	return true;
}

bool command_line_skip(const char **at, const char *end, const char *prefix)
{
	const char *p = *at;

	for (; *prefix; prefix++, p++)
		if (p == end || *p != *prefix)
			return false;
	*at = p;
	return true;
}

bool command_line_last(const char *line, const char *name, struct command_line_word *word)
{
	struct command_line_word each;
	bool found = false;

	while (command_line_next(&line, &each)) {
		if (each.value && command_line_is(&each, name)) {
			*word = each;
			found = true;
		}
	}
	return found;
}

bool command_line_last_number(const char *line, const char *name, uint64_t *number)
{
	struct command_line_word word;
	const char *at;

	if (!command_line_last(line, name, &word))
		return false;
	at = word.value;
	return command_line_number(&at, at + word.value_len, number);
}

static bool quotes_balance(const char *line, const char *end)
{
	bool quoted = false;

	for (; line < end; line++)
		if (*line == '"')
			quoted = !quoted;
	return !quoted;
}

int command_line_append(char *line, size_t limit, const char *words)
{
	struct command_line_word word;
	const char *rest = line; /* what is for init */
	size_t end = 0;          /* of the kernel's words */
	size_t rest_len, add;

	while (command_line_next(&rest, &word))
		end = (size_t)(rest - line);
	if (!quotes_balance(line, line + end))
		return QT_E_BAD;

	rest_len = length(rest);
	add = (end ? 1 : 0) + length(words) + (rest_len ? 1 : 0); /* with blanks around */
	if (add > limit || end + rest_len > limit - add)
		return QT_E_NOMEM;
	memmove(line + end + add, rest, rest_len + 1);
	if (end)
		line[end++] = ' ';
	memcpy(line + end, words, length(words));
	if (rest_len)
		line[end + length(words)] = ' ';
	return 0;
}

enum stage_mode command_line_mode(const char *line, bool *unknown)
{
	struct command_line_word word;

	*unknown = false;
	if (!command_line_last(line, "quietus", &word) || command_line_value_is(&word, "auto"))
		return STAGE_AUTO;
	if (command_line_value_is(&word, "observe"))
		return STAGE_OBSERVE;
	if (command_line_value_is(&word, "reset"))
		return STAGE_RESET;
	if (command_line_value_is(&word, "off"))
		return STAGE_OFF;
	*unknown = true;
	return STAGE_AUTO;
}
