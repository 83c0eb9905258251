/* What a program may pass by mistake, many times: each is refused by its code, and valgrind counts what is left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mpotr.h"

static void refused(int returned, const char *code, int line) {
    if (returned >= 0 || strcmp(mpotr_code(returned), code) != 0) {
        fprintf(stderr, "line %d: %s, not %s\n", line, mpotr_code(returned), code);
        exit(1);
    }
}
#define REFUSED(call, code) refused(call, code, __LINE__)

static void done(int returned, int line) {
    if (returned != MPOTR_OK) {
        fprintf(stderr, "line %d: %s\n", line, mpotr_code(returned));
        exit(1);
    }
}
#define DONE(call) done(call, __LINE__)

static const char *OPTIONS = "{\"name\":\"tea\",\"admission\":\"open\",\"payload\":\"bytes\"}";

int main(void) {
    mpotr_identity *identity, *none;
    mpotr_member *member, *no_member;
    mpotr_buf buf = {NULL, 0};
    uint8_t bytes[200], key[32];
    uint64_t number;

    srand(7);
    DONE(mpotr_identity_new(&identity));
    DONE(mpotr_member_new(OPTIONS, identity, 0, &member));
    for (int turn = 0; turn < 300; turn++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (uint8_t)rand();
        }
        size_t length = (size_t)rand() % sizeof bytes;
        if (mpotr_handle_packet(member, 0, bytes, length) >= 0) {
            return 2;
        }
        REFUSED(mpotr_identity_read(bytes, length, NULL, 0, &none), "identity_file");
        bytes[length] = 0;
        if (mpotr_call(member, 0, (const char *)bytes, &buf) >= 0 || buf.data != NULL) {
            return 3;
        }
        /* An identity is taken, also by an error. */
        DONE(mpotr_identity_new(&identity));
        REFUSED(mpotr_member_new("{\"name\":\"\"}", identity, 0, &no_member), "params");
        REFUSED(mpotr_identity_key(identity, key), "closed");
        if (no_member != NULL) {
            return 4;
        }
    }
    REFUSED(mpotr_handle_packet(member, 0, bytes, SIZE_MAX), "params");
    REFUSED(mpotr_handle_packet(member, 0, NULL, 1), "null");
    REFUSED(mpotr_handle_packet(NULL, 0, bytes, 1), "closed");
    REFUSED(mpotr_send(member, 0, bytes, sizeof bytes, NULL, &number), "not_secure");
    REFUSED(mpotr_send(member, 0, bytes, sizeof bytes, key, NULL), "not_secure");
    DONE(mpotr_failure(&buf));
    if (strstr((const char *)buf.data, "\"code\":\"not_secure\"") == NULL) {
        return 5;
    }
    mpotr_buf_free(&buf);
    mpotr_buf_free(&buf);
    mpotr_buf_free(NULL);
    mpotr_member_free(member);
    mpotr_member_free(member);
    mpotr_member_free(NULL);
    REFUSED(mpotr_poll_packet(member, &buf), "closed");
    REFUSED(mpotr_poll_event(member, &buf), "closed");
    REFUSED(mpotr_poll_record(member, &buf), "closed");
    REFUSED(mpotr_handle_timeout(member, 0), "closed");
    mpotr_identity_free(identity);
    mpotr_identity_free(NULL);
    return 0;
}
