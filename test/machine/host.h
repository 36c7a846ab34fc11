/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef MODEL_HOST_H
#define MODEL_HOST_H

struct model;

/* Fills in m->host. */
void model_host_init(struct model *m);

#endif
