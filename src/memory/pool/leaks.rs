//! Which buffers are out, and who took them.

use super::core::lock;
use crate::sync::sync::Mutex;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;

/// A buffer that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outstanding {
    /// Its memory in bytes.
    pub bytes: usize,
    /// The call that took it.
    pub taken_at: &'static Location<'static>,
}

/// The buffers of a pool that are out, in the order in which they were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeakReport {
    /// One entry for each buffer.
    pub outstanding: Vec<Outstanding>,
}

impl fmt::Display for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} buffers are out", self.outstanding.len())?;
        for buffer in &self.outstanding {
            write!(f, "\n  {} bytes, taken at {}", buffer.bytes, buffer.taken_at)?;
        }
        Ok(())
    }
}

/// Who took what.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    calls: u64,
    /// By address, with the number of the call.
    buffers: BTreeMap<usize, (u64, Outstanding)>,
}

impl Tracker {
    pub fn add(&self, address: usize, bytes: usize, taken_at: &'static Location<'static>) {
        let mut taken = lock(&self.taken);
        taken.calls += 1;
        let number = taken.calls;
        taken.buffers.insert(address, (number, Outstanding { bytes, taken_at }));
    }

    pub fn remove(&self, address: usize) {
        lock(&self.taken).buffers.remove(&address);
    }

    pub fn report(&self) -> LeakReport {
        let mut all: Vec<_> = lock(&self.taken).buffers.values().copied().collect();
        all.sort_unstable_by_key(|(number, _)| *number);
        LeakReport { outstanding: all.into_iter().map(|(_, buffer)| buffer).collect() }
    }
}
