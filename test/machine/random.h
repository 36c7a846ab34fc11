/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Repeatable random numbers. Source: splitmix64, Steele, Lea and Flood, "Fast
 * splittable pseudorandom number generators", OOPSLA 2014.
 */
#ifndef MODEL_RANDOM_H
#define MODEL_RANDOM_H

#include <stdint.h>

struct model_random {
	uint64_t state;
};

static inline uint64_t model_random_next(struct model_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* A number below `bound`, which is not 0. */
static inline uint64_t model_random_below(struct model_random *random, uint64_t bound)
{
	return model_random_next(random) % bound;
}

/* True `percent` times out of 100. */
static inline int model_random_chance(struct model_random *random, unsigned percent)
{
	return model_random_below(random, 100) < percent;
}

#endif
