//! Key derivation: `docs/spec/02-suites.md`, "Key derivation". The known answers were computed with Python's `hmac` and
//! `hashlib` from RFC 5869 and the formula there.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::kdf::Prk;
use mpotr_crypto::{Secret, label};

fn prk() -> Prk {
    Prk::extract::<Suite>(b"salt", b"input key material")
}

fn message_key(prk: &Prk, context: &[u8]) -> String {
    hex::encode(
        prk.expand::<Suite, 32>(label::MESSAGE_KEY, context)
            .expose(),
    )
}

#[test]
fn known_answers() {
    assert_eq!(
        message_key(&prk(), b"context"),
        "52a6dea3d4aa3670887415ff1c7e6d43bba985e3da94c5f8f12af5374c8e64c4"
    );
    assert_eq!(
        prk().expand::<Suite, 1>(label::MESSAGE_KEY, b"").expose(),
        &[0x44]
    );
    assert_eq!(
        hex::encode(prk().expand::<Suite, 200>(label::EXPORTER, b"").expose()),
        "8e179b6022849dc8e440cce3d4411541e7ab666527ffa8036ec8ebeea5c38c4a\
         b8eaf49bc73acc5a4339bb1fcaacf186fc1b8eb2180bf9da761350381e9c716f\
         963103395b140bc0dce63d3e9d4eb61865accdf92a9b2a61c0e92092dd44b034\
         e21455f20473ea048a60a3e0c8efa4f1a2855ee9c70c88735e76e8b1078f12bd\
         dea1d92ab74d33e30a0be596dbe52b4f6aac2b1c7b3b5f2cea903b3a178c6f57\
         3596099441382c2571f97b5c554274095038e19361e9334b7c1a4dc48d1fefc1\
         2c04d0483fdd5308"
    );
    let unsalted = Prk::extract::<Suite>(b"", b"ikm");
    assert_eq!(
        message_key(&unsalted, b""),
        "a4978a1a8df6f73ced66d296a708e724c80fffa995b8da01121f7d1916bb9dc2"
    );
}

#[test]
fn the_longest_output_is_255_blocks() {
    let output = prk().expand::<Suite, { 255 * 64 }>(label::MESSAGE_KEY, b"");
    assert_eq!(
        hex::encode(&output.expose()[254 * 64 + 32..]),
        "b3878ce325d9dc9acc868a5cd06a3cf2125322fcf512d760eca071d70d98c3b7"
    );
}

#[test]
fn a_child_is_an_expansion_to_64_bytes() {
    let key_of_child =
        |context| message_key(&prk().child::<Suite>(label::CHAIN_STEP, context), b"");
    assert_eq!(
        key_of_child(b""),
        "c9a75e6003bcb93fac343133c2c2c47c7e5905249c53c79a49e6360405d63c31"
    );
    assert_eq!(
        key_of_child(b"context"),
        "e71f0e854f6f4914ec81be4c12ad79c02b101d75af19c9986c394e08b554eb6b"
    );
}

#[test]
fn salt_input_label_context_and_length_each_make_another_key() {
    let key = |prk: &Prk, label, context| prk.expand::<Suite, 32>(label, context);
    let keys = [
        key(&prk(), "message", b"context"),
        key(
            &Prk::extract::<Suite>(b"other", b"input key material"),
            "message",
            b"context",
        ),
        key(
            &Prk::extract::<Suite>(b"salt", b"other"),
            "message",
            b"context",
        ),
        key(&prk(), "header", b"context"),
        key(&prk(), "message", b"other"),
        // A label and a context do not run into each other.
        key(&prk(), "messagecon", b"text"),
        key(&prk(), "", b"messagecontext"),
        // A shorter key is not the start of a longer one.
        Secret::fill_with(|out| {
            out.copy_from_slice(&prk().expand::<Suite, 33>("message", b"context").expose()[..32]);
        }),
    ];
    for (index, key) in keys.iter().enumerate() {
        assert!(
            !keys[..index].contains(key),
            "key {index} is one of those before it"
        );
    }
}

#[test]
fn debug_shows_no_byte_of_a_pseudo_random_key() {
    assert_eq!(format!("{:?}", prk()), "Prk(Secret<64>(..))");
}
