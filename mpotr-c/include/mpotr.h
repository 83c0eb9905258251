/*
 * mpotr.h: multi-party Off-the-Record messaging. Made from the Rust crate mpotr-c by cbindgen: do not edit.
 *
 * A member is one person's part in one room. It does no input or output and reads no clock: packets that come from a channel
 * are handed to mpotr_handle_packet, what mpotr_poll_packet gives goes to everyone else there, mpotr_poll_event tells what
 * a person should know, and mpotr_handle_timeout is called when mpotr_poll_timeout says. now is milliseconds of a clock of
 * the caller's; an earlier value counts as the last one. Events, options and what is called by name are JSON: docs/interfaces.md.
 *
 * Returned: each int is MPOTR_OK, MPOTR_NOTHING (it was done, there was nothing), or below zero an error. mpotr_code gives
 * the text of it, such as "stale_roster", which stays the same; the number may change from one version to the next.
 * mpotr_failure has more to say. After an error nothing has changed, and what was to be written is zero or NULL.
 *
 * Ownership: arguments are borrowed for the call, but for an identity that mpotr_member_new takes. What is written to an
 * mpotr_buf is the caller's, and goes back once by mpotr_buf_free; what was in it before is overwritten, not freed. Handles are
 * freed once by their own function. All memory is wiped when it is given back. Secrets that are passed stay the caller's to
 * wipe.
 *
 * Threads: a handle may be used by any thread, by one at a time: a second one is refused by the code busy, and does not wait.
 * Handles of their own need no care.
 *
 * Bad arguments: a pointer that must not be NULL is refused by the code null, a handle that was freed by closed. Bytes are a
 * pointer and a length; if the length is 0, the pointer may be NULL. A fault of the library does not leave it: the call
 * returns internal, and so does each later one with that handle, until it is freed.
 */

#ifndef MPOTR_H
#define MPOTR_H

#include <stddef.h>
#include <stdint.h>

/**
 * It was done.
 */
#define MPOTR_OK 0

/**
 * It was done, and there was nothing.
 */
#define MPOTR_NOTHING 1

/**
 * A long-term identity: a key pair, by which others know a member. A handle, as mpotr_member is.
 */
typedef struct mpotr_identity mpotr_identity;

/**
 * One member's part in one room. The pointer is a handle, to nothing that could be read: one that was freed is told from one
 * that was not, by the code closed.
 */
typedef struct mpotr_member mpotr_member;

/**
 * Bytes that the library has made: the caller's, to be given back once by mpotr_buf_free. A zero byte that len does not count
 * follows them, so that JSON is a text of C.
 */
typedef struct {
  /**
   * The bytes; NULL without any.
   */
  uint8_t *data;
  /**
   * How many.
   */
  size_t len;
} mpotr_buf;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of this interface. A changed meaning is another version, an added function is not.
 */
uint32_t mpotr_api_version(void);

/**
 * What a function returned, as a text that is never freed: "ok", "nothing", or the code of an error. Of a number that no function
 * returns, "unknown".
 */
const char *mpotr_code(int returned);

/**
 * Gives bytes back: they are wiped, and buf is {NULL, 0} then, of which nothing is freed.
 *
 * To be seen to by the caller:
 * buf is NULL, {NULL, 0}, or as a function of the library has filled it, and no copy of it is freed.
 */
void mpotr_buf_free(mpotr_buf *buf);

/**
 * Why the last call of this thread failed that did, as JSON: {"code":-32000,"message":"..","data":{"code":"stale_roster",
 * "added":[".."]}}. data.code is what mpotr_code says, message is for a person. MPOTR_NOTHING if none has failed.
 */
int mpotr_failure(mpotr_buf *out);

/**
 * A fresh identity.
 */
int mpotr_identity_new(mpotr_identity **out);

/**
 * The identity in a file of mpotr, given as its bytes. passphrase is NULL if it is under none; else it is UTF-8, and this takes
 * a second and 256 MiB. Codes: identity_file, passphrase.
 *
 * To be seen to by the caller:
 * file is file_len bytes, passphrase is NULL or passphrase_len bytes.
 */
int mpotr_identity_read(const uint8_t *file,
                        size_t file_len,
                        const uint8_t *passphrase,
                        size_t passphrase_len,
                        mpotr_identity **out);

/**
 * The file of an identity, to be kept where nobody else reads it. passphrase is NULL for none; else as above. Code: passphrase.
 *
 * To be seen to by the caller:
 * passphrase is NULL or passphrase_len bytes.
 */
int mpotr_identity_write(mpotr_identity *identity,
                         const uint8_t *passphrase,
                         size_t passphrase_len,
                         mpotr_buf *out);

/**
 * The public key of an identity, 32 bytes.
 *
 * To be seen to by the caller:
 * key is NULL or a place for 32 bytes.
 */
int mpotr_identity_key(mpotr_identity *identity, uint8_t *key);

/**
 * What people compare of a public key: eight groups of five digits, as a text.
 *
 * To be seen to by the caller:
 * key is NULL or 32 bytes.
 */
int mpotr_fingerprint(const uint8_t *key, mpotr_buf *out);

/**
 * Frees an identity that no member was made of. NULL, and one that was freed or taken, are passed over.
 */
void mpotr_identity_free(mpotr_identity *identity);

/**
 * Enters a room. options is JSON, the parameters of `open` of mpotr rpc that are not about files and carriers:
 * {"name":"tea","admission":{"only":["da07.."]},"nick":"bob"}. taken is consumed, also by an error. What is said first can be polled
 * at once.
 *
 * To be seen to by the caller:
 * options is NULL or a text that ends with a zero byte.
 */
int mpotr_member_new(const char *options,
                     mpotr_identity *taken,
                     uint64_t now,
                     mpotr_member **out);

/**
 * The public key of the member's identity, 32 bytes.
 *
 * To be seen to by the caller:
 * key is NULL or a place for 32 bytes.
 */
int mpotr_member_key(mpotr_member *member, uint8_t *key);

/**
 * What a relay, or another channel, is joined by: 32 bytes that are made of the name of the room.
 *
 * To be seen to by the caller:
 * id is NULL or a place for 32 bytes.
 */
int mpotr_room_id(mpotr_member *member, uint8_t *id);

/**
 * Takes a packet that came from the channel, from anyone. An error says why it changed nothing, and is for logs.
 *
 * To be seen to by the caller:
 * packet is NULL or packet_len bytes.
 */
int mpotr_handle_packet(mpotr_member *member, uint64_t now, const uint8_t *packet, size_t packet_len);

/**
 * To be called at what mpotr_poll_timeout says, or later.
 */
int mpotr_handle_timeout(mpotr_member *member, uint64_t now);

/**
 * The next packet, for everyone else in the channel, or MPOTR_NOTHING. To be taken when the channel can send it, and
 * not before.
 */
int mpotr_poll_packet(mpotr_member *member, mpotr_buf *out);

/**
 * The next event, as JSON, or MPOTR_NOTHING.
 */
int mpotr_poll_event(mpotr_member *member, mpotr_buf *out);

/**
 * The next piece of a transcript, of a member that was made with "record":true, or MPOTR_NOTHING. All pieces, one after another, are a
 * file as mpotr transcript reads it, with all texts in clear: the first piece comes at once, the last when the member's part is
 * over. To be taken before events are.
 */
int mpotr_poll_record(mpotr_member *member,
                      mpotr_buf *out);

/**
 * When to call mpotr_handle_timeout; MPOTR_NOTHING for not before something else happens.
 */
int mpotr_poll_timeout(mpotr_member *member, uint64_t *at);

/**
 * What a screen shows of the room, as JSON.
 */
int mpotr_state(mpotr_member *member, mpotr_buf *out);

/**
 * Sends a text: in a room of chat messages what is said, in UTF-8; by "payload":"bytes" any bytes. seen is the sid of the event
 * `secure` that was shown last, 32 bytes, or NULL: those of `only`. text_id, which may be NULL, gets the number by which
 * events tell what becomes of it.
 *
 * To be seen to by the caller:
 * body is NULL or body_len bytes, seen is NULL or 32.
 */
int mpotr_send(mpotr_member *member,
               uint64_t now,
               const uint8_t *body,
               size_t body_len,
               const uint8_t *seen,
               uint64_t *text_id);

/**
 * Asks the person of another member whether it knows the same secret: 1 to 1,024 bytes of UTF-8, as it was typed. The question is
 * shown there, and every member can read it; NULL is no question. attempt gets 16 bytes, by which events tell.
 *
 * To be seen to by the caller:
 * key is NULL or 32 bytes, secret is NULL or secret_len, question is NULL or question_len, attempt is NULL or a place for 16.
 */
int mpotr_verify_start(mpotr_member *member,
                       uint64_t now,
                       const uint8_t *key,
                       const uint8_t *secret,
                       size_t secret_len,
                       const uint8_t *question,
                       size_t question_len,
                       uint8_t *attempt);

/**
 * Answers the event `secret_asked` by what the person has typed: one guess.
 *
 * To be seen to by the caller:
 * attempt is NULL or 16 bytes, secret is NULL or secret_len bytes.
 */
int mpotr_verify_answer(mpotr_member *member,
                        uint64_t now,
                        const uint8_t *attempt,
                        const uint8_t *secret,
                        size_t secret_len);

/**
 * A secret of the epoch in force for the application's own use, 32 bytes, which all its members get by the same context.
 * MPOTR_NOTHING without an epoch.
 *
 * To be seen to by the caller:
 * context is NULL or context_len bytes, secret is NULL or a place for 32.
 */
int mpotr_export(mpotr_member *member,
                 const uint8_t *context,
                 size_t context_len,
                 uint8_t *secret);

/**
 * All else that a member does, by the names and parameters of mpotr rpc, without its `room`:
 * {"method":"admit","params":{"identity":key}}. out gets the result, JSON.
 *
 * To be seen to by the caller:
 * json is NULL or a text that ends with a zero byte.
 */
int mpotr_call(mpotr_member *member, uint64_t now, const char *json, mpotr_buf *out);

/**
 * Frees a member and erases all its keys, as a room is closed: at once, or when the call of another thread is over. NULL, and one
 * that was freed, are passed over.
 */
void mpotr_member_free(mpotr_member *member);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MPOTR_H */
