/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Segments, task state and interrupt gates of the stage's own. */
#ifndef QUIETUS_STAGE_DESCRIPTORS_H
#define QUIETUS_STAGE_DESCRIPTORS_H

/* Loads them. From here on every exception ends in stage_exception. */
void descriptors_load(void);

#endif
