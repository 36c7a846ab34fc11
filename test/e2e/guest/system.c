// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define INTERFACES_MAX  16
#define RECEIVE_WAIT_MS 10000

void mount_all(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mkdir("/tmp", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("securityfs", "/sys/kernel/security", "securityfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
}

/* An archive made by an ordinary user holds no device node for the kernel to open. */
void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	for (int i = 0; fd >= 0 && i <= STDERR_FILENO; i++)
		dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
}

static void load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
		fprintf(stderr, "guest: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void load_group(const char *group)
{
	char path[160], file[96];
	FILE *list;

	snprintf(path, sizeof(path), "/modules/%s", group);
	list = fopen(path, "r");
	while (list && fscanf(list, "%95s", file) == 1) {
		snprintf(path, sizeof(path), "/modules/%s", file);
		load_module(path);
	}
	if (list)
		fclose(list);
}

/* /modules/GROUP lists a group's files, dependencies first. */
void load_modules(const char *groups)
{
	char list[256];

	snprintf(list, sizeof(list), "%s", groups);
	for (char *group = strtok(list, " "); group; group = strtok(NULL, " "))
		load_group(group);
}

void settle(unsigned int milliseconds)
{
	struct timespec pause = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};

	nanosleep(&pause, NULL);
}

bool wait_for_path(const char *path, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds * 20; i++) {
		if (!access(path, F_OK))
			return true;
		settle(50);
	}
	return false;
}

bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

bool read_text(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t length;

	if (!file)
		return false;
	length = fread(text, 1, size - 1, file);
	text[length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	fclose(file);
	return true;
}

int run(char *const argv[])
{
	return run_into(NULL, argv);
}

int run_into(const char *path, char *const argv[])
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		if (path && !freopen(path, "w", stdout))
			_exit(127);
		execv(argv[0], argv);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool is_loopback(const struct ifreq *request)
{
	return !strcmp(request->ifr_name, "lo");
}

/* Sets and clears flags of every interface. Returns of how many. */
static int net_change(short set, short clear)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request;
	int changed = 0;

	for (int i = 1; sock >= 0 && i < INTERFACES_MAX; i++) {
		memset(&request, 0, sizeof(request));
		request.ifr_ifindex = i;
		if (ioctl(sock, SIOCGIFNAME, &request) || is_loopback(&request))
			continue;
		ioctl(sock, SIOCGIFFLAGS, &request);
		request.ifr_flags = (short)((request.ifr_flags & ~clear) | set);
		if (!ioctl(sock, SIOCSIFFLAGS, &request))
			changed++;
	}
	if (sock >= 0)
		close(sock);
	return changed;
}

/* Brings every interface up, so that receive rings are armed. Returns how many. */
int net_up(void)
{
	return net_change(IFF_UP | IFF_PROMISC, 0);
}

int net_down(void)
{
	return net_change(0, IFF_UP);
}

static bool has_received(const char *interface)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/rx_packets", interface);
	for (int i = 0; i < RECEIVE_WAIT_MS / 50; i++) {
		if (read_text(path, text, sizeof(text)) && strcmp(text, "0") != 0)
			return true;
		settle(50);
	}
	return false;
}

/* How many interfaces frames arrive at. */
unsigned int net_receiving(void)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request;
	unsigned int receiving = 0;

	for (int i = 1; sock >= 0 && i < INTERFACES_MAX; i++) {
		memset(&request, 0, sizeof(request));
		request.ifr_ifindex = i;
		if (!ioctl(sock, SIOCGIFNAME, &request) && !is_loopback(&request))
			receiving += has_received(request.ifr_name);
	}
	if (sock >= 0)
		close(sock);
	return receiving;
}
