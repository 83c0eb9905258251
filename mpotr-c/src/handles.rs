//! What handles stand for. A handle is a number that was never given out before, dressed as a pointer: nobody follows it. So
//! one that was freed is told from one that was not, and what is freed while another thread uses it lasts until that call is over.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use mpotr_json::Failure;

/// The next handle, of whatever kind: no number is of two kinds.
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// What there is of one kind.
#[derive(Debug)]
pub(crate) struct Handles<T> {
    kept: Mutex<BTreeMap<usize, Arc<Mutex<T>>>>,
}

impl<T> Handles<T> {
    pub(crate) const fn new() -> Self {
        let kept = Mutex::new(BTreeMap::new());
        Self { kept }
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<Mutex<T>>>> {
        // Nothing is done under this lock that could leave it half done.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps something under a new handle.
    ///
    /// # Errors
    /// There are no more numbers.
    pub(crate) fn keep(&self, it: T) -> Result<usize, Failure> {
        let next = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |it| it.checked_add(1));
        let handle = next.map_err(|_last| Failure::internal())?;
        self.kept().insert(handle, Arc::new(Mutex::new(it)));
        Ok(handle)
    }

    /// Does something with what a handle stands for. A panic within leaves it poisoned.
    ///
    /// # Errors
    /// `closed`: it stands for nothing. `busy`: another thread is at it. `internal`: it is poisoned. Or that of the work.
    pub(crate) fn with<R>(
        &self,
        handle: usize,
        work: impl FnOnce(&mut T) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let found = self.kept().get(&handle).map(Arc::clone);
        let found = found.ok_or_else(closed)?;
        match found.try_lock() {
            Ok(mut it) => work(&mut it),
            Err(TryLockError::WouldBlock) => Err(busy()),
            Err(TryLockError::Poisoned(_)) => Err(Failure::internal()),
        }
    }

    /// Takes what a handle stands for out.
    ///
    /// # Errors
    /// `closed`: it stands for nothing. `busy`: another thread is at it; the handle is free all the same.
    pub(crate) fn take(&self, handle: usize) -> Result<T, Failure> {
        let found = self.kept().remove(&handle).ok_or_else(closed)?;
        let only = Arc::try_unwrap(found).map_err(|_shared| busy())?;
        only.into_inner().map_err(|_poisoned| Failure::internal())
    }

    /// Frees a handle. What it stands for is dropped now, or when the call of another thread is over.
    pub(crate) fn free(&self, handle: usize) {
        let freed = self.kept().remove(&handle);
        // Not under the lock: it takes its time to wipe a room.
        drop(freed);
    }
}

fn closed() -> Failure {
    Failure::new(-32_000, "closed", "the handle is of nothing, or was freed")
}

fn busy() -> Failure {
    Failure::new(
        -32_000,
        "busy",
        "another thread is in a call with this handle",
    )
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc;
    use std::thread;

    use super::Handles;

    fn code<R>(done: Result<R, mpotr_json::Failure>) -> String {
        done.err()
            .map(|it| it.code().to_owned())
            .unwrap_or_default()
    }

    #[test]
    fn what_was_freed_is_closed_and_its_number_is_never_given_out_again() {
        let handles = Handles::new();
        let first = handles.keep(1).unwrap();
        assert_eq!(handles.with(first, |it| Ok(*it)), Ok(1));
        handles.free(first);
        handles.free(first);
        assert_eq!(code(handles.with(first, |_| Ok(()))), "closed");
        assert_eq!(code(handles.take(first)), "closed");
        assert_eq!(code(handles.with(0, |_| Ok(()))), "closed");
        assert_ne!(handles.keep(2).unwrap(), first);
    }

    #[test]
    fn a_panic_poisons_one_handle_and_no_other() {
        let handles = Handles::new();
        let [broken, whole] = [(); 2].map(|()| handles.keep(1).unwrap());
        let fault = || handles.with::<()>(broken, |_| panic!("a fault, for this test"));
        assert!(catch_unwind(AssertUnwindSafe(fault)).is_err());
        assert_eq!(code(handles.with(broken, |_| Ok(()))), "internal");
        assert_eq!(handles.with(whole, |it| Ok(*it)), Ok(1));
        handles.free(broken);
        assert_eq!(code(handles.with(broken, |_| Ok(()))), "closed");
    }

    #[test]
    fn a_second_thread_is_told_that_the_first_is_busy_and_may_free_it_meanwhile() {
        let handles = Handles::new();
        let handle = handles.keep(1).unwrap();
        let (entered, inside) = mpsc::channel();
        let (go_on, waits) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let of_all = &handles;
            let first = scope.spawn(move || {
                of_all.with(handle, |it| {
                    entered.send(()).unwrap();
                    waits.recv().unwrap();
                    *it += 1;
                    Ok(*it)
                })
            });
            inside.recv().unwrap();
            assert_eq!(code(handles.with(handle, |_| Ok(()))), "busy");
            handles.free(handle);
            assert_eq!(code(handles.with(handle, |_| Ok(()))), "closed");
            go_on.send(()).unwrap();
            assert_eq!(first.join().unwrap(), Ok(2));
        });
    }
}
