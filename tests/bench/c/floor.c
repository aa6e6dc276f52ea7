/* The least a server can do for a delivery: one send() of a ready frame for each connection and message.

   floor [BYTES]     prints "ready PORT CONTROL_PORT"

   A line on the control port is a time; it publishes one message that carries it. No history, no rights, no
   backpressure but the kernel's: what a hub costs above this is the price of being one. */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/epoll.h>

#include "wire.h"

enum { MOST = 65536, EVENTS = 512 };

static int listening, control_listening, control = -1, loop;
static int peers[MOST], places[MOST], count;      /* places[fd] is where fd stands in peers */
static uint8_t greeted[MOST];
static size_t message_bytes = 200;
static uint64_t offset;
static char commands[1 << 16];
static size_t commands_size;

static int listen_on_any_port(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in any = address("127.0.0.1:0");
    if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0 || listen(fd, 4096) < 0) die("listen");
    nonblocking(fd);
    return fd;
}

static int port_of(int fd) {
    struct sockaddr_in name;
    socklen_t size = sizeof name;
    getsockname(fd, (struct sockaddr *)&name, &size);
    return ntohs(name.sin_port);
}

static void watch(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

static void send_all(int fd, const uint8_t *data, size_t size) {
    while (size) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent > 0) {
            data += sent, size -= (size_t)sent;
        } else if (sent < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 1000);
        } else {
            return; /* gone: the next read removes it */
        }
    }
}

/* Text that compresses about as prose does, the same for all servers: slices of one long noise of 16 letters. */
enum { NOISE = 65536 };
static char noise[NOISE + (1 << 20)];

static void make_noise(void) {
    uint32_t state = 1;
    for (size_t at = 0; at < sizeof noise; at++) {
        state = state * 1664525 + 1013904223; /* Numerical Recipes' generator */
        noise[at] = "etaoinshrdlucmf "[state >> 28];
    }
}

static void publish(int64_t sent) {
    static uint8_t frame[10 + (1 << 20)];
    static char text[1 << 20];
    int size = snprintf(text, sizeof text,
                        "{\"type\":\"publication\",\"channel\":\"session:bench\",\"offset\":%ju,\"data\":"
                        "{\"sent\":\"%jd\",\"text\":\"", (uintmax_t)++offset, (intmax_t)sent);
    if (message_bytes > (size_t)size + 3) {
        memcpy(text + size, noise + offset * 7919 % NOISE, message_bytes - 3 - (size_t)size);
        size = (int)message_bytes - 3;
    }
    memcpy(text + size, "\"}}", 3);
    size += 3;
    size_t header = frame_header(frame, TEXT, (size_t)size, 0);
    memcpy(frame + header, text, (size_t)size);
    for (int at = 0; at < count; at++) send_all(peers[at], frame, header + (size_t)size);
}

static void take_commands(void) {
    ssize_t got = read(control, commands + commands_size, sizeof commands - commands_size);
    if (got <= 0) exit(0);
    commands_size += (size_t)got;
    char *line = commands, *end;
    while ((end = memchr(line, '\n', (size_t)(commands + commands_size - line)))) {
        publish(strtoll(line, NULL, 10));
        line = end + 1;
    }
    commands_size = (size_t)(commands + commands_size - line);
    memmove(commands, line, commands_size);
}

static void leave(int fd) {
    if (greeted[fd]) {
        int last = peers[--count];
        peers[places[fd]] = last;
        places[last] = places[fd];
        greeted[fd] = 0;
    }
    close(fd);
}

/* Answer the handshake, then let the peer hear everything; what it says is not looked into. */
static void hear(int fd) {
    static const char answer[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " HANDSHAKE_ANSWER "\r\n\r\n";
    uint8_t heard[16384];
    ssize_t got = recv(fd, heard, sizeof heard, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        leave(fd);
    } else if (got > 0 && !greeted[fd]) {
        if (!memmem(heard, (size_t)got, "\r\n\r\n", 4)) die("a handshake in pieces");
        send_all(fd, (const uint8_t *)answer, sizeof answer - 1);
        greeted[fd] = 1;
        places[fd] = count;
        peers[count++] = fd;
    }
}

static void accept_all(int door) {
    int fd;
    while ((fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MOST) die("too many connections");
        option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        if (door == control_listening) control = fd;
        watch(fd);
    }
}

int main(int argc, char **argv) {
    if (argc == 2) message_bytes = (size_t)atol(argv[1]);
    else if (argc != 1) die("floor [BYTES]");
    if (message_bytes > (1 << 20) - 8) die("a message is too large");
    many_files(1024);
    make_noise();
    loop = epoll_create1(0);
    watch(listening = listen_on_any_port());
    watch(control_listening = listen_on_any_port());
    printf("ready %d %d\n", port_of(listening), port_of(control_listening));
    fflush(stdout);
    struct epoll_event events[EVENTS];
    for (;;) {
        int ready = epoll_wait(loop, events, EVENTS, -1);
        for (int at = 0; at < ready; at++) {
            int fd = events[at].data.fd;
            if (fd == listening || fd == control_listening) accept_all(fd);
            else if (fd == control) take_commands();
            else hear(fd);
        }
    }
}
