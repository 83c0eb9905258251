//! Every label that enters a hash or a key derivation, in one place, so that no two uses can share one.
//!
//! A label is always absorbed with the prefix `mpotr v1 ` (`docs/spec/03-encoding.md`, "Transcript hash").

/// The prefix of every label: protocol name and version.
pub const PREFIX: &str = "mpotr v1 ";

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $value;)*
        #[cfg(test)]
        const ALL: &[&str] = &[$($value),*];
    };
}

labels! {
    /// Room id from the room's name.
    ROOM = "room";
    /// Fingerprint of an identity key.
    FINGERPRINT = "fingerprint";
    /// Digest of an offer.
    OFFER = "offer";
    /// Secrets of an offer.
    OFFER_SECRET = "offer secret";
    /// Digest of a policy.
    POLICY = "policy";
    /// `sid`, the session id of a run.
    SID = "sid";
    /// Signature of a member over which offers it has heard.
    HEARD = "heard";
    /// Signature of the proposer over its proposal.
    PROPOSAL = "proposal";
    /// Signature of a member over its contribution.
    CONTRIBUTION = "contribution";
    /// Digest `D` of all contribution bodies.
    CONTRIBUTIONS = "contributions";
    /// Commitment to the keys of an epoch that its members alone see.
    INNER_KEYS = "inner keys";
    /// Secrets of these keys.
    INNER_KEY_SECRET = "inner key secret";
    /// Signature of a member over its confirmation.
    CONFIRMATION = "confirmation";
    /// Coefficient `h_j` of a trapdoor key.
    COEFFICIENT = "coef";
    /// Challenge of the joint-knowledge check.
    KNOWLEDGE = "know";
    /// Challenge of the DLEQ proof of a Burmester-Desmedt contribution.
    DLEQ = "dleq";
    /// Nonce of a DLEQ proof.
    DLEQ_NONCE = "dleq nonce";
    /// Challenge of the group proof.
    PROOF = "proof";
    /// Nonces of the group proof.
    PROOF_NONCE = "nonce";
    /// Challenge of the proof that a member knows the key by which it challenges a joiner.
    HELLO = "hello";
    /// Nonce of that proof.
    HELLO_NONCE = "hello nonce";
    /// Challenge of the proof of a joiner.
    JOINER = "joiner";
    /// Nonces of the proof of a joiner.
    JOINER_NONCE = "joiner nonce";
    /// Signature of a joiner over its answer to a challenge.
    ANSWER = "answer";
    /// Nonces of a joint signature.
    JOINT_NONCE = "joint nonce";
    /// Coefficient `b` of the second nonces of a joint signature.
    JOINT_COEFFICIENT = "joint b";
    /// Challenge `c` of a joint signature.
    JOINT_CHALLENGE = "joint c";
    /// Weights of a batch verification.
    BATCH = "batch";
    /// Pair key of the triple Diffie-Hellman authentication.
    TRIPLE_DH = "3dh";
    /// Tag of the triple Diffie-Hellman authentication.
    TRIPLE_DH_TAG = "3dh tag";
    /// Pair key of the pairwise key agreement.
    PAIRWISE = "pairwise";
    /// A part of the pairwise key agreement.
    PAIRWISE_PART = "pairwise part";
    /// Commitment to a part of the pairwise key agreement.
    PAIRWISE_COMMITMENT = "pairwise commitment";
    /// The secret that the pairwise key agreement yields.
    PAIRWISE_SECRET = "pairwise secret";
    /// Key commitment `kc`.
    KEY_COMMITMENT = "commit";
    /// Keys that seal the confirmations of eight senders.
    CONFIRMATION_KEY = "confirm";
    /// The chain from which the keys of an epoch's messages come.
    MESSAGES = "messages";
    /// What the secret of the epoch that follows takes along from this one.
    INIT = "init";
    /// Digest of a SEED.
    SEED = "seed";
    /// The fresh secret of a light run.
    LIGHT_SECRET = "light r";
    /// The exponent under which it is wrapped.
    LIGHT_EXPONENT = "light w";
    /// What a wrap is hidden by.
    LIGHT_WRAP = "light wrap";
    /// Keys that a member draws for the epoch after a light run.
    LIGHT_KEY_SECRET = "light key secret";
    /// Digest of a FREEZE.
    FREEZE = "freeze";
    /// Digest of a CUT.
    LIGHT_CUT = "light cut";
    /// Digest of the keys in a CUT.
    LIGHT_KEYS = "light keys";
    /// Session id of the epoch that a light run leads to.
    LIGHT_SID = "light sid";
    /// What a share of a light run signs.
    LIGHT = "light";
    /// Digest of a SHARE.
    LIGHT_SHARE = "light share";
    /// Digest of a JOINT.
    LIGHT_JOINT = "light joint";
    /// Digest of an OBJECT.
    LIGHT_OBJECT = "light object";
    /// Digest of the offer of a joiner of a light run.
    JOIN_OFFER = "join offer";
    /// Secrets of that offer.
    JOIN_SECRET = "join secret";
    /// What seals it for one member.
    JOIN_SEAL = "join seal";
    /// Tag by which that member admits the joiner.
    JOIN_ADMIT = "join admit";
    /// What seals a WELCOME.
    WELCOME = "welcome";
    /// What seals a READY.
    READY = "ready";
    /// Session id of an epoch that a light run leads to and others join.
    LIGHT_JOIN_SID = "light join sid";
    /// Commitment of a member to its part in an epoch that others join.
    INNER_KEY = "inner key";
    /// Commitment of a joiner to its part.
    JOINER_INNER_KEY = "inner key J";
    /// Pair key of a joiner and another one.
    LIGHT_TRIPLE_DH = "light 3dh";
    /// Tag of a joiner for who is in a place before it.
    TO_MEMBER = "to member";
    /// Tag for a joiner of who is in a place before it.
    TO_JOINER = "to joiner";
    /// What moves the parts of a joint key when a member is left out.
    LIGHT_TWEAK = "light tweak";
    /// Signature of a member over a packet of a light run.
    CHANGE = "change";
    /// First chain key of one sender's content messages.
    CONTENT_CHAIN = "content chain";
    /// First chain key of one sender's statements.
    STATEMENT_CHAIN = "statement chain";
    /// Next chain key.
    CHAIN_STEP = "chain";
    /// Message key.
    MESSAGE_KEY = "message";
    /// Nonce under which a content or statement is sealed.
    CONTENT_NONCE = "content nonce";
    /// Header key.
    HEADER = "header";
    /// Epoch hint on the wire.
    HINT = "hint";
    /// Exporter secret.
    EXPORTER = "exporter";
    /// Lot of a member, where votes leave it open who goes first.
    VOTE_LOT = "vote lot";
    /// The secret that encloses packets of a run in the epoch before it.
    ENCLOSED = "enclosed";
    /// What is fresh in an enclosed packet.
    ENCLOSED_FRESH = "enclosed fresh";
    /// The key of an enclosed packet.
    ENCLOSED_KEY = "enclosed key";
    /// Id of a content message.
    MESSAGE_ID = "msg";
    /// Signature of an author over a content message.
    MESSAGE_SIGNATURE = "msg signature";
    /// Signature of a member over a statement.
    STATEMENT = "statement";
    /// Digest of what is brought along from an epoch into the next.
    CUT = "cut";
    /// Digest of a prefix of the order.
    ORDER = "order";
    /// What the offers of guests of an epoch follow.
    GUEST = "guest";
    /// What a member commits to its part of a room's code by.
    CODE_COMMITMENT = "code commit";
    /// A room's code.
    CODE = "code";
    /// Name of an attempt to find out whether two share a secret.
    ATTEMPT = "attempt";
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_uses_share_a_label() {
        assert_eq!(ALL.iter().collect::<BTreeSet<_>>().len(), ALL.len());
    }

    #[test]
    fn the_specification_lists_exactly_these_labels() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/spec/03-encoding.md");
        let page = std::fs::read_to_string(path).unwrap();
        let (_, section) = page.split_once("\n## Labels\n").unwrap();
        let listed: Vec<_> = section
            .lines()
            .filter_map(|line| {
                line.strip_prefix("| `")?
                    .split_once('`')
                    .map(|(label, _)| label)
            })
            .collect();
        assert_eq!(listed, ALL);
    }
}
