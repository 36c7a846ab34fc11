/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "route.h"

/* WAIT for the kernel's answer, which comes at once. */
#define ANSWER_LIMIT_S 5

struct request {
	struct nlmsghdr header;
	struct rtmsg route;
	struct rtattr attribute;
	uint8_t address[sizeof(struct in6_addr)];
};

/* Asks the kernel for one route, and reads its answer. Length of that, or -1. */
static ssize_t ask(const struct request *request, void *answer, size_t size)
{
	const struct timeval limit = {.tv_sec = ANSWER_LIMIT_S};
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n = -1;

	if (s < 0)
		return -1;
	if (setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
		send(s, request, request->header.nlmsg_len, 0) >= 0)
		n = recv(s, answer, size, 0);
	close(s);
	return n;
}

/* The outgoing interface in the answer, 0 if there is none. */
static int interface_in(const struct nlmsghdr *answer, size_t size)
{
	const struct rtmsg *route = NLMSG_DATA(answer);
	const struct rtattr *attribute;
	size_t left;
	int index;

	if (!NLMSG_OK(answer, size) || answer->nlmsg_type != RTM_NEWROUTE ||
		answer->nlmsg_len < NLMSG_LENGTH(sizeof(*route)))
		return 0;
	left = answer->nlmsg_len - NLMSG_LENGTH(sizeof(*route));
	for (attribute = RTM_RTA(route); RTA_OK(attribute, left);
		attribute = RTA_NEXT(attribute, left)) {
		if (attribute->rta_type != RTA_OIF || RTA_PAYLOAD(attribute) < sizeof(index))
			continue;
		memcpy(&index, RTA_DATA(attribute), sizeof(index));
		return index;
	}
	return 0;
}

/* Source: rtnetlink(7). */
static int interface_to(const struct sockaddr *to)
{
	bool v6 = to->sa_family == AF_INET6;
	size_t length = v6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	struct request request = {
		.header = {.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(struct rtmsg)) +
						   RTA_LENGTH(length)),
			.nlmsg_type = RTM_GETROUTE,
			.nlmsg_flags = NLM_F_REQUEST},
		.route = {.rtm_family = (uint8_t)to->sa_family,
			.rtm_dst_len = (uint8_t)(8 * length)},
		.attribute = {.rta_len = (uint16_t)RTA_LENGTH(length), .rta_type = RTA_DST},
	};
	union {
		struct nlmsghdr header;
		uint8_t bytes[8192];
	} answer;
	ssize_t n;

	memcpy(request.address,
		v6 ? (const void *)&((const struct sockaddr_in6 *)to)->sin6_addr
		   : (const void *)&((const struct sockaddr_in *)to)->sin_addr,
		length);
	n = ask(&request, &answer, sizeof(answer));
	return n > 0 ? interface_in(&answer.header, (size_t)n) : 0;
}

bool route_to(const char *host, char interface[IF_NAMESIZE], struct reason *why)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	int error = getaddrinfo(host, NULL, &hints, &list);
	int index = 0;

	if (error)
		return because(why, "%.60s: %s", host, gai_strerror(error));
	for (const struct addrinfo *each = list; each && !index; each = each->ai_next)
		if (each->ai_family == AF_INET || each->ai_family == AF_INET6)
			index = interface_to(each->ai_addr);
	freeaddrinfo(list);
	if (!index || !if_indextoname((unsigned)index, interface))
		return because(why, "no route to %.60s", host);
	return true;
}
