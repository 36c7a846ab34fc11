/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Entries, exit and exception stubs.
 *
 * Source of the entry conditions: Linux, Documentation/arch/x86/boot.rst, "32-bit
 * boot protocol" and "64-bit boot protocol".
 */
#include "entry.h"

#define HEADER_OFFSET 0x40 /* QT_STAGE_HEADER_OFFSET */
#define HEADER_PREFIX 64   /* offset of prefix_size in struct qt_stage_header */
#define HEADER_SETUP  68   /* ... and of setup_offset */

/* boot_params: a scratch word, and init_size of the setup header. */
#define BP_SCRATCH   0x1e4
#define BP_INIT_SIZE 0x260

	.section .head, "ax"
	.code32
	.globl image_32bit_entry
image_32bit_entry:
8:	/*
	 * A boot loader that starts the image as an ordinary kernel: straight on.
	 * There is no stack yet; the kernel itself borrows the same scratch word.
	 */
	leal	BP_SCRATCH + 4(%esi), %esp
	call	1f
1:	popl	%eax
	subl	$(1b - image_32bit_entry), %eax
	/* The kernel places itself by init_size: give it the one without the prefix. */
	movl	HEADER_OFFSET + HEADER_SETUP(%eax), %ecx
	movl	BP_INIT_SIZE(%eax, %ecx), %ecx
	movl	%ecx, BP_INIT_SIZE(%esi)
	addl	HEADER_OFFSET + HEADER_PREFIX(%eax), %eax
	xorl	%ecx, %ecx
	jmp	*%eax

	/* struct qt_stage_header; `quietus wrap` fills the second half in. */
	.org	HEADER_OFFSET
	.ascii	"QuieTus\001"
	.long	1			/* header_version */
	.long	88			/* header_size */
9:	.ascii	QT_VERSION
	.org	9b + 32
	.long	image_end - 8b		/* image_size */
	.long	bss_end - 8b
	.long	2 << 20			/* memory_size */
	.long	0			/* reserved */
	.long	0			/* prefix_size */
	.long	0			/* setup_offset */
	.long	0			/* setup_size */
	.long	0			/* arena_offset */
	.quad	0			/* original_size */

	.code64
	.org	ENTRY_64
	.globl stage_entry
stage_entry:
	cli
	cld
	movq	%rax, entry_state + 0x00(%rip)
	movq	%rbx, entry_state + 0x08(%rip)
	movq	%rcx, entry_state + 0x10(%rip)
	movq	%rdx, entry_state + 0x18(%rip)
	movq	%rsi, entry_state + 0x20(%rip)
	movq	%rdi, entry_state + 0x28(%rip)
	movq	%rbp, entry_state + 0x30(%rip)
	movq	%rsp, entry_state + 0x38(%rip)
	movq	%r8,  entry_state + 0x40(%rip)
	movq	%r9,  entry_state + 0x48(%rip)
	movq	%r10, entry_state + 0x50(%rip)
	movq	%r11, entry_state + 0x58(%rip)
	movq	%r12, entry_state + 0x60(%rip)
	movq	%r13, entry_state + 0x68(%rip)
	movq	%r14, entry_state + 0x70(%rip)
	movq	%r15, entry_state + 0x78(%rip)
	movq	%cr0, %rax
	movq	%rax, entry_state + ENTRY_CR0(%rip)
	movq	%cr3, %rax
	movq	%rax, entry_state + ENTRY_CR3(%rip)
	movq	%cr4, %rax
	movq	%rax, entry_state + ENTRY_CR4(%rip)
	sgdt	entry_state + ENTRY_GDTR(%rip)
	sidt	entry_state + ENTRY_IDTR(%rip)
	movw	%cs, entry_state + ENTRY_CS(%rip)
	movw	%ds, entry_state + ENTRY_DS(%rip)
	movw	%es, entry_state + ENTRY_ES(%rip)
	movw	%ss, entry_state + ENTRY_SS(%rip)

	leaq	stack_top(%rip), %rsp
	xorl	%ebp, %ebp
	call	stage_relocate
	call	stage_main
	/* stage_main returns when the capture kernel's turn has come. */

	.globl stage_leave
stage_leave:
	cli
	cld
	leaq	stack_top(%rip), %rsp
	movq	entry_state + ENTRY_CR3(%rip), %rax
	movq	%rax, %cr3
	movq	entry_state + ENTRY_CR4(%rip), %rax
	movq	%rax, %cr4
	movq	entry_state + ENTRY_CR0(%rip), %rax
	movq	%rax, %cr0
	lgdt	entry_state + ENTRY_GDTR(%rip)
	movw	entry_state + ENTRY_DS(%rip), %ds
	movw	entry_state + ENTRY_ES(%rip), %es
	movw	entry_state + ENTRY_SS(%rip), %ss
	movzwl	entry_state + ENTRY_CS(%rip), %eax
	leaq	1f(%rip), %rcx
	pushq	%rax
	pushq	%rcx
	lretq
1:	lidt	entry_state + ENTRY_IDTR(%rip)
	movq	entry_state + 0x00(%rip), %rax
	movq	entry_state + 0x08(%rip), %rbx
	movq	entry_state + 0x10(%rip), %rcx
	movq	entry_state + 0x18(%rip), %rdx
	movq	entry_state + 0x20(%rip), %rsi
	movq	entry_state + 0x28(%rip), %rdi
	movq	entry_state + 0x30(%rip), %rbp
	movq	entry_state + 0x38(%rip), %rsp
	movq	entry_state + 0x40(%rip), %r8
	movq	entry_state + 0x48(%rip), %r9
	movq	entry_state + 0x50(%rip), %r10
	movq	entry_state + 0x58(%rip), %r11
	movq	entry_state + 0x60(%rip), %r12
	movq	entry_state + 0x68(%rip), %r13
	movq	entry_state + 0x70(%rip), %r14
	movq	entry_state + 0x78(%rip), %r15
	/* Debuggers stop here to see what the stage has left behind. */
	.globl stage_exit
stage_exit:
	jmp	*entry_state + ENTRY_PAYLOAD(%rip)

/*
 * Exceptions. Each has a stack of its own from the task state segment. Vectors
 * for which the CPU pushes no error code get a 0 (SDM 3, table 6-1).
 */
	.text
	.balign	STUB_SIZE
	.globl exception_stubs
exception_stubs:
	vector = 0
	.rept EXCEPTIONS
	.balign	STUB_SIZE
	.if vector == VECTOR_NMI
	jmp	nmi
	.else
	.if !((vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21) \
		|| (vector == 29) || (vector == 30))
	pushq	$0
	.endif
	pushq	$vector
	jmp	exception
	.endif
	vector = vector + 1
	.endr
	.balign	STUB_SIZE
	/* Nothing raises these while interrupts are off. */
	iretq

/*
 * Nothing here may raise an exception: its iretq would let the next NMI in on
 * this very stack.
 */
nmi:
	lock incl nmi_count(%rip)
	iretq

/* The interrupted code is never gone back to, so no register is kept. */
exception:
	cld
	movq	%rsp, %rbx
	movq	%rsp, %rdi
	andq	$-16, %rsp
	call	stage_exception
	leaq	16(%rbx), %rsp
	iretq

	.globl exception_exit
exception_exit:
	xorl	%ebp, %ebp
	call	stage_recover
	jmp	stage_leave

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
	.globl nmi_count
nmi_count:
	.long	0

	.section .note.GNU-stack, "", @progbits
