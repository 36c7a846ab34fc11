/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Entry, exit and exception vectors.
 *
 * Source of the entry conditions: Linux, Documentation/arch/arm64/booting.rst.
 * Instructions and registers: Arm Architecture Reference Manual for A-profile.
 */
#include "entry.h"

#define PE_ALIGNMENT 0x200 /* of sections, in memory and in the file */

	.section .head, "ax"
	/* Header of an arm64 Image; `quietus wrap` fills in the three numbers. */
image_head:
	ccmp	x18, #0, #0xd, pl	/* nothing to a CPU; "MZ" to who looks for a signature */
	b	stage_entry
	.quad	0			/* text_offset */
	.quad	0			/* image_size */
	.quad	0			/* flags */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	pe_header - image_head

	/* struct qt_stage_header; `quietus wrap` fills the second half in. */
	.org	0x40
	.ascii	"QuieTus\001"
	.long	1			/* header_version */
	.long	88			/* header_size */
9:	.ascii	QT_VERSION
	.org	9b + 32
	.long	image_end - image_head	/* image_size */
	.long	bss_end - image_head
	.long	STAGE_MEMORY_SIZE	/* memory_size */
	.long	0			/* original_offset */
	.long	0			/* prefix_size */
	.long	0			/* setup_offset */
	.long	0			/* setup_size */
	.long	0			/* arena_offset */
	.quad	0			/* original_size */

	/*
	 * What a Secure Boot signature is computed over, and where it is noted
	 * (Microsoft, "PE Format"): one section, which `quietus wrap` lets grow over all
	 * that is in the file. Firmware that starts it gets it back.
	 */
	.balign	8
pe_header:
	.ascii	"PE\0\0"
	.short	0xaa64			/* machine: arm64 */
	.short	1			/* sections */
	.long	0, 0, 0			/* time, symbols */
	.short	pe_sections - pe_optional
	.short	0x206			/* executable; line numbers and debugging stripped */
pe_optional:
	.short	0x20b			/* PE32+ */
	.short	0			/* linker's version */
	.long	image_end - pe_end	/* code; no data beside it */
	.long	0, 0
	.long	efi_entry - image_head
	.long	pe_end - image_head	/* where code begins */
	.quad	0			/* address */
	.long	PE_ALIGNMENT, PE_ALIGNMENT /* in memory, in the file */
	.long	0, 0, 0, 0		/* versions */
	.long	image_end - image_head	/* size in memory */
	.long	pe_end - image_head	/* headers */
	.long	0			/* checksum */
	.short	10, 0			/* an EFI application */
	.quad	0, 0, 0, 0		/* stack and heap */
	.long	0
	.long	(pe_sections - pe_directories) / 8
pe_directories:
	.quad	0, 0, 0, 0
	.quad	0			/* certificates */
	.quad	0
pe_sections:
	.ascii	".text\0\0\0"
	.long	image_end - pe_end	/* size in memory */
	.long	pe_end - image_head
	.long	image_end - pe_end	/* size in the file */
	.long	pe_end - image_head
	.long	0, 0, 0
	.long	0x60000020		/* code: executed, read */
	.balign	PE_ALIGNMENT
pe_end:

/* EFI_UNSUPPORTED: this is for kexec. */
efi_entry:
	mov	x0, #3
	orr	x0, x0, #(1 << 63)
	ret

/* Cleans and invalidates all of the stage's memory to the point of coherency. Uses x9 to x12. */
	.macro	clean_memory
	mrs	x9, ctr_el0
	ubfx	x9, x9, #16, #4		/* DminLine: words of a line, as a power of two */
	mov	x10, #4
	lsl	x10, x10, x9
	adrp	x11, image_head
	add	x12, x11, #STAGE_MEMORY_SIZE
1:	dc	civac, x11
	add	x11, x11, x10
	cmp	x11, x12
	b.lo	1b
	dsb	sy
	.endm

	.globl stage_entry
stage_entry:
	msr	daifset, #0xf
	msr	spsel, #1
	/* Before the first store: lines that are still cached would be written over it later. */
	clean_memory
	adrp	x9, entry_state
	add	x9, x9, :lo12:entry_state
	stp	x0, x1, [x9, #ENTRY_REGISTERS]
	stp	x2, x3, [x9, #ENTRY_REGISTERS + 16]

	adrp	x9, stack_top
	add	x9, x9, :lo12:stack_top
	mov	sp, x9
	mov	x29, xzr
	mov	x30, xzr
	bl	stage_relocate
	bl	stage_main
	/* stage_main returns when the capture kernel's turn has come. */

	.globl stage_leave
stage_leave:
	msr	daifset, #0xf
	/* From here on registers are all that is used: memory goes out of sight with the caches. */
	adrp	x28, entry_state
	add	x28, x28, :lo12:entry_state
	ldp	x0, x1, [x28, #ENTRY_REGISTERS]
	ldp	x2, x3, [x28, #ENTRY_REGISTERS + 16]
	ldr	x20, [x28, #ENTRY_PAYLOAD]
	ldr	x21, [x28, #ENTRY_REGIME]
	ldr	x22, [x28, #ENTRY_SCTLR]
	ldr	x23, [x28, #ENTRY_TCR]
	ldr	x24, [x28, #ENTRY_TTBR0]
	ldr	x25, [x28, #ENTRY_MAIR]
	ldr	x26, [x28, #ENTRY_VBAR]
	dsb	sy
	cmp	x21, #REGIME_EL2
	b.eq	2f
	msr	sctlr_el1, x22
	isb
	msr	tcr_el1, x23
	msr	ttbr0_el1, x24
	msr	mair_el1, x25
	msr	vbar_el1, x26
	isb
	cbnz	x21, 3f
	tlbi	vmalle1
	b	4f
2:	msr	sctlr_el2, x22
	isb
	msr	tcr_el2, x23
	msr	ttbr0_el2, x24
	msr	mair_el2, x25
	msr	vbar_el2, x26
	isb
3:	tlbi	alle2
4:	dsb	nsh
	ic	iallu
	dsb	nsh
	isb
	clean_memory
	mov	x30, xzr
	/* Debuggers stop here to see what the stage has left behind. */
	.globl stage_exit
stage_exit:
	br	x20

	.globl stage_clean_memory
stage_clean_memory:
	clean_memory
	ret

/*
 * Exceptions: nothing of what was interrupted is gone back to, so no register is
 * kept, and the stack is begun anew, whatever became of it.
 */
	.macro	vector number
	.balign	0x80
	mov	x0, #\number
	b	exception
	.endm

	.text
	.balign	0x800
	.globl exception_vectors
exception_vectors:
	.irp	number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vector	\number
	.endr
	.balign	0x80
exception:
	adrp	x9, stack_top
	add	x9, x9, :lo12:stack_top
	mov	sp, x9
	mov	x29, xzr
	mov	x30, xzr
	bl	stage_exception
	bl	stage_recover
	b	stage_leave

	.bss
	.balign	4096
	.globl stack_guard, stack_top
stack_guard:
	.skip	4096
	.skip	STACK_SIZE
stack_top:
	.balign	16
	.globl entry_state
entry_state:
	.skip	ENTRY_SIZE

	.section .note.GNU-stack, "", %progbits
