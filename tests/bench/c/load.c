/* Many WebSocket clients in one thread: connects, subscribes, listens, checks order and gaps, and measures.

   load --connect HOST:PORT [options]                    see the table below, or run it without arguments

   A message counts as a delivery when it holds the `--time` key, whose value is the nanosecond of the wall clock
   at which it was to be sent; the latency ends at the kernel's receive timestamp, so our own lag is not in it.
   The `--sequence` key must go up by one on every connection. Messages without the time key are replies.

   With `--control` we also decide when the server publishes: a line with the intended time is one message, at a
   fixed `--rate`, or so that `--outstanding` messages are always on their way. Without it we only listen.

   We look at the sockets every LOOK_US instead of being woken for each arrival: waking a reader costs a server on
   the same machine about 1 us of its own time for each delivery, which readers elsewhere would not.

   Prints "ready" once all connections are subscribed, and at the end one JSON object. */
#define _GNU_SOURCE
#include <getopt.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <zlib.h>

#include "wire.h"

enum { EVENTS = 1024, CONNECTING = 128, BUFFER = 1 << 20, WORDS = 16, RING = 4096, DRAIN_S = 15, LOOK_US = 200 };
enum state { NEW, ASKED, OPEN, ENDED };

struct connection {
    int fd;
    uint32_t carried;   /* bytes of a frame that has not come whole */
    uint8_t *carry;
    uint64_t last;      /* sequence */
    uint16_t replies;
    uint8_t state;
    bool stalled;
};

static struct {
    const char *connect, *control, *path, *sequence, *time, *headers[WORDS], *subscribe[WORDS], *answer;
    int connections, addresses, headers_count, subscribe_count, replies, outstanding, stalled_percent, core, pids;
    double rate, seconds, warm_up;
    bool idle;
    pid_t pid[WORDS];
} ask = {.path = "/", .sequence = "\"offset\":", .time = "\"sent\":\"", .connections = 100, .addresses = 1,
         .seconds = 3, .core = -1};

static struct connection *all;
static int loop, control = -1, opened, begun, ready_count, healthy, ended;
static uint8_t buffer[BUFFER];

/* What is counted in the present phase. */
static struct {
    bool measured;
    uint64_t published, finished, deliveries, bytes, deflated, gaps, turned;
    int64_t slowest;
} now;
static uint32_t arrived[RING];
static uint64_t first_sequence; /* of the first message ever published, for `arrived` */

/* Latencies in buckets of 1/64 of a power of two, in microseconds. */
enum { FINE = 64, BUCKETS = FINE * 40 };
static uint64_t buckets[BUCKETS], recorded;

static void record(int64_t nanoseconds) {
    double micro = nanoseconds < 1000 ? 1 : (double)nanoseconds / 1000;
    int bucket = (int)(log2(micro) * FINE);
    buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    recorded++;
    if (nanoseconds > now.slowest) now.slowest = nanoseconds;
}

static double percentile_ms(double part) {
    uint64_t seen = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++)
        if ((seen += buckets[bucket]) >= part * (double)recorded && seen) return exp2((bucket + 0.5) / FINE) / 1000;
    return 0;
}

/* Processor seconds, user and system, of the processes named by --cpu-of. */
static double cpu_of_servers(void) {
    double ticks = 0;
    for (int at = 0; at < ask.pids; at++) {
        char name[64], text[1024];
        snprintf(name, sizeof name, "/proc/%d/stat", ask.pid[at]);
        FILE *file = fopen(name, "r");
        size_t size = file ? fread(text, 1, sizeof text - 1, file) : 0;
        if (!size) die("%s", name);
        fclose(file);
        text[size] = 0;
        unsigned long user, system; /* proc_pid_stat(5): fields 14 and 15; the command may hold spaces */
        if (sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
            die("%s is not readable", name);
        ticks += (double)(user + system);
    }
    return ticks / (double)sysconf(_SC_CLK_TCK);
}

static double own_cpu(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* A text with every %d replaced by the connection's number. */
static size_t numbered(char *out, size_t room, const char *text, int number) {
    size_t at = 0;
    for (; *text && at + 16 < room; text++) {
        if (text[0] == '%' && text[1] == 'd') at += (size_t)sprintf(out + at, "%d", number), text++;
        else out[at++] = *text;
    }
    return at;
}

static void send_whole(struct connection *one, const void *data, size_t size) {
    if (send(one->fd, data, size, MSG_NOSIGNAL) != (ssize_t)size && one->state == OPEN) die("send");
}

static void say(struct connection *one, int opcode, const char *text, size_t size) {
    uint8_t frame[8192 + 14];
    if (size > 8192) die("a message of ours is too long");
    size_t header = frame_header(frame, opcode, size, 1);
    memcpy(frame + header, text, size);
    send_whole(one, frame, header + size);
}

/* Connecting */

static void open_next(void) {
    struct connection *one = &all[begun];
    struct sockaddr_in here = address("127.0.0.1:0"), there = address(ask.connect);
    one->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (one->fd < 0) die("socket");
    one->stalled = ask.stalled_percent && begun % 100 < ask.stalled_percent;
    if (one->stalled) option(one->fd, SOL_SOCKET, SO_RCVBUF, 4096);
    option(one->fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    option(one->fd, IPPROTO_TCP, TCP_NODELAY, 1);
    option(one->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    if (ask.addresses > 1) {
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(begun % ask.addresses));
        if (bind(one->fd, (struct sockaddr *)&here, sizeof here) < 0) die("bind");
    }
    if (connect(one->fd, (struct sockaddr *)&there, sizeof there) < 0 && errno != EINPROGRESS) die("connect");
    errno = 0;
    struct epoll_event event = {.events = EPOLLOUT, .data.u32 = (uint32_t)begun++};
    epoll_ctl(loop, EPOLL_CTL_ADD, one->fd, &event);
}

static void request(struct connection *one) {
    char text[8192];
    int number = (int)(one - all), problem = 0;
    socklen_t size = sizeof problem;
    getsockopt(one->fd, SOL_SOCKET, SO_ERROR, &problem, &size);
    if ((errno = problem)) die("connect to %s", ask.connect);
    size_t at = (size_t)snprintf(text, sizeof text,
                                 "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Key: " HANDSHAKE_KEY "\r\nSec-WebSocket-Version: 13\r\n",
                                 ask.path, ask.connect);
    for (int header = 0; header < ask.headers_count; header++) {
        at += numbered(text + at, sizeof text - at - 8, ask.headers[header], number);
        at += (size_t)sprintf(text + at, "\r\n");
    }
    at += (size_t)sprintf(text + at, "\r\n");
    send_whole(one, text, at);
    one->state = ASKED;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)number};
    epoll_ctl(loop, EPOLL_CTL_MOD, one->fd, &event);
}

static void ready(struct connection *one) {
    ready_count++;
    if (!one->stalled) healthy++;
}

static void greeted(struct connection *one) {
    one->state = OPEN;
    opened++;
    char text[8192];
    for (int word = 0; word < ask.subscribe_count; word++)
        say(one, TEXT, text, numbered(text, sizeof text, ask.subscribe[word], (int)(one - all)));
    if (!ask.replies) ready(one);
    while (begun < ask.connections && begun - opened < CONNECTING) open_next();
}

static void end(struct connection *one) {
    if (one->state < OPEN) die("a connection was refused");
    if (one->state == ENDED) return;
    one->state = ENDED;
    epoll_ctl(loop, EPOLL_CTL_DEL, one->fd, NULL);
    close(one->fd);
    ended++;
    if (!one->stalled) healthy--;
}

/* Listening */

static int64_t number_after(const uint8_t *text, size_t size, const char *key, size_t key_size) {
    const uint8_t *found = memmem(text, size, key, key_size);
    if (!found) return -1;
    int64_t number = 0;
    for (found += key_size; found < text + size && *found >= '0' && *found <= '9'; found++)
        number = number * 10 + (*found - '0');
    return number;
}

static void check_order(struct connection *one, uint64_t sequence) {
    if (one->last && sequence != one->last + 1) {
        if (sequence > one->last) now.gaps += sequence - one->last - 1;
        else now.turned++;
    }
    one->last = sequence;
}

static void text(struct connection *one, const uint8_t *data, size_t size, int64_t received) {
    static size_t time_size, sequence_size;
    if (!time_size) time_size = strlen(ask.time), sequence_size = strlen(ask.sequence);
    int64_t sent = number_after(data, size, ask.time, time_size);
    if (sent < 0) {
        const char *stop = ask.answer ? strchr(ask.answer, '=') : NULL;
        if (stop && size >= (size_t)(stop - ask.answer) && !memcmp(data, ask.answer, (size_t)(stop - ask.answer)))
            say(one, TEXT, stop + 1, strlen(stop + 1));
        if (++one->replies == ask.replies) ready(one);
        return;
    }
    int64_t sequence = number_after(data, size, ask.sequence, sequence_size);
    if (sequence < 0) die("a message without %s", ask.sequence);
    check_order(one, (uint64_t)sequence);
    now.deliveries++;
    if (now.measured) record(received - sent);
    if (!first_sequence) first_sequence = (uint64_t)sequence;
    uint64_t nth = (uint64_t)sequence - first_sequence;
    if (++arrived[nth % RING] == (uint32_t)healthy) now.finished++, arrived[nth % RING] = 0;
}

/* A compressed message that needs none of those before it (RFC 7692 7.2.2, no context takeover). */
static void squeezed(struct connection *one, const uint8_t *data, size_t size, int64_t received) {
    static z_stream stream;
    static uint8_t plain[BUFFER], with_end[BUFFER];
    if (!stream.state && inflateInit2(&stream, -15) != Z_OK) die("inflateInit2");
    memcpy(with_end, data, size);
    memcpy(with_end + size, "\0\0\xff\xff", 4);
    inflateReset(&stream);
    stream.next_in = with_end, stream.avail_in = (uInt)size + 4;
    stream.next_out = plain, stream.avail_out = sizeof plain;
    int result = inflate(&stream, Z_SYNC_FLUSH);
    errno = 0;
    if (result != Z_OK || stream.avail_in) die("a compressed message cannot be read: %d", result);
    now.deflated++;
    text(one, plain, sizeof plain - stream.avail_out, received);
}

/* Take one frame off the front; returns its size, or 0 when it has not come whole. */
static size_t frame(struct connection *one, const uint8_t *data, size_t size, int64_t received) {
    if (size < 2) return 0;
    size_t length = data[1] & 127, header = 2;
    if (length == 126) {
        if (size < 4) return 0;
        length = (size_t)data[2] << 8 | data[3], header = 4;
    } else if (length == 127) {
        if (size < 10) return 0;
        length = 0, header = 10;
        for (int byte = 2; byte < 10; byte++) length = length << 8 | data[byte];
    }
    if (header + length > BUFFER / 2) die("a message of %zu bytes", length);
    if (size < header + length) return 0;
    now.bytes += header + length;
    if ((data[0] & 0x4f) == (0x40 | TEXT)) squeezed(one, data + header, length, received);
    else switch (data[0] & 15) {
        case TEXT: text(one, data + header, length, received); break;
        case PING: say(one, PONG, (const char *)data + header, length); break;
        case CLOSE: end(one); break;
        default: break;
    }
    return header + length;
}

static size_t handshake(struct connection *one, const uint8_t *data, size_t size) {
    const uint8_t *stop = memmem(data, size, "\r\n\r\n", 4);
    if (!stop) return 0;
    errno = 0;
    if (memcmp(data, "HTTP/1.1 101", 12) || !memmem(data, size, HANDSHAKE_ANSWER, strlen(HANDSHAKE_ANSWER)))
        die("handshake refused: %.*s", (int)(stop - data), data);
    greeted(one);
    return (size_t)(stop + 4 - data);
}

/* One read, with the kernel's receive time of its last segment. */
static ssize_t receive(int fd, uint8_t *into, size_t room, int64_t *received) {
    char extra[256];
    struct iovec piece = {into, room};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = extra, .msg_controllen = sizeof extra};
    ssize_t got = recvmsg(fd, &message, 0);
    *received = 0;
    for (struct cmsghdr *part = got > 0 ? CMSG_FIRSTHDR(&message) : NULL; part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
        struct timespec stamp;
        memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
        *received = stamp.tv_sec * 1000000000LL + stamp.tv_nsec;
    }
    if (!*received) *received = wall_ns();
    return got;
}

static void hear(struct connection *one) {
    if (one->carried) memcpy(buffer, one->carry, one->carried);
    int64_t received;
    ssize_t got = receive(one->fd, buffer + one->carried, BUFFER / 2, &received);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        errno = 0;
        end(one);
        return;
    }
    size_t size = one->carried + (size_t)got, at = 0, taken;
    while (at < size && one->state != ENDED) {
        taken = one->state == ASKED ? handshake(one, buffer + at, size - at) : frame(one, buffer + at, size - at, received);
        if (!taken) break;
        at += taken;
    }
    if (one->state == ENDED || at == size) {
        free(one->carry);
        one->carry = NULL, one->carried = 0;
        return;
    }
    one->carry = realloc(one->carry, size - at);
    one->carried = (uint32_t)(size - at);
    memcpy(one->carry, buffer + at, size - at);
}

/* Publishing */

static void publish(int64_t intended) {
    char line[32];
    int size = sprintf(line, "%jd\n", (intmax_t)intended);
    if (send(control, line, (size_t)size, MSG_NOSIGNAL) != size) die("control");
    now.published++;
}

static void look(int pause_us) {
    struct epoll_event events[EVENTS];
    usleep((useconds_t)pause_us);
    int ready = epoll_wait(loop, events, EVENTS, 0);
    for (int at = 0; at < ready; at++) {
        struct connection *one = &all[events[at].data.u32];
        if (one->state == NEW) request(one);
        else if (one->state != ENDED) hear(one);
    }
}

static void at_rate(int64_t begin, int64_t finish) {
    for (uint64_t nth = 0;;) {
        look(LOOK_US);
        for (int64_t present = wall_ns();; nth++) {
            int64_t intended = begin + (int64_t)((double)nth * 1e9 / ask.rate);
            if (intended >= finish) return;
            if (intended > present) break;
            publish(intended);
        }
    }
}

static void outstanding(int64_t finish) {
    while (wall_ns() < finish) {
        while (now.published < now.finished + (uint64_t)ask.outstanding) publish(wall_ns());
        look(LOOK_US);
    }
}

static uint64_t expected(void) { return now.published * (uint64_t)healthy; }

static uint64_t wanted(void) { return control < 0 ? 0 : expected(); }

/* Publish, or only listen, for a while; then wait until everything has arrived. Returns the seconds it took. */
static double phase(double seconds, bool measured) {
    memset(&now, 0, sizeof now);
    memset(arrived, 0, sizeof arrived);
    now.measured = measured;
    first_sequence = 0;
    int64_t begin = wall_ns(), finish = begin + (int64_t)(seconds * 1e9);
    if (control < 0) while (wall_ns() < finish) look(LOOK_US);
    else if (ask.outstanding) outstanding(finish);
    else at_rate(begin, finish);
    int64_t patience = wall_ns() + DRAIN_S * 1000000000LL;
    while (now.deliveries < wanted() && wall_ns() < patience) look(LOOK_US);
    return (double)(wall_ns() - begin) / 1e9;
}

static void stall(void) {
    for (int at = 0; at < ask.connections; at++)
        if (all[at].stalled) epoll_ctl(loop, EPOLL_CTL_DEL, all[at].fd, NULL);
}

static void measure(void) {
    stall();
    if (ask.warm_up > 0) phase(ask.warm_up, false);
    double server = cpu_of_servers(), own = own_cpu();
    double took = phase(ask.seconds, true);
    server = cpu_of_servers() - server, own = own_cpu() - own;
    printf("{\"connections\":%d,\"published\":%ju,\"expected\":%ju,\"deliveries\":%ju,\"bytes\":%ju,\"deflated\":%ju,"
           "\"gaps\":%ju,"
           "\"turned\":%ju,\"ended\":%d,\"seconds\":%.3f,\"server_cpu_s\":%.4f,\"own_cpu_s\":%.4f,"
           "\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"max_ms\":%.4f}\n",
           ask.connections, (uintmax_t)now.published, (uintmax_t)expected(), (uintmax_t)now.deliveries,
           (uintmax_t)now.bytes, (uintmax_t)now.deflated, (uintmax_t)now.gaps, (uintmax_t)now.turned, ended, took, server, own,
           percentile_ms(0.5), percentile_ms(0.99), (double)now.slowest / 1e6);
}

/* Stay connected until the standard input ends, answering what has to be answered. */
static void idle(void) {
    nonblocking(0);
    char byte;
    while (read(0, &byte, 1) != 0) look(20 * LOOK_US);
    printf("{\"connections\":%d,\"ended\":%d}\n", ask.connections, ended);
}

static const struct option OPTIONS[] = {
    {"connect", 1, 0, 'c'}, {"path", 1, 0, 'p'}, {"connections", 1, 0, 'n'}, {"addresses", 1, 0, 'a'},
    {"header", 1, 0, 'h'}, {"subscribe", 1, 0, 's'}, {"replies", 1, 0, 'k'}, {"answer", 1, 0, 'w'},
    {"control", 1, 0, 'x'}, {"rate", 1, 0, 'r'}, {"outstanding", 1, 0, 'o'}, {"seconds", 1, 0, 't'},
    {"warm-up", 1, 0, 'u'}, {"stalled", 1, 0, 'l'}, {"sequence", 1, 0, 'q'}, {"time", 1, 0, 'm'},
    {"cpu-of", 1, 0, 'i'}, {"core", 1, 0, 'e'}, {"idle", 0, 0, 'd'}, {0, 0, 0, 0}};

static const char USAGE[] =
    "load --connect HOST:PORT [options]\n"
    "  --path PATH          of the WebSocket (/)\n"
    "  --connections N      how many (100), from --addresses K of 127.0.0.2 and on (1: 127.0.0.1)\n"
    "  --header 'NAME: V'   in the handshake, repeatable; %d is the connection's number, here and in --subscribe\n"
    "  --subscribe TEXT     a message to send once connected, repeatable\n"
    "  --replies K          messages from the server after which a connection is ready (0)\n"
    "  --answer 'A=B'       answer a message that begins with A by B\n"
    "  --control HOST:PORT  ask the server here to publish; without it, listen only\n"
    "  --rate R | --outstanding N   messages a second, or always N on their way\n"
    "  --seconds S          how long to measure (3), after --warm-up S (0)\n"
    "  --stalled PERCENT    of the connections stop reading before the warm-up\n"
    "  --sequence KEY       what stands before the number that counts up ('\"offset\":')\n"
    "  --time KEY           what stands before the nanosecond of sending ('\"sent\":\"')\n"
    "  --cpu-of PID         of the server, repeatable: its processor time is measured\n"
    "  --core C             run on this core\n"
    "  --idle               connect, subscribe, print 'ready', stay until the input ends";

static void word(const char **words, int *size, const char *value) {
    if (*size == WORDS) die("too many of one option");
    words[(*size)++] = value;
}

static void read_options(int argc, char **argv) {
    for (int letter; (letter = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;) switch (letter) {
        case 'c': ask.connect = optarg; break;
        case 'p': ask.path = optarg; break;
        case 'n': ask.connections = atoi(optarg); break;
        case 'a': ask.addresses = atoi(optarg); break;
        case 'h': word(ask.headers, &ask.headers_count, optarg); break;
        case 's': word(ask.subscribe, &ask.subscribe_count, optarg); break;
        case 'k': ask.replies = atoi(optarg); break;
        case 'w': ask.answer = optarg; break;
        case 'x': ask.control = optarg; break;
        case 'r': ask.rate = atof(optarg); break;
        case 'o': ask.outstanding = atoi(optarg); break;
        case 't': ask.seconds = atof(optarg); break;
        case 'u': ask.warm_up = atof(optarg); break;
        case 'l': ask.stalled_percent = atoi(optarg); break;
        case 'q': ask.sequence = optarg; break;
        case 'm': ask.time = optarg; break;
        case 'i': if (ask.pids < WORDS) ask.pid[ask.pids++] = atoi(optarg); break;
        case 'e': ask.core = atoi(optarg); break;
        case 'd': ask.idle = true; break;
        default: die("%s", USAGE);
    }
    if (!ask.connect || ask.connections < 1 || (ask.control && !ask.rate == !ask.outstanding)) die("%s", USAGE);
}

static void set_up(void) {
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET((unsigned)(ask.core < 0 ? 0 : ask.core), &core);
    if (ask.core >= 0 && sched_setaffinity(0, sizeof core, &core) < 0) die("core %d", ask.core);
    many_files(ask.connections + 32);
    all = calloc((size_t)ask.connections, sizeof *all);
    loop = epoll_create1(0);
    if (!ask.control) return;
    struct sockaddr_in there = address(ask.control);
    control = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(control, (struct sockaddr *)&there, sizeof there) < 0) die("control %s", ask.control);
    option(control, IPPROTO_TCP, TCP_NODELAY, 1);
}

int main(int argc, char **argv) {
    errno = 0;
    read_options(argc, argv);
    set_up();
    open_next();
    int64_t patience = wall_ns() + 60000000000LL;
    while (ready_count < ask.connections) {
        look(LOOK_US);
        errno = 0;
        if (wall_ns() > patience) die("only %d of %d connections became ready", ready_count, ask.connections);
    }
    printf("ready\n");
    fflush(stdout);
    if (ask.idle) idle();
    else measure();
    return 0;
}
