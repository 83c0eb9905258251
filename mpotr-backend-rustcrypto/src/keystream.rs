//! ChaCha20 whose keystream is made four blocks ahead.
//!
//! The vector code of `chacha20` makes four blocks in the time of one, and does so where four whole blocks are asked for at
//! once. The AEAD asks for the key of Poly1305, and then for the text, whose last blocks are made one by one. For header
//! and text of a message that is seven times the work of four blocks; where what was made ahead is kept, it is three.

use chacha20::ChaCha20;
use chacha20::cipher::consts::{U12, U32, U64};
use chacha20::cipher::inout::InOutBuf;
use chacha20::cipher::{
    Iv, IvSizeUser, Key, KeyIvInit, KeySizeUser, OverflowError, SeekNum, StreamCipher,
    StreamCipherError, StreamCipherSeek,
};
use chacha20poly1305::ChaChaPoly1305;
use mpotr_crypto::zeroize::Zeroizing;

/// The bytes of a block.
const BLOCK: usize = 64;
/// The same, as `SeekNum` takes it.
const BLOCK_SIZE: u8 = 64;
/// The bytes that are made at once.
const AHEAD: usize = 256;
/// The bytes of a whole keystream: 2^32 blocks (RFC 8439 section 2.3).
const WHOLE: u64 = 1 << 38;

/// ChaCha20-Poly1305 (RFC 8439) as `chacha20poly1305` composes it, on [`ChaCha20Ahead`].
pub type ChaCha20Poly1305 = ChaChaPoly1305<ChaCha20Ahead>;

/// ChaCha20 (RFC 8439), four blocks at a time. The keystream is wiped when dropped.
pub struct ChaCha20Ahead {
    cipher: ChaCha20,
    /// The cipher, at the end of what `ahead` holds.
    at: u64,
    /// What the cipher made last; its end is still to be applied.
    ahead: Zeroizing<[u8; AHEAD]>,
    is_kept: bool,
    /// Bytes at the end of `ahead` that come next.
    left: usize,
}

impl ChaCha20Ahead {
    fn position(&self) -> u64 {
        self.at.saturating_sub(wide(self.left))
    }

    /// The bytes that come next, at most so many; at least one unless `0` are wanted.
    fn next(&mut self, most: usize) -> &[u8] {
        if self.left == 0 {
            self.make();
        }
        let start = AHEAD.saturating_sub(self.left);
        let taken = self.left.min(most);
        self.left = self.left.saturating_sub(taken);
        let left = self.ahead.get(start..).unwrap_or_default();
        left.get(..taken).unwrap_or_default()
    }

    fn make(&mut self) {
        self.cipher.unchecked_write_keystream(&mut *self.ahead);
        self.at = self.at.saturating_add(wide(AHEAD));
        self.is_kept = true;
        self.left = AHEAD;
    }

    /// Applies keystream straight from the cipher, and keeps none of it.
    fn apply_at_once(&mut self, text: InOutBuf<'_, '_, u8>) {
        self.at = self.at.saturating_add(wide(text.len()));
        self.is_kept = false;
        self.cipher.unchecked_apply_keystream_inout(text);
    }
}

/// Applies so much keystream to as much text.
fn apply(keystream: &[u8], text: InOutBuf<'_, '_, u8>) {
    let (blocks, mut rest) = text.into_chunks::<U64>();
    let (keystream, last) = keystream.as_chunks::<BLOCK>();
    for (mut block, keystream) in blocks.into_iter().zip(keystream) {
        block.xor_in2out(keystream.into());
    }
    rest.xor_in2out(last);
}

fn wide(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl KeySizeUser for ChaCha20Ahead {
    type KeySize = U32;
}

impl IvSizeUser for ChaCha20Ahead {
    type IvSize = U12;
}

impl KeyIvInit for ChaCha20Ahead {
    fn new(key: &Key<Self>, iv: &Iv<Self>) -> Self {
        Self {
            cipher: ChaCha20::new(key, iv),
            at: 0,
            ahead: Zeroizing::new([0; AHEAD]),
            is_kept: false,
            left: 0,
        }
    }
}

impl StreamCipher for ChaCha20Ahead {
    fn check_remaining(&self, data_len: usize) -> Result<(), StreamCipherError> {
        let end = self.position().saturating_add(wide(data_len));
        if end <= WHOLE {
            Ok(())
        } else {
            Err(StreamCipherError)
        }
    }

    fn unchecked_apply_keystream_inout(&mut self, mut buf: InOutBuf<'_, '_, u8>) {
        while !buf.is_empty() {
            let whole = buf.len().saturating_sub(buf.len() % AHEAD);
            if self.left == 0 && whole > 0 {
                let (head, rest) = buf.split_at(whole);
                self.apply_at_once(head);
                buf = rest;
            } else {
                let keystream = self.next(buf.len());
                let (head, rest) = buf.split_at(keystream.len());
                apply(keystream, head);
                buf = rest;
            }
        }
    }

    fn unchecked_write_keystream(&mut self, mut buf: &mut [u8]) {
        while !buf.is_empty() {
            let keystream = self.next(buf.len());
            let (head, rest) = buf.split_at_mut(keystream.len());
            head.copy_from_slice(keystream);
            buf = rest;
        }
    }
}

impl StreamCipherSeek for ChaCha20Ahead {
    fn try_current_pos<T: SeekNum>(&self) -> Result<T, OverflowError> {
        let (block, byte) = self.position().into_block_byte::<u64>(BLOCK_SIZE)?;
        // A number is made of the block after and the bytes of this one: all of them at its end.
        match byte {
            0 => T::from_block_byte(block, BLOCK_SIZE, BLOCK_SIZE),
            _ => T::from_block_byte(block.saturating_add(1), byte, BLOCK_SIZE),
        }
    }

    fn try_seek<T: SeekNum>(&mut self, pos: T) -> Result<(), StreamCipherError> {
        let (block, byte) = pos
            .into_block_byte::<u64>(BLOCK_SIZE)
            .map_err(|OverflowError| StreamCipherError)?;
        let start = block
            .checked_mul(BLOCK_SIZE.into())
            .filter(|start| *start < WHOLE)
            .ok_or(StreamCipherError)?;
        let back = self.at.checked_sub(start.saturating_add(byte.into()));
        if self.is_kept
            && let Some(Ok(left @ ..=AHEAD)) = back.map(usize::try_from)
        {
            self.left = left;
            return Ok(());
        }
        self.cipher.try_seek(start)?;
        self.at = start;
        self.make();
        self.left = AHEAD.saturating_sub(byte.into());
        Ok(())
    }
}

impl core::fmt::Debug for ChaCha20Ahead {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ChaCha20Ahead(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::{ChaCha20Ahead, WHOLE};
    use chacha20::ChaCha20;
    use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};

    fn both() -> (ChaCha20Ahead, ChaCha20) {
        let (key, nonce) = ([1; 32].into(), [2; 12].into());
        (
            ChaCha20Ahead::new(&key, &nonce),
            ChaCha20::new(&key, &nonce),
        )
    }

    /// The next bytes of a keystream, once applied and once written.
    fn take(cipher: &mut (impl StreamCipher + StreamCipherSeek), length: usize) -> [Vec<u8>; 2] {
        let start: u64 = cipher.current_pos();
        let (mut applied, mut written) = (vec![0; length], vec![0; length]);
        cipher.apply_keystream(&mut applied);
        cipher.seek(start);
        cipher.write_keystream(&mut written);
        [applied, written]
    }

    #[test]
    fn a_keystream_is_the_same_in_pieces_of_any_length() {
        for length in [1, 7, 32, 63, 64, 65, 255, 256, 257, 448, 1000] {
            let (mut ahead, mut plain) = both();
            for _ in 0..9 {
                assert_eq!(take(&mut ahead, length), take(&mut plain, length));
                let positions: (u64, u64) = (ahead.current_pos(), plain.current_pos());
                assert_eq!(positions.0, positions.1);
            }
        }
    }

    #[test]
    fn seeking_goes_forth_and_back_within_what_is_kept_and_beyond() {
        let (mut ahead, mut plain) = both();
        for target in [
            64_u64,
            0,
            64,
            320,
            319,
            256,
            10_000,
            9_920,
            9_984,
            10_239,
            10_240,
            10_241,
            9_983,
            1,
            WHOLE - 1000,
            WHOLE - 128,
        ] {
            // Few enough that they are kept, and enough that the kept ones are no longer the last.
            for length in [50, 600]
                .into_iter()
                .filter(|length| target + length < WHOLE - 64)
            {
                let length = usize::try_from(length).unwrap();
                for back in [0, 40, 100] {
                    let target = target.saturating_sub(back);
                    ahead.seek(target);
                    plain.seek(target);
                    assert_eq!(ahead.current_pos::<u64>(), target);
                    assert_eq!(
                        take(&mut ahead, length),
                        take(&mut plain, length),
                        "{length} at {target}"
                    );
                    let (a, b): (u64, u64) = (ahead.current_pos(), plain.current_pos());
                    ahead.seek(a - 45);
                    plain.seek(b - 45);
                    assert_eq!(take(&mut ahead, 45), take(&mut plain, 45));
                }
            }
        }
    }

    #[test]
    fn there_is_nothing_behind_the_end() {
        let (mut ahead, _) = both();
        ahead.seek(WHOLE - 64);
        let mut text = [0; 65];
        assert!(ahead.try_apply_keystream(&mut text).is_err());
        assert_eq!(text, [0; 65]);
        assert!(ahead.try_apply_keystream(&mut text[..64]).is_ok());
        assert!(ahead.try_apply_keystream(&mut text[..1]).is_err());
        assert!(ahead.try_seek(WHOLE).is_err());
        assert!(ahead.try_seek(u64::MAX).is_err());
    }
}
