//! Packets that came before what they belong to: of a run whose proposal, or an epoch whose last confirmation, is still
//! under way. `docs/spec/06-epochs.md`, "Early packets".

use std::collections::VecDeque;

use crate::error::Rejection;

/// The most packets that wait.
const MAX_PACKETS: usize = 1024;
/// The most bytes that wait.
const MAX_BYTES: usize = 1 << 21;

/// A bounded queue of packets. Its owners send again what is lost here.
#[derive(Debug, Default)]
pub(super) struct Early {
    packets: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Early {
    /// Keeps a packet.
    ///
    /// # Errors
    /// There is no room.
    pub(super) fn keep(&mut self, packet: &[u8]) -> Result<(), Rejection> {
        let bytes = self.bytes.saturating_add(packet.len());
        if self.packets.len() >= MAX_PACKETS || bytes > MAX_BYTES {
            return Err(Rejection::Quota);
        }
        self.bytes = bytes;
        self.packets.push_back(packet.to_vec());
        Ok(())
    }

    /// Takes out all packets, in the order in which they came.
    pub(super) fn take(&mut self) -> VecDeque<Vec<u8>> {
        self.bytes = 0;
        std::mem::take(&mut self.packets)
    }
}

#[cfg(test)]
mod tests {
    use super::{Early, MAX_BYTES, MAX_PACKETS};
    use crate::error::Rejection;

    #[test]
    fn packets_and_bytes_are_bounded_and_order_is_kept() {
        let mut early = Early::default();
        for n in 0..MAX_PACKETS {
            early.keep(&n.to_be_bytes()).unwrap();
        }
        assert_eq!(early.keep(&[1]), Err(Rejection::Quota));
        assert_eq!(early.take().front().unwrap(), &0_usize.to_be_bytes());
        early.keep(&vec![0; MAX_BYTES]).unwrap();
        assert_eq!(early.keep(&[1]), Err(Rejection::Quota));
    }
}
