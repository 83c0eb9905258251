/* Two members in one process. Whatever one has to send is to reach the other, somehow; here a loop carries it, and turns the
 * clock when nobody has more to say. With the library built by `cargo build -p mpotr-c`:
 *
 *   cc -Impotr-c/include mpotr-c/examples/two_in_memory.c target/debug/libmpotr_c.a -lpthread -ldl -lm -o two_in_memory
 *
 * It ends with 1 unless both have read what the other said, and left in order. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mpotr.h"

struct person {
    const char *name;
    mpotr_member *member;
    int has_read, has_left;
};

/* Ends the program, unless a call went well. */
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

/* A member of the room "tea", with this friend and with nobody else. */
static mpotr_member *enter(mpotr_identity *me, const uint8_t friend_key[32], const char *name) {
    char options[256], digits[65];
    mpotr_member *member;
    for (int i = 0; i < 32; i++) {
        snprintf(digits + 2 * i, 3, "%02x", friend_key[i]);
    }
    snprintf(options, sizeof options, "{\"name\":\"tea\",\"admission\":{\"only\":[\"%s\"]},\"nick\":\"%s\"}", digits, name);
    checked(mpotr_member_new(options, me, 0, &member), "enter");
    return member;
}

/* What one has to send reaches the other. */
static void carry(struct person *from, struct person *to, uint64_t now) {
    mpotr_buf packet;
    while (checked(mpotr_poll_packet(from->member, &packet), "poll_packet") == MPOTR_OK) {
        int refused = mpotr_handle_packet(to->member, now, packet.data, packet.len);
        if (refused < 0) {
            printf("a packet counted for nothing: %s\n", mpotr_code(refused));
        }
        mpotr_buf_free(&packet);
    }
}

/* An event is JSON. A program has a library to read it; to look for a field is enough here. */
static int has(const mpotr_buf *event, const char *field) {
    return strstr((const char *)event->data, field) != NULL;
}

static void hear(struct person *me, const char *friend_said, uint64_t now) {
    mpotr_buf event, done;
    while (checked(mpotr_poll_event(me->member, &event), "poll_event") == MPOTR_OK) {
        if (has(&event, "\"type\":\"message\"") && has(&event, friend_said)) {
            printf("%s reads: %s\n", me->name, friend_said);
            me->has_read = 1;
            checked(mpotr_call(me->member, now, "{\"method\":\"leave\"}", &done), "leave");
            mpotr_buf_free(&done);
        }
        if (has(&event, "\"type\":\"ended\"") && has(&event, "\"acknowledged\":true")) {
            printf("%s has left, and all that it said has arrived\n", me->name);
            me->has_left = 1;
        }
        mpotr_buf_free(&event);
    }
}

static void say(struct person *me, const char *text) {
    /* Texts wait until the room is secure, and nobody reads them but those who are expected. */
    checked(mpotr_send(me->member, 0, (const uint8_t *)text, strlen(text), NULL, NULL), "send");
}

int main(void) {
    struct person alice = {"alice", NULL, 0, 0}, bob = {"bob", NULL, 0, 0};
    mpotr_identity *alices, *bobs;
    uint8_t alices_key[32], bobs_key[32];
    uint64_t now = 0;

    /* Made once, and kept: other people know a member by its public key. */
    checked(mpotr_identity_new(&alices), "identity");
    checked(mpotr_identity_new(&bobs), "identity");
    checked(mpotr_identity_key(alices, alices_key), "key");
    checked(mpotr_identity_key(bobs, bobs_key), "key");
    alice.member = enter(alices, bobs_key, "alice");
    bob.member = enter(bobs, alices_key, "bob");

    say(&alice, "hello from alice");
    say(&bob, "hello from bob");
    while (now < 60000 && !(alice.has_left && bob.has_left)) {
        uint64_t alices_time, bobs_time;
        carry(&alice, &bob, now);
        carry(&bob, &alice, now);
        hear(&alice, "hello from bob", now);
        hear(&bob, "hello from alice", now);
        /* Nobody has more to say: it is later. Without a time, what is written is the largest number. */
        checked(mpotr_poll_timeout(alice.member, &alices_time), "poll_timeout");
        checked(mpotr_poll_timeout(bob.member, &bobs_time), "poll_timeout");
        now = alices_time < bobs_time ? alices_time : bobs_time;
        checked(mpotr_handle_timeout(alice.member, now), "handle_timeout");
        checked(mpotr_handle_timeout(bob.member, now), "handle_timeout");
    }
    mpotr_member_free(alice.member);
    mpotr_member_free(bob.member);
    return alice.has_read && alice.has_left && bob.has_read && bob.has_left ? 0 : 1;
}
