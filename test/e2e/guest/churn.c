// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "guest.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Traffic before the crash stays clear of the place where the dump goes. */
#define CHURN_TAIL (64u << 20)

#define WRITE_THROUGH (8u << 20)

static int open_disk(const char *path, uint64_t *tail)
{
	int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	uint64_t size = 0;

	if (fd >= 0 && ioctl(fd, BLKGETSIZE64, &size) == 0 && size > CHURN_TAIL) {
		*tail = size - CHURN_TAIL;
		return fd;
	}
	perror(path);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Reads and writes of many sizes, one at a time. */
void churn_disk(const char *path, unsigned int rounds)
{
	uint64_t tail;
	int fd = open_disk(path, &tail);
	char *buffer = aligned_alloc(4096, 1 << 20);
	ssize_t done = 0;

	for (unsigned int i = 0; fd >= 0 && buffer && i < rounds; i++) {
		size_t size = (size_t)4096 << (i % 9);
		off_t at = (off_t)(tail + (uint64_t)(i % 60) * (1 << 20));

		done = i % 3 ? pread(fd, buffer, size, at) : pwrite(fd, buffer, size, at);
	}
	if (done < 0)
		perror("churn_disk");
	free(buffer);
	if (fd >= 0)
		close(fd);
}

static void fill_request(struct iocb *request, int fd, void *buffer, size_t size, off_t at)
{
	memset(request, 0, sizeof(*request));
	request->aio_fildes = (uint32_t)fd;
	request->aio_lio_opcode = IOCB_CMD_PREAD;
	request->aio_buf = (uintptr_t)buffer;
	request->aio_nbytes = size;
	request->aio_offset = at;
}

/* A scheduler would hold back what the device itself has room for. */
static void without_scheduler(const char *path)
{
	char file[96];

	snprintf(file, sizeof(file), "/sys/block/%s/queue/scheduler", strrchr(path, '/') + 1);
	write_file(file, "none");
}

/*
 * Many reads that are in flight at once. All go to one buffer: what counts is that
 * each has its own IOVAs, so that the window in use reaches far down.
 */
struct deep_reads {
	int fd;
	unsigned int count;
	aio_context_t context;
	struct iocb *requests;
	struct io_event *events;
	char *buffer;
};

static bool deep_open(
	struct deep_reads *reads, const char *path, unsigned int count, unsigned int kib)
{
	uint64_t tail = 0;
	size_t size = (size_t)kib << 10;

	without_scheduler(path);
	*reads = (struct deep_reads){.fd = open_disk(path, &tail),
		.count = count,
		.requests = calloc(count, sizeof(struct iocb)),
		.events = calloc(count, sizeof(struct io_event)),
		.buffer = aligned_alloc(4096, size)};
	if (reads->fd < 0 || !reads->requests || !reads->events || !reads->buffer ||
		syscall(SYS_io_setup, count, &reads->context))
		return false;
	for (unsigned int i = 0; i < count; i++)
		fill_request(&reads->requests[i], reads->fd, reads->buffer, size, (off_t)tail);
	return true;
}

static void deep_close(struct deep_reads *reads)
{
	if (reads->context)
		syscall(SYS_io_destroy, reads->context);
	free(reads->buffer);
	free(reads->events);
	free(reads->requests);
	if (reads->fd >= 0)
		close(reads->fd);
}

static bool deep_submit(struct deep_reads *reads, struct iocb *request)
{
	return syscall(SYS_io_submit, reads->context, 1, &request) == 1;
}

static long deep_fill(struct deep_reads *reads)
{
	long submitted = 0;

	for (unsigned int i = 0; i < reads->count; i++)
		submitted += deep_submit(reads, &reads->requests[i]);
	return submitted;
}

/* Waits until so many are done; returns how many are. */
static long deep_wait(struct deep_reads *reads, long least)
{
	return syscall(
		SYS_io_getevents, reads->context, least, (long)reads->count, reads->events, NULL);
}

/* Of a disk too slow to complete any meanwhile, until the runner sees that all are there. */
void churn_disk_deep(const char *path, unsigned int requests, unsigned int kib)
{
	struct deep_reads reads;
	long submitted = 0, completed = 0;

	if (deep_open(&reads, path, requests, kib)) {
		submitted = deep_fill(&reads);
		say("disk=filled");
		completed = deep_wait(&reads, submitted);
	}
	if (completed != requests)
		say("churn=deep %ld submitted, %ld completed", submitted, completed);
	deep_close(&reads);
}

/* Transmits frames of many sizes on the first interfaces. */
void churn_net(unsigned int interfaces, unsigned int frames)
{
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	unsigned char frame[1514] = {[0 ... 5] = 0xff, [12] = 0x88, [13] = 0xb6};
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
	unsigned int sent = 0;

	for (unsigned int i = 0; sock >= 0 && i < frames; i++) {
		to.sll_ifindex = 2 + (int)(i % interfaces);
		sent += sendto(sock, frame, 60 + i % 1400, MSG_DONTWAIT, (struct sockaddr *)&to,
				sizeof(to)) > 0;
		if (i % 64 == 63)
			settle(5);
	}
	say("churn=net %u frames sent", sent);
	if (sock >= 0)
		close(sock);
}

/* A child that reads for ever, so that the crash finds requests in flight. */
void disk_in_background(const char *path)
{
	char *buffer;
	uint64_t tail;
	int fd;

	if (fork() != 0)
		return;
	fd = open_disk(path, &tail);
	buffer = aligned_alloc(4096, 1 << 19);
	while (fd >= 0 && buffer && pread(fd, buffer, 1 << 19, (off_t)tail) > 0)
		;
	_exit(1);
}

/* A child that writes, and waits without a limit until the disk has taken it. */
void disk_write_through(const char *path)
{
	char *buffer;
	uint64_t tail;
	int fd;

	if (fork() != 0)
		return;
	fd = open_disk(path, &tail);
	buffer = calloc(1, WRITE_THROUGH);
	fcntl(fd, F_SETFL, 0); /* through the page cache: direct requests wait in pieces */
	if (fd >= 0 && buffer && pwrite(fd, buffer, WRITE_THROUGH, (off_t)tail) > 0)
		fsync(fd);
	_exit(1);
}

/* A child that waits for many reads, which are in flight when this returns. */
void disk_deep_in_background(const char *path, unsigned int requests, unsigned int kib)
{
	struct deep_reads reads;
	int filled[2];
	char byte;

	if (pipe2(filled, O_CLOEXEC))
		return;
	if (fork() != 0) {
		close(filled[1]);
		if (read(filled[0], &byte, 1) != 1)
			say("error=no reads in the background");
		close(filled[0]);
		return;
	}
	if (deep_open(&reads, path, requests, kib) && deep_fill(&reads) == requests &&
		write(filled[1], "", 1) == 1)
		deep_wait(&reads, requests);
	_exit(1);
}
