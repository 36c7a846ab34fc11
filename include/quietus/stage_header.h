/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The header inside a stage binary: the contract between `quietus wrap`, which
 * fills the second half in, and the stage, which reads it.
 *
 * Layout of a wrapped x86-64 bzImage (offsets in the file):
 *
 *   0                    setup sectors, patched: setup_size bytes
 *   setup_size           the prefix: prefix_size bytes, a multiple of kernel_alignment and 2 MiB
 *     + 0x000            stage: 32-bit entry, jumps straight to the original 32-bit entry
 *     + 0x040            struct qt_stage_header
 *     + 0x200            stage: 64-bit entry
 *     + image_size       zeros, up to bss_end
 *     + setup_offset     the original setup sectors, verbatim: setup_size bytes
 *     + arena_offset     zeros: the stage's working memory, up to memory_size
 *     + memory_size      zeros, up to prefix_size
 *   setup_size + prefix_size   all that followed the setup sectors in the original file, verbatim
 *                              (an Authenticode signature of the original included)
 *
 * So the original file is: setup_size bytes of the saved setup sectors, then
 * original_size - setup_size bytes from file offset setup_size + prefix_size.
 *
 * Loaded in memory, the prefix begins where the protected-mode part begins, and
 * the original protected-mode part is prefix_size above it.
 *
 * Layout of a wrapped arm64 Image (offsets in the file, and in memory from where it is loaded):
 *
 *   0x000                the stage: an Image header (text_offset 0, flags of the original's), and
 *                        a PE header, whose one section is all that follows it in the file
 *   0x040                struct qt_stage_header; setup_offset and setup_size are 0
 *   image_size           zeros, up to bss_end, then the stage's working memory from arena_offset
 *   prefix_size          the original Image, uncompressed: 2 MiB and its text_offset up
 *   original_offset      the original file, verbatim: the same place where that is an uncompressed
 *                        Image, else behind the memory that the Image needs
 *
 * Source of the image formats: Linux, Documentation/arch/x86/boot.rst and arm64/booting.rst.
 */
#ifndef QUIETUS_STAGE_HEADER_H
#define QUIETUS_STAGE_HEADER_H

#include <stdint.h>

/* Offset of the header in the stage binary, in bytes. */
#define QT_STAGE_HEADER_OFFSET 0x40

/* "QuieTus\x01" read as eight bytes. */
#define QT_STAGE_MAGIC "QuieTus\x01"

#define QT_STAGE_HEADER_VERSION 1

/* Memory the stage may use, image and bss included, in bytes from its start. */
#define QT_STAGE_MEMORY_SIZE (2u << 20)

/* Of that, what report and journal take at most. What is left is for finding, and for tables. */
#define QT_STAGE_REPORT_SIZE (512u << 10)

/* All fields little-endian; offsets are in bytes from the start of the stage. */
struct qt_stage_header {
	uint8_t magic[8];
	uint32_t header_version; /* QT_STAGE_HEADER_VERSION */
	uint32_t header_size;    /* sizeof(struct qt_stage_header) */
	char version[32];        /* Quietus version, NUL-terminated, printable ASCII */
	uint32_t image_size;     /* size of the stage binary */
	uint32_t bss_end;        /* end of its zero-initialised data, >= image_size */
	uint32_t memory_size;    /* QT_STAGE_MEMORY_SIZE */
	/* Filled in by `quietus wrap`; all 0 in a bare stage. */
	uint32_t original_offset; /* arm64: of the original file in the file; x86-64: 0 */
	uint32_t prefix_size;     /* distance from the stage to the original kernel, as loaded */
	uint32_t setup_offset;    /* the saved setup sectors, 4 KiB aligned, >= bss_end */
	uint32_t setup_size;      /* their size: 512 * (setup_sects + 1) */
	uint32_t arena_offset;    /* working memory, 4 KiB aligned */
	uint64_t original_size;   /* size of the original file */
};

_Static_assert(sizeof(struct qt_stage_header) == 88, "stage header layout");

#endif
