/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The least stage there can be: it puts init_size back and goes on to the
 * original kernel. It lets the wrapping be tested, and booted, on its own.
 */
#define STAGE_VERSION  "stub-1.2.3"
#define STAGE_SIZE     0x400
#define BSS_END        0x1800 /* not page-aligned: the saved setup sectors must be moved up */
#define MEMORY_SIZE    0x200000

#define BP_SCRATCH     0x1e4 /* boot_params: four bytes that are the kernel's to use at entry */
#define BP_INIT_SIZE   0x260
#define ENTRY_64       0x200

	.section .text, "ax"
	.code32
start:
	cld
	lea	(BP_SCRATCH + 4)(%esi), %esp
	call	1f
1:	pop	%ebp
	sub	$(1b - start), %ebp
	mov	(prefix_size - start)(%ebp), %eax
	sub	%eax, BP_INIT_SIZE(%esi)
	add	%eax, %ebp
	jmp	*%ebp

	.org	0x40
	.ascii	"QuieTus\x01"
	.long	1
	.long	88
1:	.ascii	STAGE_VERSION
	.org	1b + 32
	.long	STAGE_SIZE
	.long	BSS_END
	.long	MEMORY_SIZE
	.long	0
prefix_size:
	.long	0
	.long	0
	.long	0
	.long	0
	.quad	0

	.org	ENTRY_64
	.code64
	mov	prefix_size(%rip), %eax
	sub	%eax, BP_INIT_SIZE(%rsi)
	lea	start(%rip), %rbx
	lea	ENTRY_64(%rbx, %rax), %rbx
	jmp	*%rbx

	.org	STAGE_SIZE
