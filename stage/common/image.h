/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every architecture's entry.S and stage.ld define, and what entry.S calls. */
#ifndef QUIETUS_STAGE_IMAGE_H
#define QUIETUS_STAGE_IMAGE_H

#include <stdint.h>

extern uint8_t image_start[], text_end[], image_end[], bss_end[];
extern uint8_t stack_guard[], stack_top[];

/* Puts the CPU back into its state at entry and jumps to entry_state.payload. */
_Noreturn void stage_leave(void);

/* Called by entry.S, in this order, on the stage's stack. */
void stage_relocate(void);
void stage_main(void);

/* Where exceptions end, on an emptied stack. */
void stage_recover(void);

#endif
