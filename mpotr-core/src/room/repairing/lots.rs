//! Who asks and who answers, and when: drawn by lot, so that few do at one time. `docs/spec/06-epochs.md`, "Anyone repairs".

use mpotr_gka::MemberIndex;

use crate::time::{Duration, Timestamp, part};

/// So many of those who hold something send it again at once.
const HELPERS: usize = 2;
/// So many more do if those and the author have not.
const RESERVES: usize = 3;
/// Moments are drawn of so many.
pub(super) const LOTS: u32 = 256;
/// A hundredth of a round trip.
const HUNDREDTH: u32 = 100;
/// The first question waits for this part of a round trip after a step began, and each further one until those have answered who
/// answer at once; all for up to half a round trip more, by lot.
pub(super) const FIRST_QUESTION: u32 = 100;
const NEXT_QUESTIONS: [u32; 2] = [130, 150];
pub(super) const QUESTION_LOT: u32 = 50;
/// After so many questions of one step each waits twice as long as the one before: what has not come by then is not lost on the
/// way, but is not there.
const EAGER_QUESTIONS: u32 = 60;
/// The wait doubles so many times at most.
const QUESTION_DOUBLINGS: u32 = 3;
/// Who sees that others are ahead asks sooner: after a quarter, and up to half more.
pub(super) const AHEAD: u32 = 25;
pub(super) const AHEAD_LOT: u32 = 50;
/// When those answer who do: the least, and by how much more at most.
pub(super) const HELPER_AFTER: (u32, u32) = (5, 5);
const AUTHOR_AFTER: (u32, u32) = (50, 50);
const RESERVE_AFTER: (u32, u32) = (75, 75);

/// When the next question follows, after so many of the same step, in hundredths of a round trip.
pub(super) fn next_question(asked: u32) -> u32 {
    let place = usize::try_from(asked).unwrap_or(usize::MAX);
    let after = NEXT_QUESTIONS.get(place).or(NEXT_QUESTIONS.last());
    let after = after.copied().unwrap_or(FIRST_QUESTION);
    let doublings = asked.saturating_sub(EAGER_QUESTIONS);
    after.saturating_mul(2_u32.saturating_pow(doublings.min(QUESTION_DOUBLINGS)))
}

/// A number that all draw alike from the same bytes (FNV-1a): who answers is no secret.
pub(super) fn lot(parts: &[&[u8]]) -> u32 {
    let bytes = parts.iter().flat_map(|part| part.iter());
    bytes.fold(0x811c_9dc5, |lot: u32, byte| {
        (lot ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// What names a member in a lot: the same bytes on every platform, for all draw alike.
pub(super) fn bytes_of(member: MemberIndex) -> [u8; 8] {
    u64::from(member.get()).to_be_bytes()
}

/// So many hundredths of a round trip, and up to so many more by lot.
pub(super) fn moment(round_trip: Duration, least: u32, more: u32, lot: u32) -> Duration {
    let hundredth = part(round_trip, HUNDREDTH);
    let drawn = part(hundredth.saturating_mul(more), LOTS).saturating_mul(lot % LOTS);
    hundredth.saturating_mul(least).saturating_add(drawn)
}

/// A question that members draw their turns from.
pub(in crate::room) struct Question<'a> {
    /// What differs from one question to another.
    pub(in crate::room) seed: &'a [u8],
    pub(in crate::room) me: MemberIndex,
    pub(in crate::room) members: usize,
}

impl Question<'_> {
    /// When this member answers with what is an author's; `None` if it leaves that to others.
    pub(in crate::room) fn turn(
        &self,
        now: Timestamp,
        round_trip: Duration,
        author: MemberIndex,
    ) -> Option<Timestamp> {
        // What is asked for at once is answered at once, by the same, in as few packets as it takes.
        let drawn = lot(&[self.seed]);
        let own = lot(&[self.seed, &bytes_of(self.me)]);
        let first = usize::try_from(drawn).unwrap_or(0);
        let rank = first
            .wrapping_add(self.me.place())
            .checked_rem(self.members)?;
        let (least, more) = if rank < HELPERS {
            HELPER_AFTER
        } else if author == self.me {
            AUTHOR_AFTER
        } else if rank < HELPERS.saturating_add(RESERVES) {
            RESERVE_AFTER
        } else {
            return None;
        };
        Some(now.after(moment(round_trip, least, more, own >> 8)))
    }
}

#[cfg(test)]
mod tests {
    use super::{HELPERS, MemberIndex, Question, RESERVES, moment, next_question};
    use crate::time::{Duration, Timestamp};

    const NOW: Timestamp = Timestamp::from_millis(1000);
    const ROUND_TRIP: Duration = Duration::from_secs(1);

    /// When each of so many answers with what is the first one's.
    fn turns(seed: &[u8], members: usize) -> Vec<Option<u64>> {
        let turn = |me| {
            let question = Question { seed, me, members };
            let turn = question.turn(NOW, ROUND_TRIP, MemberIndex::new(0))?;
            Some(turn.since(NOW).as_millis().try_into().unwrap())
        };
        MemberIndex::all(members).map(turn).collect()
    }

    #[test]
    fn two_answer_at_once_and_few_after_the_author() {
        let mut has_author_helped = false;
        for seed in 0..50_u8 {
            let turns = turns(&[seed], 25);
            let within = |from: u64, to: u64| {
                let answering = turns.iter().flatten();
                answering.filter(|it| (from..=to).contains(*it)).count()
            };
            let (soon, author) = (within(50, 100), turns[0].unwrap());
            assert_eq!(soon, HELPERS);
            let is_helper = (50..=100).contains(&author);
            has_author_helped |= is_helper;
            assert!(is_helper || (500..=1000).contains(&author));
            let others: Vec<_> = turns[1..].iter().copied().flatten().collect();
            let late = others.iter().filter(|it| (750..=1500).contains(*it));
            let late = late.count();
            assert!((RESERVES - 1..=RESERVES).contains(&late), "{turns:?}");
            assert_eq!(others.len() + usize::from(is_helper), soon + late);
        }
        assert!(has_author_helped);
        // Others with each question.
        assert_ne!(turns(&[1], 25), turns(&[2], 25));
    }

    /// Who answers at once answers all of a question, so that it fits into few packets.
    #[test]
    fn the_same_two_answer_all_of_a_question() {
        let helps = |author, me| {
            let (me, members) = (MemberIndex::new(me), 25);
            let question = Question {
                seed: &[7],
                me,
                members,
            };
            let turn = question.turn(NOW, ROUND_TRIP, MemberIndex::new(author));
            turn.is_some_and(|turn| turn.since(NOW) <= Duration::from_millis(100))
        };
        for me in 0..25 {
            assert!((1..25).all(|author| helps(author, me) == helps(0, me)));
        }
    }

    #[test]
    fn a_moment_is_within_what_is_said() {
        for lot in 0..1000 {
            let moment = moment(ROUND_TRIP, 100, 50, lot).as_millis();
            assert!((1000..1500).contains(&moment), "{moment}");
        }
    }

    #[test]
    fn who_asks_in_vain_asks_ever_more_seldom() {
        let waits: Vec<_> = (0..66).map(next_question).collect();
        assert_eq!(waits[..4], [130, 150, 150, 150]);
        assert_eq!(waits[60..], [150, 300, 600, 1200, 1200, 1200]);
    }
}
