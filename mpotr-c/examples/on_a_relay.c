/* A member of a room on a relay, with sockets of POSIX. It says one text, reads one of each friend, and leaves.
 *
 *   on_a_relay HOST PORT ROOM NICK IDENTITY_FILE TEXT FRIENDS_KEY..
 *
 * The frames of a relay are in docs/spec/07-transport.md. A program that talks for long makes another connection when one is
 * lost, and says so by mpotr_call with the method `carrier`; this one ends. */
#define _POSIX_C_SOURCE 200809L
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "mpotr.h"

#define LONGEST_FRAME (1048576 + 9)

static int checked(int returned, const char *what) {
    mpotr_buf why;
    if (returned >= 0) {
        return returned;
    }
    if (mpotr_failure(&why) == MPOTR_OK) {
        fprintf(stderr, "%s: %s: %s\n", what, mpotr_code(returned), (const char *)why.data);
        mpotr_buf_free(&why);
    }
    exit(1);
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int connected(const char *host, const char *port) {
    struct addrinfo hints, *found, *it;
    int relay = -1;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        fprintf(stderr, "there is no host %s\n", host);
        exit(1);
    }
    for (it = found; it != NULL && relay < 0; it = it->ai_next) {
        relay = socket(it->ai_family, it->ai_socktype, it->ai_protocol);
        if (relay >= 0 && connect(relay, it->ai_addr, it->ai_addrlen) != 0) {
            close(relay);
            relay = -1;
        }
    }
    freeaddrinfo(found);
    if (relay < 0) {
        die("connect");
    }
    return relay;
}

static void write_all(int relay, const uint8_t *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(relay, bytes, length);
        if (written <= 0) {
            die("write");
        }
        bytes += written;
        length -= (size_t)written;
    }
}

static void write_frame(int relay, const uint8_t *payload, size_t length) {
    uint8_t head[4] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length};
    write_all(relay, head, sizeof head);
    write_all(relay, payload, length);
}

static void read_all(int relay, uint8_t *bytes, size_t length) {
    while (length > 0) {
        ssize_t got = read(relay, bytes, length);
        if (got <= 0) {
            die("the relay is gone: read");
        }
        bytes += got;
        length -= (size_t)got;
    }
}

/* Reads a frame: its kind, and its payload behind that. */
static int read_frame(int relay, uint8_t *payload, size_t *length) {
    uint8_t head[5];
    read_all(relay, head, sizeof head);
    size_t whole = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (whole == 0 || whole > LONGEST_FRAME) {
        fprintf(stderr, "what answers is no relay\n");
        exit(1);
    }
    *length = whole - 1;
    read_all(relay, payload, *length);
    if (head[4] == 1) {
        fprintf(stderr, "the relay refuses: %.*s\n", (int)(*length > 1 ? *length - 1 : 0), (const char *)payload + 1);
        exit(1);
    }
    return head[4];
}

/* The identity in a file that `mpotr identity new` has made, without a passphrase. */
static mpotr_identity *identity_in(const char *path) {
    uint8_t file[1024];
    mpotr_identity *identity;
    FILE *in = fopen(path, "rb");
    if (in == NULL) {
        die(path);
    }
    size_t length = fread(file, 1, sizeof file, in);
    fclose(in);
    checked(mpotr_identity_read(file, length, NULL, 0, &identity), path);
    memset(file, 0, sizeof file);
    return identity;
}

static mpotr_member *enter(char **argv, int argc, uint64_t now) {
    char options[8192];
    int at = snprintf(options, sizeof options, "{\"name\":\"%s\",\"nick\":\"%s\",\"admission\":{\"only\":[", argv[3], argv[4]);
    for (int i = 7; i < argc && at < (int)sizeof options; i++) {
        at += snprintf(options + at, sizeof options - (size_t)at, "%s\"%s\"", i > 7 ? "," : "", argv[i]);
    }
    if (at + 4 >= (int)sizeof options) {
        fprintf(stderr, "too many friends\n");
        exit(1);
    }
    strcat(options, "]}}");
    mpotr_member *member;
    checked(mpotr_member_new(options, identity_in(argv[5]), now, &member), "enter");
    return member;
}

/* An event is JSON. A program has a library to read it; to look for a field is enough here: a quote within a text is escaped. */
static const char *field(const mpotr_buf *event, const char *name) {
    const char *found = strstr((const char *)event->data, name);
    return found == NULL ? NULL : found + strlen(name);
}

static void say(mpotr_member *member, const char *sid, const char *text, uint64_t now) {
    uint8_t seen[32];
    for (int i = 0; i < 32; i++) {
        unsigned byte;
        if (sscanf(sid + 2 * i, "%2x", &byte) != 1) {
            exit(1);
        }
        seen[i] = (uint8_t)byte;
    }
    checked(mpotr_send(member, now, (const uint8_t *)text, strlen(text), seen, NULL), "send");
}

/* Whether a message is one of this member itself, of which it is told, too. */
static int is_own(mpotr_member *member, const mpotr_buf *event) {
    uint8_t key[32];
    char digits[65];
    const char *author = field(event, "\"author\":\"");
    checked(mpotr_member_key(member, key), "key");
    for (int i = 0; i < 32; i++) {
        snprintf(digits + 2 * i, 3, "%02x", key[i]);
    }
    return author != NULL && strncmp(author, digits, 64) == 0;
}

/* Does what events ask for. Returns whether the room is over, and -1 if not all that was said has arrived. */
static int hear(mpotr_member *member, const char *text, int *unread, uint64_t now) {
    mpotr_buf event, done;
    int over = 0;
    static int has_spoken = 0;
    while (checked(mpotr_poll_event(member, &event), "poll_event") == MPOTR_OK) {
        const char *sid = field(&event, "\"sid\":\"");
        if (field(&event, "\"type\":\"secure\"") != NULL && sid != NULL && !has_spoken) {
            has_spoken = 1;
            say(member, sid, text, now);
        }
        if (field(&event, "\"type\":\"message\"") != NULL && !is_own(member, &event)) {
            const char *said = field(&event, "\"text\":\"");
            printf("%.*s\n", said == NULL ? 0 : (int)strcspn(said, "\""), said == NULL ? "" : said);
            fflush(stdout);
            *unread -= 1;
        }
        if (field(&event, "\"type\":\"acknowledged\"") != NULL) {
            has_spoken = 2;
        }
        if (field(&event, "\"type\":\"ended\"") != NULL) {
            over = field(&event, "\"acknowledged\":true") != NULL ? 1 : -1;
        }
        mpotr_buf_free(&event);
        if (*unread == 0 && has_spoken == 2) {
            *unread = -1;
            checked(mpotr_call(member, now, "{\"method\":\"leave\"}", &done), "leave");
            mpotr_buf_free(&done);
        }
    }
    return over;
}

int main(int argc, char **argv) {
    if (argc < 8) {
        fprintf(stderr, "on_a_relay HOST PORT ROOM NICK IDENTITY_FILE TEXT FRIENDS_KEY..\n");
        return 2;
    }
    uint8_t *frame = malloc(LONGEST_FRAME), join[33] = {1};
    size_t length;
    int over = 0, unread = argc - 7, relay = connected(argv[1], argv[2]);
    mpotr_member *member = enter(argv, argc, milliseconds());
    checked(mpotr_room_id(member, join + 1), "room_id");
    write_frame(relay, join, sizeof join);
    if (frame == NULL || read_frame(relay, frame, &length) != 2) {
        fprintf(stderr, "what answers is no relay\n");
        return 1;
    }
    while (over == 0) {
        uint64_t due, now = milliseconds();
        checked(mpotr_poll_timeout(member, &due), "poll_timeout");
        uint64_t wait = due > now ? due - now : 0;
        struct pollfd readable = {relay, POLLIN, 0};
        if (poll(&readable, 1, (int)(wait > 20000 ? 20000 : wait)) > 0 && read_frame(relay, frame, &length) == 0 && length > 8) {
            /* Eight bytes say who seems to have sent it. Why a packet changed nothing is nobody's fault. */
            mpotr_handle_packet(member, milliseconds(), frame + 8, length - 8);
        }
        now = milliseconds();
        checked(mpotr_handle_timeout(member, now), "handle_timeout");
        over = hear(member, argv[6], &unread, now);
        mpotr_buf packet;
        while (checked(mpotr_poll_packet(member, &packet), "poll_packet") == MPOTR_OK) {
            write_frame(relay, packet.data, packet.len);
            mpotr_buf_free(&packet);
        }
    }
    mpotr_member_free(member);
    close(relay);
    free(frame);
    return over == 1 ? 0 : 1;
}
