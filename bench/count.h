/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Instructions executed, where the time stamp counter counts them.
 */
#ifndef BENCH_COUNT_H
#define BENCH_COUNT_H

#include <quietus/host.h>

/* Fails where the counter does not go on by one with each instruction. */
void bench_count_check(void);

/* From now on this machine's instructions, and those it takes to tell them apart, do not count. */
void bench_count_without(struct qt_host *machine);

/* Instructions since some instant. */
uint64_t bench_count(void);

#endif
