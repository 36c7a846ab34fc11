/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "decompress.h"

#define ROOM_START (16u << 20)

/* zlib: 15 bits of window, and a gzip header around. */
#define GZIP_WINDOW (15 + 16)

/* Makes more room behind what is there. */
static bool grow(struct file *to, size_t *room, struct reason *why)
{
	size_t larger = *room ? 2 * *room : ROOM_START;
	uint8_t *data;

	if (*room > IMAGE_SIZE_MAX)
		return because(why, "larger than the %zu MiB it can have, once uncompressed",
			(size_t)IMAGE_SIZE_MAX >> 20);
	data = realloc(to->data, larger);
	if (!data)
		return because_of(why, ENOMEM);
	to->data = data;
	*room = larger;
	return true;
}

static bool gunzip(struct file *to, const uint8_t *data, size_t size, struct reason *why)
{
	z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)data, .avail_in = (uInt)size};
	size_t room = 0;
	int result = Z_OK;

	if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
		return because_of(why, ENOMEM);
	while (result == Z_OK && (to->size < room || grow(to, &room, why))) {
		size_t left = room - to->size;

		stream.next_out = to->data + to->size;
		stream.avail_out = (uInt)left;
		result = inflate(&stream, Z_NO_FLUSH);
		to->size += left - stream.avail_out;
	}
	inflateEnd(&stream);
	if (result == Z_OK)
		return false; /* grow() has said why */
	return result == Z_STREAM_END ||
	       because(why, "damaged: what is compressed with gzip cannot be unpacked");
}

static bool unzstd(struct file *to, const uint8_t *data, size_t size, struct reason *why)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();
	ZSTD_inBuffer in = {data, size, 0};
	size_t room = 0, result = 1;
	bool stuck = false;

	if (!context)
		return because_of(why, ENOMEM);
	while (result && !ZSTD_isError(result) && !stuck &&
		(to->size < room || grow(to, &room, why))) {
		ZSTD_outBuffer out = {to->data, room, to->size};
		size_t taken = in.pos;

		result = ZSTD_decompressStream(context, &out, &in);
		stuck = out.pos == to->size && in.pos == taken;
		to->size = out.pos;
	}
	ZSTD_freeDCtx(context);
	if (result && !ZSTD_isError(result) && !stuck)
		return false; /* grow() has said why */
	return !result || because(why, "damaged: what is compressed with zstd cannot be unpacked");
}

bool decompress(enum compression compression, struct file *to, const uint8_t *data, size_t size,
	struct reason *why)
{
	bool ok;

	memset(to, 0, sizeof(*to));
	ok = compression == COMPRESSION_GZIP ? gunzip(to, data, size, why)
					     : unzstd(to, data, size, why);
	if (!ok)
		file_free(to);
	return ok;
}
