//! The joint signature: `docs/spec/12-joint-signature.md`.

use std::convert::Infallible;

use mpotr_crypto::rand_core::{TryCryptoRng, TryRng};
use mpotr_crypto::{
    CryptoSuite, Digest32, Group, JointChallenge, JointKey, NoncePair, NonceSum, PartSecret,
    SecretScalar,
};

/// The values of `docs/spec/12-joint-signature.md`, "Example".
fn example() -> impl Fn(&str, usize) -> [u8; 32] {
    const PAGE: &str = include_str!("../../docs/spec/12-joint-signature.md");
    let (_, section) = PAGE.split_once("\n## Example\n").unwrap();
    let values: Vec<(String, [u8; 32])> = section
        .lines()
        .filter_map(|line| {
            let (name, value) = line.split_once(' ')?;
            let value = hex::decode(value.trim()).ok()?.try_into().ok()?;
            Some((name.to_owned(), value))
        })
        .collect();
    assert_eq!(values.len(), 3 * 6 + 6 + 3 + 1);
    move |name, which| {
        let mut of_name = values.iter().filter(|(of, _)| of == name);
        of_name.nth(which).unwrap().1
    }
}

/// Keys, nonces, sums, challenge, shares and signature of the example are those of the page.
pub fn the_example_of_the_specification<S: CryptoSuite>() {
    let value = example();
    let kc = Digest32::new(std::array::from_fn(|at| 0x80 + u8::try_from(at).unwrap()));
    let message: [u8; 64] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let mut pairs = Vec::new();
    for (member, number) in (1..=3_u8).enumerate() {
        let f = SecretScalar::<S>::new(S::Group::scalar_from_wide(&[number; 64]));
        assert_eq!(*f.encoded().expose(), value(&format!("f_{member}"), 0));
        let part = PartSecret::<S>::new(f);
        assert_eq!(*part.public().as_bytes(), value(&format!("F_{member}"), 0));
        let pair = NoncePair::draw(&part, b"purpose", &mut Same(16 * number));
        let [first, second] = [1, 2].map(|which| value(&format!("R_{which}{member}"), 0));
        assert_eq!(pair.commitment().as_bytes()[..], [first, second].concat());
        for (which, nonce) in [("k_1", first), ("k_2", second)] {
            let nonce_secret = S::Group::decode_scalar(&value(which, member)).unwrap();
            assert_eq!(S::Group::encode(&S::Group::mul_base(&nonce_secret)), nonce);
        }
        pairs.push((part, pair));
    }
    let key = JointKey::sum(pairs.iter().map(|(part, _)| part.element())).unwrap();
    assert_eq!(*key.as_bytes(), value("X", 0));
    let nonces: Vec<_> = pairs
        .iter()
        .map(|(_, pair)| pair.commitment().elements::<S>().unwrap())
        .collect();
    let sums = NonceSum::of::<S>(&nonces);
    assert_eq!(
        sums.as_bytes()[..],
        [value("R_1", 0), value("R_2", 0)].concat()
    );
    let challenge = JointChallenge::<S>::new(&kc, &key, &sums, &message).unwrap();
    assert_eq!(
        challenge.values(),
        ["b", "R", "c"].map(|name| value(name, 0))
    );
    let shares: Vec<_> = pairs
        .into_iter()
        .map(|(part, pair)| pair.share(&part, &challenge).unwrap())
        .collect();
    for (member, share) in shares.iter().enumerate() {
        assert_eq!(*share.as_bytes(), value(&format!("s_{member}"), 0));
    }
    let signature = challenge.sum(&shares).unwrap();
    assert_eq!(
        signature.as_bytes()[..],
        [value("R", 0), value("s", 0)].concat()
    );
    assert!(signature.verify::<S>(&kc, &key, &message).is_ok());
}

/// A source that gives one byte again and again.
struct Same(u8);

impl TryRng for Same {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Same {}
