//! Those who wait for a place in the queue, in the order in which they came.

use std::collections::{BTreeMap, BTreeSet};

/// What became of somebody at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// A place is kept for them.
    Granted,
    /// Their deadline came first.
    Expired,
    /// The batcher was closed first.
    Closed,
}

#[derive(Default)]
pub(super) struct Gate {
    /// Deadlines by number; `u64::MAX` is none.
    line: BTreeMap<u64, u64>,
    deadlines: BTreeSet<(u64, u64)>,
    next: u64,
}

impl Gate {
    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    pub(super) fn join(&mut self, deadline: u64) -> u64 {
        let number = self.next;
        self.next += 1;
        self.line.insert(number, deadline);
        if deadline != u64::MAX {
            self.deadlines.insert((deadline, number));
        }
        number
    }

    /// Whether they were there.
    pub(super) fn leave(&mut self, number: u64) -> bool {
        let found = self.line.remove(&number);
        found.inspect(|deadline| _ = self.deadlines.remove(&(*deadline, number))).is_some()
    }

    pub(super) fn first(&mut self) -> Option<u64> {
        let (number, deadline) = self.line.pop_first()?;
        self.deadlines.remove(&(deadline, number));
        Some(number)
    }

    pub(super) fn next_deadline(&self) -> Option<u64> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    pub(super) fn expired(&mut self, now: u64) -> Option<u64> {
        let (deadline, number) = *self.deadlines.first()?;
        (deadline <= now).then(|| {
            self.leave(number);
            number
        })
    }
}
