//! That a member has said two things in one place is told once in each epoch, with two ids for it.

use mpotr_core::Event;

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let Event::Equivocation {
        author, ids, seq, ..
    } = seen.event
    else {
        return Ok(());
    };
    let [one, other] = ids;
    if one == other {
        return Err(format!("was told that {author} said {one} twice"));
    }
    let here = seen.before.person(seen.seat);
    if here.is_some_and(|here| here.accused.contains(author)) {
        return Err(format!(
            "was told again that {author} said two things, at {seq}"
        ));
    }
    Ok(())
}
