//! A backend of one's own: SHA-512 that counts what it hashes, and the RustCrypto crates for all else. Alice computes with it and
//! Bob with the RustCrypto backend as it is, in one room.

#![expect(clippy::print_stdout, reason = "it shows what happens")]

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};

use mpotr::crypto::adapter::{HashAdapter, Sha512State};
use mpotr::crypto::digest::{FixedOutput, Update};
use mpotr::crypto::hkdf::hmac::SimpleHmac;
use mpotr::crypto::{Backend, ChaCha20Poly1305Suite, CryptoSuite, check_supported};
use mpotr::room::{Event, Room, RoomConfig, Timestamp};
use mpotr::rustcrypto::RustCrypto;
use mpotr::{Admission, IdentityKey, IdentityKeyPair, RoomId, Seen, SystemRng};

/// The bytes that were hashed.
static HASHED: AtomicUsize = AtomicUsize::new(0);

/// SHA-512, begun: any library that takes bytes and finishes once will do.
#[derive(Clone)]
struct Counted(<RustCrypto as Backend>::Hash);

impl Sha512State for Counted {
    fn new() -> Self {
        Self(Default::default())
    }

    fn update(&mut self, data: &[u8]) {
        HASHED.fetch_add(data.len(), Ordering::Relaxed);
        self.0.update(data);
    }

    fn finish(self, hash: &mut [u8; 64]) {
        self.0.finalize_into(hash.into());
    }
}

#[derive(Clone, Copy, Debug)]
struct Mine;

impl Backend for Mine {
    const NAME: &'static str = "mine";
    type Hash = HashAdapter<Counted>;
    type Hmac = SimpleHmac<Self::Hash>;
    type ChaCha20Poly1305 = <RustCrypto as Backend>::ChaCha20Poly1305;
    type Aes256Gcm = <RustCrypto as Backend>::Aes256Gcm;
    type Signature = <RustCrypto as Backend>::Signature;
    type Group = <RustCrypto as Backend>::Group;
}

type MySuite = ChaCha20Poly1305Suite<Mine>;
type TheirSuite = ChaCha20Poly1305Suite<RustCrypto>;

fn main() -> Result<(), Box<dyn Error>> {
    // A room tries its backend against known answers before it begins. To ask beforehand is to choose another in time.
    check_supported::<MySuite>()?;
    println!("{} computes what it should", Mine::NAME);

    let mut rng = SystemRng::default();
    let alice = IdentityKeyPair::random::<MySuite>(&mut rng);
    let bob = IdentityKeyPair::random::<TheirSuite>(&mut rng);
    let (alices_key, bobs_key) = (alice.public(), bob.public());
    let mut alice = enter::<MySuite>(alice, bobs_key)?;
    let mut bob = enter::<TheirSuite>(bob, alices_key)?;

    let mut now = Timestamp::default();
    let hello = b"hello from another backend".to_vec();
    alice.send(now, hello, Seen::Expected)?;
    let before = HASHED.load(Ordering::Relaxed);
    while now < Timestamp::from_millis(60_000) {
        carry(&mut alice, &mut bob, now);
        carry(&mut bob, &mut alice, now);
        while let Some(event) = bob.poll_event() {
            if let Event::Message { body, .. } = event {
                println!("bob reads: {}", String::from_utf8_lossy(&body));
                let hashed = HASHED.load(Ordering::Relaxed).saturating_sub(before);
                println!("alice has hashed {hashed} bytes for it");
                return if hashed > 0 {
                    Ok(())
                } else {
                    Err("by whom?".into())
                };
            }
        }
        let due = [alice.poll_timeout(), bob.poll_timeout()];
        now = due.into_iter().flatten().min().ok_or("nothing is due")?;
        alice.handle_timeout(now, &mut rng);
        bob.handle_timeout(now, &mut rng);
    }
    Err("a minute is over, and nothing was read".into())
}

/// A member of the room "tea", with this friend and with nobody else.
fn enter<S: CryptoSuite>(
    me: IdentityKeyPair,
    friend: IdentityKey,
) -> Result<Room<S>, Box<dyn Error>> {
    let admission = Admission::Only([friend].into());
    let config = RoomConfig::new(RoomId::of_name::<S>("tea"), admission);
    let room = Room::new(config, me, Timestamp::default(), &mut SystemRng::default())?;
    Ok(room)
}

/// What one has to send reaches the other.
fn carry(from: &mut Room<impl CryptoSuite>, to: &mut Room<impl CryptoSuite>, now: Timestamp) {
    while let Some(packet) = from.poll_transmit() {
        if let Err(rejection) = to.handle_message(now, &packet, &mut SystemRng::default()) {
            println!("a packet counted for nothing: {rejection}");
        }
    }
}

#[test]
fn a_member_on_a_backend_of_its_own_is_read_by_one_on_another() -> Result<(), Box<dyn Error>> {
    main()
}
