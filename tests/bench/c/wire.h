/* What the floor and the load generator share: faults, time, sockets, and RFC 6455 as far as they need it. */
#ifndef WIRE_H
#define WIRE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The example key of RFC 6455 1.3 and its answer: every handshake here uses them, so nobody needs SHA-1. */
#define HANDSHAKE_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define HANDSHAKE_ANSWER "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };

__attribute__((noreturn, format(printf, 1, 2))) static inline void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, errno ? ": %s\n" : "\n", strerror(errno));
    exit(1);
}

/* Nanoseconds of the wall clock: the clock of SO_TIMESTAMPNS. */
static inline int64_t wall_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static inline void nonblocking(int fd) {
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0) die("fcntl");
}

static inline void option(int fd, int level, int name, int value) {
    if (setsockopt(fd, level, name, &value, sizeof value) < 0) die("setsockopt %d", name);
}

static inline struct sockaddr_in address(const char *text) {
    char host[64];
    int port;
    if (sscanf(text, "%63[^:]:%d", host, &port) != 2) die("not HOST:PORT: %s", text);
    struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, host, &result.sin_addr) != 1) die("not an IPv4 address: %s", host);
    return result;
}

/* Raise the limit of open files as far as it goes. */
static inline void many_files(int wanted) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    errno = 0;
    if (limit.rlim_max < (rlim_t)wanted) die("only %ju open files are allowed, %d are needed",
                                             (uintmax_t)limit.rlim_max, wanted);
}

/* Write a frame's header and return its size; a client's frames carry a mask, here of zeros. */
static inline size_t frame_header(uint8_t *out, int opcode, size_t size, int masked) {
    size_t at = 2;
    out[0] = (uint8_t)(0x80 | opcode);
    if (size < 126) {
        out[1] = (uint8_t)size;
    } else if (size < 65536) {
        out[1] = 126, out[2] = (uint8_t)(size >> 8), out[3] = (uint8_t)size;
        at = 4;
    } else {
        out[1] = 127;
        for (int byte = 0; byte < 8; byte++) out[2 + byte] = (uint8_t)((uint64_t)size >> (56 - 8 * byte));
        at = 10;
    }
    if (masked) {
        out[1] |= 0x80;
        memset(out + at, 0, 4);
        at += 4;
    }
    return at;
}

#endif
