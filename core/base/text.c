// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>
#include <stdint.h>

#include <quietus/text.h>

/* Digits of a 64-bit number in base 10. */
#define DIGITS_MAX 20

struct sink {
	char *buffer;
	size_t room; /* characters that fit, without the NUL */
	size_t used;
};

/* One conversion, as written after the percent sign. */
struct conversion {
	bool zeros;
	size_t width;
	size_t precision; /* of a string; SIZE_MAX if none */
	unsigned longs;   /* 1: l, z or j; 2: ll */
};

/* A va_list that can be handed on by address: on some targets it is an array. */
struct arguments {
	va_list list;
};

static void put(struct sink *sink, char c)
{
	if (sink->used < sink->room)
		sink->buffer[sink->used++] = c;
}

static void pad(struct sink *sink, char c, size_t width, size_t used)
{
	/* Beyond what fits, padding would only take time. */
	for (; used < width && sink->used < sink->room; used++)
		put(sink, c);
}

static void put_string(struct sink *sink, const struct conversion *c, const char *string)
{
	if (!string)
		string = "(null)";

	size_t len = 0;
	while (len < c->precision && string[len])
		len++;
	pad(sink, ' ', c->width, len);
	for (size_t i = 0; i < len; i++)
		put(sink, string[i]);
}

static void put_number(
	struct sink *sink, const struct conversion *c, uint64_t value, unsigned base, bool negative)
{
	char digits[DIGITS_MAX];
	size_t n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);

	if (negative && c->zeros)
		put(sink, '-');
	pad(sink, c->zeros ? '0' : ' ', c->width, n + negative);
	if (negative && !c->zeros)
		put(sink, '-');
	while (n > 0)
		put(sink, digits[--n]);
}

static const char *parse_size(const char *format, size_t *size)
{
	for (*size = 0; *format >= '0' && *format <= '9'; format++) {
		if (*size < 1000)
			*size = *size * 10 + (size_t)(*format - '0');
	}
	return format;
}

/* Reads flags, width, precision and length, which are all there is before the letter. */
static const char *parse(const char *format, struct conversion *c, struct arguments *arguments)
{
	*c = (struct conversion){.precision = SIZE_MAX};

	for (; *format == '0'; format++)
		c->zeros = true;
	format = parse_size(format, &c->width);
	if (*format == '.' && format[1] == '*') {
		int precision = va_arg(arguments->list, int);
		c->precision = precision < 0 ? SIZE_MAX : (size_t)precision;
		format += 2;
	} else if (*format == '.') {
		format = parse_size(format + 1, &c->precision);
	}

	while (*format == 'h')
		format++;
	if (*format == 'z' || *format == 'j')
		c->longs = *format++ == 'z' ? 1 : 2;
	while (*format == 'l') {
		c->longs++;
		format++;
	}
	return format;
}

static int64_t signed_argument(struct arguments *arguments, unsigned longs)
{
	if (longs == 0)
		return va_arg(arguments->list, int);
	return longs == 1 ? va_arg(arguments->list, long) : va_arg(arguments->list, long long);
}

static uint64_t unsigned_argument(struct arguments *arguments, unsigned longs)
{
	if (longs == 0)
		return va_arg(arguments->list, unsigned);
	return longs == 1 ? va_arg(arguments->list, unsigned long)
			  : va_arg(arguments->list, unsigned long long);
}

static void convert(
	struct sink *sink, const struct conversion *c, char letter, struct arguments *arguments)
{
	int64_t number;

	switch (letter) {
	case 's':
		put_string(sink, c, va_arg(arguments->list, const char *));
		break;
	case 'c':
		put(sink, (char)va_arg(arguments->list, int));
		break;
	case 'd':
		number = signed_argument(arguments, c->longs);
		put_number(
			sink, c, number < 0 ? -(uint64_t)number : (uint64_t)number, 10, number < 0);
		break;
	case 'u':
		put_number(sink, c, unsigned_argument(arguments, c->longs), 10, false);
		break;
	case 'x':
		put_number(sink, c, unsigned_argument(arguments, c->longs), 16, false);
		break;
	default:
		put(sink, '%');
		if (letter != '%')
			put(sink, letter);
		break;
	}
}

size_t qt_text_v(char *buffer, size_t size, const char *format, va_list list)
{
	struct sink sink = {buffer, size > 0 ? size - 1 : 0, 0};
	struct arguments arguments;

	va_copy(arguments.list, list);
	while (*format) {
		if (*format != '%') {
			put(&sink, *format++);
			continue;
		}

		struct conversion c;
		format = parse(format + 1, &c, &arguments);
		if (!*format)
			break;
		convert(&sink, &c, *format++, &arguments);
	}
	va_end(arguments.list);

	if (size > 0)
		buffer[sink.used] = '\0';
	return sink.used;
}

size_t qt_text(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	size_t used = qt_text_v(buffer, size, format, arguments);
	va_end(arguments);
	return used;
}
