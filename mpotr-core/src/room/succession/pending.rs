//! Packets that came before what they belong to: of a run whose proposal, or an epoch whose last confirmation, is still
//! under way. `docs/spec/06-epochs.md`, "Pending packets".
//!
//! What is lost here its owner sends again. What matters is who can make it be lost. Packets of an epoch to be are told from
//! others by its header key, which nobody outside has; among its members, who takes up most gives way. Packets of a run that is
//! not known yet can be made by anyone, in any name: of each name, round and run the first and the last
//! are kept, of all the smallest and the newest, so that what came before the junk or comes after it is there.

use std::collections::{BTreeMap, VecDeque};

use mpotr_gka::MemberIndex;

use crate::error::Rejection;
use crate::wire::SidHint;

/// The most packets of each kind that wait.
const MAX_PACKETS: usize = 1024;
/// The most bytes of each kind that wait.
const MAX_BYTES: usize = 1 << 20;
/// The most packets of one name, round and run.
const MAX_OF_ONE: usize = 2;

/// Whose a packet of a run says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Claim {
    pub(crate) run: SidHint,
    /// 1 or 2.
    pub(crate) round: u8,
    pub(crate) sender: MemberIndex,
}

/// Packets in the order in which they came, and whose they are.
#[derive(Debug)]
struct Waiting<K> {
    packets: VecDeque<(K, Vec<u8>)>,
    bytes: usize,
}

impl<K> Default for Waiting<K> {
    fn default() -> Self {
        Self {
            packets: VecDeque::new(),
            bytes: 0,
        }
    }
}

impl<K: Copy + Ord> Waiting<K> {
    fn contains(&self, packet: &[u8]) -> bool {
        self.packets.iter().any(|(_, other)| other == packet)
    }

    fn has_room(&self, packet: &[u8]) -> bool {
        let bytes = self.bytes.saturating_add(packet.len());
        self.packets.len() < MAX_PACKETS && bytes <= MAX_BYTES
    }

    fn push(&mut self, whose: K, packet: &[u8]) {
        self.bytes = self.bytes.saturating_add(packet.len());
        self.packets.push_back((whose, packet.to_vec()));
    }

    fn remove(&mut self, place: usize) {
        if let Some((_, packet)) = self.packets.remove(place) {
            self.bytes = self.bytes.saturating_sub(packet.len());
        }
    }

    fn take(&mut self) -> Vec<Vec<u8>> {
        self.bytes = 0;
        let packets = std::mem::take(&mut self.packets);
        packets.into_iter().map(|(_, packet)| packet).collect()
    }
}

/// Packets that wait.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    runs: Waiting<Claim>,
    epochs: Waiting<MemberIndex>,
    /// Packets whose run or epoch is known by now.
    ready: Vec<Vec<u8>>,
}

impl Pending {
    /// Keeps a packet of a run that is not known.
    ///
    /// # Errors
    /// It is there already, or so large that there is no room.
    pub(crate) fn keep_of_run(&mut self, claim: Claim, packet: &[u8]) -> Result<(), Rejection> {
        let runs = &mut self.runs;
        if runs.contains(packet) {
            return Err(Rejection::Replayed);
        }
        let of_one = |(_, (other, _)): &(usize, &(Claim, Vec<u8>))| *other == claim;
        let mut same = runs.packets.iter().enumerate().filter(of_one);
        if let Some((last, _)) = same.nth(MAX_OF_ONE.saturating_sub(1)) {
            runs.remove(last);
        }
        while !runs.has_room(packet) {
            let is_over = runs.bytes.saturating_add(packet.len()) > MAX_BYTES;
            let largest = runs.packets.iter().enumerate();
            // Of packets of one length the first to come: the last of the reversed.
            let largest = largest.rev().max_by_key(|(_, (_, other))| other.len());
            match largest.map(|(place, (_, other))| (place, other.len())) {
                Some((place, length)) if is_over && length >= packet.len() => runs.remove(place),
                Some(_) if !is_over => runs.remove(0),
                Some(_) | None => return Err(Rejection::Quota),
            }
        }
        runs.push(claim, packet);
        Ok(())
    }

    /// Keeps a packet of an epoch to be, which one of its members has sealed.
    ///
    /// # Errors
    /// It is there already, or its sender takes up most of the room.
    pub(crate) fn keep_of_epoch(
        &mut self,
        sender: MemberIndex,
        packet: &[u8],
    ) -> Result<(), Rejection> {
        let epochs = &mut self.epochs;
        if epochs.contains(packet) {
            return Err(Rejection::Replayed);
        }
        while !epochs.has_room(packet) {
            let mut used = BTreeMap::from([(sender, packet.len())]);
            for (other, packet) in &epochs.packets {
                let bytes = used.entry(*other).or_insert(0);
                *bytes = bytes.saturating_add(packet.len());
            }
            let most = used.into_iter().max_by_key(|(_, bytes)| *bytes);
            let most = most.map_or(sender, |(most, _)| most);
            let latest = epochs.packets.iter().rposition(|(other, _)| *other == most);
            match latest {
                Some(place) if most != sender => epochs.remove(place),
                Some(_) | None => return Err(Rejection::Quota),
            }
        }
        epochs.push(sender, packet);
        Ok(())
    }

    /// A run is known that packets may belong to.
    pub(crate) fn release_runs(&mut self) {
        self.ready.extend(self.runs.take());
    }

    /// An epoch is there that packets may belong to.
    pub(crate) fn release_epochs(&mut self) {
        self.ready.extend(self.epochs.take());
    }

    /// Takes out the packets that may belong to something by now, in the order in which they came. Those that do not are kept
    /// again.
    pub(crate) fn take_ready(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.ready)
    }
}

#[cfg(test)]
mod tests {
    use mpotr_gka::MemberIndex;

    use super::{Claim, MAX_BYTES, MAX_PACKETS, Pending};
    use crate::error::Rejection;
    use crate::wire::SidHint;

    fn claim(run: u64, sender: u16) -> Claim {
        Claim {
            run: SidHint::new(run.to_be_bytes()),
            round: 1,
            sender: MemberIndex::new(sender),
        }
    }

    fn taken_of_runs(pending: &mut Pending) -> Vec<Vec<u8>> {
        pending.release_runs();
        pending.take_ready()
    }

    fn taken_of_epochs(pending: &mut Pending) -> Vec<Vec<u8>> {
        pending.release_epochs();
        pending.take_ready()
    }

    #[test]
    fn of_each_name_the_first_and_the_last_are_kept() {
        let mut pending = Pending::default();
        for n in 0..100_u8 {
            pending.keep_of_run(claim(1, 1), &[n]).unwrap();
            pending.keep_of_run(claim(1, 2), &[n, n]).unwrap();
        }
        assert_eq!(
            pending.keep_of_run(claim(1, 1), &[99]),
            Err(Rejection::Replayed)
        );
        let kept = taken_of_runs(&mut pending);
        assert_eq!(kept, [vec![0], vec![0, 0], vec![99], vec![99, 99]]);
        assert!(taken_of_runs(&mut pending).is_empty());
    }

    #[test]
    fn many_small_packets_leave_room_for_what_comes_after_them() {
        let mut pending = Pending::default();
        for n in 0..10 * u64::try_from(MAX_PACKETS).unwrap() {
            pending.keep_of_run(claim(n, 0), &n.to_be_bytes()).unwrap();
        }
        pending.keep_of_run(claim(0, 7), b"real").unwrap();
        let kept = taken_of_runs(&mut pending);
        assert_eq!(
            (kept.len(), kept.last().unwrap().as_slice()),
            (MAX_PACKETS, &b"real"[..])
        );
    }

    #[test]
    fn large_packets_push_out_no_small_ones() {
        let mut pending = Pending::default();
        pending.keep_of_run(claim(0, 7), b"real").unwrap();
        for n in 0..100_u8 {
            let _any = pending.keep_of_run(claim(n.into(), 1), &vec![n; MAX_BYTES / 4]);
        }
        pending.keep_of_run(claim(0, 8), b"real too").unwrap();
        let kept = taken_of_runs(&mut pending);
        assert_eq!(kept[0], b"real");
        assert_eq!(kept.last().unwrap(), b"real too");
        assert!(kept.iter().map(Vec::len).sum::<usize>() <= MAX_BYTES);
        let huge = vec![0; MAX_BYTES + 1];
        assert_eq!(
            pending.keep_of_run(claim(1, 1), &huge),
            Err(Rejection::Quota)
        );
    }

    #[test]
    fn a_member_of_an_epoch_to_be_takes_no_room_of_another() {
        let mut pending = Pending::default();
        for n in 0..2 * MAX_PACKETS {
            let _any = pending.keep_of_epoch(MemberIndex::new(1), &n.to_be_bytes());
        }
        for n in 0..MAX_PACKETS / 4 {
            pending
                .keep_of_epoch(MemberIndex::new(2), &[&[2], &n.to_be_bytes()[..]].concat())
                .unwrap();
        }
        assert_eq!(
            pending.keep_of_epoch(MemberIndex::new(1), b"more"),
            Err(Rejection::Quota)
        );
        let kept = taken_of_epochs(&mut pending);
        assert_eq!(kept.len(), MAX_PACKETS);
        assert_eq!(kept[0], 0_usize.to_be_bytes());
        assert_eq!(
            kept.iter().filter(|packet| packet.len() == 9).count(),
            MAX_PACKETS / 4
        );
    }
}
