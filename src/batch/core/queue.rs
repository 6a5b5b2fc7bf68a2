//! Items in their places: a slab of entries, linked into one list for each lane and priority.

use std::collections::BTreeSet;

/// No entry.
const NONE: u32 = u32::MAX;

/// Names an item that was taken in; worthless once it has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    index: u32,
    seq: u64,
}

/// An item that waits.
pub(super) struct Entry<P> {
    /// `None`: the place is free, and `next` is the next free one.
    payload: Option<P>,
    pub(super) seq: u64,
    pub(super) lane: u32,
    pub(super) arrival: u64,
    pub(super) weight: u64,
    /// `u64::MAX`: none.
    pub(super) deadline: u64,
    /// Arrival minus the head start of its priority.
    pub(super) rank: i64,
    priority: u8,
    prev: u32,
    next: u32,
}

/// What an entry is made of.
pub(super) struct NewEntry<P> {
    pub(super) payload: P,
    pub(super) seq: u64,
    pub(super) lane: u32,
    pub(super) arrival: u64,
    pub(super) weight: u64,
    pub(super) deadline: u64,
    pub(super) rank: i64,
    pub(super) priority: u8,
}

/// The entries of one priority in a lane, the oldest first.
struct Level {
    priority: u8,
    head: u32,
    tail: u32,
}

/// The items of one key.
#[derive(Default)]
pub(super) struct Lane {
    levels: Vec<Level>,
    pub(super) count: usize,
    pub(super) weight: u128,
    pub(super) deadlines: BTreeSet<(u64, u64, u32)>,
}

pub(super) struct Slab<P> {
    entries: Vec<Entry<P>>,
    free: u32,
}

impl<P> Slab<P> {
    pub(super) fn new() -> Self {
        Slab { entries: Vec::new(), free: NONE }
    }

    pub(super) fn get(&self, index: u32) -> &Entry<P> {
        &self.entries[index as usize]
    }

    /// Arrival less head start, then the order of coming.
    pub(super) fn rank(&self, index: u32) -> (i64, u64) {
        let entry = self.get(index);
        (entry.rank, entry.seq)
    }

    /// Where the item of a ticket is, if it still waits.
    pub(super) fn find(&self, ticket: Ticket) -> Option<u32> {
        let entry = self.entries.get(ticket.index as usize)?;
        (entry.seq == ticket.seq && entry.payload.is_some()).then_some(ticket.index)
    }

    /// Puts an item at the end of its level.
    pub(super) fn push(&mut self, lane: &mut Lane, new: NewEntry<P>) -> Ticket {
        let NewEntry { payload, seq, lane: lane_id, arrival, weight, deadline, rank, priority } = new;
        let at = lane.levels.iter().position(|level| level.priority == priority).unwrap_or_else(|| {
            lane.levels.push(Level { priority, head: NONE, tail: NONE });
            lane.levels.len() - 1
        });
        let level = &mut lane.levels[at];
        let entry = Entry {
            payload: Some(payload),
            seq,
            lane: lane_id,
            arrival,
            weight,
            deadline,
            rank,
            priority,
            prev: level.tail,
            next: NONE,
        };
        let index = if self.free == NONE {
            self.entries.push(entry);
            (self.entries.len() - 1) as u32
        } else {
            let index = self.free;
            self.free = self.entries[index as usize].next;
            self.entries[index as usize] = entry;
            index
        };
        match level.tail {
            NONE => level.head = index,
            tail => self.entries[tail as usize].next = index,
        }
        level.tail = index;
        lane.count += 1;
        lane.weight += u128::from(weight);
        if deadline != u64::MAX {
            lane.deadlines.insert((deadline, seq, index));
        }
        Ticket { index, seq }
    }

    /// Takes an item out of its level.
    pub(super) fn remove(&mut self, lane: &mut Lane, index: u32) -> Option<P> {
        let entry = &mut self.entries[index as usize];
        let payload = entry.payload.take()?;
        let (prev, next, priority) = (entry.prev, entry.next, entry.priority);
        let (weight, deadline, seq) = (entry.weight, entry.deadline, entry.seq);
        entry.next = self.free;
        self.free = index;
        let level = lane.levels.iter_mut().find(|level| level.priority == priority)?;
        match prev {
            NONE => level.head = next,
            prev => self.entries[prev as usize].next = next,
        }
        match next {
            NONE => level.tail = prev,
            next => self.entries[next as usize].prev = prev,
        }
        lane.count -= 1;
        lane.weight -= u128::from(weight);
        if deadline != u64::MAX {
            lane.deadlines.remove(&(deadline, seq, index));
        }
        Some(payload)
    }

    /// The item that goes next: the smallest rank, the earlier of two equal ones.
    pub(super) fn head(&self, lane: &Lane) -> Option<u32> {
        let heads = lane.levels.iter().filter(|level| level.head != NONE).map(|level| level.head);
        heads.min_by_key(|head| self.rank(*head))
    }

    /// When the item came that has waited longest.
    pub(super) fn oldest(&self, lane: &Lane) -> Option<u64> {
        let heads = lane.levels.iter().filter(|level| level.head != NONE);
        heads.map(|level| self.get(level.head).arrival).min()
    }
}
