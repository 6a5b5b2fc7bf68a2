//! The queue of each key, which of them may send a batch, and whose turn it is.

use super::Taken;
use super::queue::{Lane, NewEntry, Slab, Ticket};
use crate::batch::config::Policy;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

/// Empty lanes that are kept for the next item of their key.
const KEPT: usize = 16;

/// Where a lane stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Empty.
    Empty,
    /// Nothing may leave yet. When its oldest item came, and its next deadline: the keys under which it is filed.
    Waiting { oldest: u64, deadline: u64 },
    /// A batch may leave, and the lane can pay for it. The rank of its first item.
    Active(Rank),
    /// A batch may leave when the next round begins.
    Spent,
}

/// Of two, the smaller goes first; the number decides between items that came together.
type Rank = (i64, u64);

struct Slot<K> {
    key: Option<K>,
    lane: Lane,
    place: Place,
    /// The deadline under which `expiries` has it, or `u64::MAX`.
    expiry: u64,
    /// What it may still spend in this round.
    credit: u64,
}

pub(super) struct Lanes<P, K> {
    slab: Slab<P>,
    slots: Vec<Slot<K>>,
    by_key: HashMap<K, u32>,
    free: Vec<u32>,
    /// The lane that took the last item: most often it takes the next one, too.
    last: u32,
    /// Empty lanes that keep their key.
    empty: usize,
    by_oldest: BTreeSet<(u64, u32)>,
    by_deadline: BTreeSet<(u64, u32)>,
    expiries: BTreeSet<(u64, u32)>,
    active: BTreeSet<(Rank, u32)>,
    spent: BTreeSet<u32>,
    weight: u128,
    wait: u64,
    max: usize,
    preferred: usize,
    max_weight: u64,
    quantum: u64,
    by_weight: bool,
    closed: bool,
}

impl<P, K: Eq + Hash + Clone> Lanes<P, K> {
    pub(super) fn new(policy: &Policy) -> Self {
        Lanes {
            slab: Slab::new(),
            slots: Vec::new(),
            by_key: HashMap::new(),
            free: Vec::new(),
            last: 0,
            empty: 0,
            by_oldest: BTreeSet::new(),
            by_deadline: BTreeSet::new(),
            expiries: BTreeSet::new(),
            active: BTreeSet::new(),
            spent: BTreeSet::new(),
            weight: 0,
            wait: policy.wait(),
            max: policy.config.max_batch_size,
            preferred: policy.config.preferred_batch_size,
            max_weight: policy.max_weight.unwrap_or(u64::MAX),
            quantum: policy.quantum(),
            by_weight: policy.max_weight.is_some(),
            closed: false,
        }
    }

    pub(super) fn weight(&self) -> u128 {
        self.weight
    }

    pub(super) fn quantum(&self) -> u64 {
        self.quantum
    }

    pub(super) fn size(&self) -> usize {
        self.preferred
    }

    /// Batches leave at another size from now on.
    pub(super) fn set_size(&mut self, size: usize, now: u64, estimate: u64) {
        if (size, size) != (self.preferred, self.max) {
            (self.preferred, self.max) = (size, size);
            self.refresh_all(now, estimate);
        }
    }

    pub(super) fn close(&mut self, now: u64, estimate: u64) {
        self.closed = true;
        self.refresh_all(now, estimate);
    }

    fn refresh_all(&mut self, now: u64, estimate: u64) {
        for id in 0..self.slots.len() as u32 {
            self.refresh(id, now, estimate);
        }
    }

    pub(super) fn push(&mut self, key: K, mut new: NewEntry<P>, now: u64, estimate: u64) -> Ticket {
        let id = self.lane_of(key);
        new.lane = id;
        self.weight += u128::from(new.weight);
        let ticket = self.slab.push(&mut self.slots[id as usize].lane, new);
        self.refresh(id, now, estimate);
        ticket
    }

    fn lane_of(&mut self, key: K) -> u32 {
        let known = match self.slots.get(self.last as usize) {
            Some(slot) if slot.key.as_ref() == Some(&key) => Some(self.last),
            _ => self.by_key.get(&key).copied(),
        };
        let id = known.unwrap_or_else(|| {
            let slot = Slot {
                key: Some(key.clone()),
                lane: Lane::default(),
                place: Place::Empty,
                expiry: u64::MAX,
                credit: 0,
            };
            self.empty += 1;
            let id = match self.free.pop() {
                Some(id) => {
                    self.slots[id as usize] = slot;
                    id
                }
                None => {
                    self.slots.push(slot);
                    (self.slots.len() - 1) as u32
                }
            };
            self.by_key.insert(key, id);
            id
        });
        self.last = id;
        id
    }

    /// Takes an item out of its queue.
    fn remove(&mut self, index: u32) -> Option<P> {
        let entry = self.slab.get(index);
        let (id, weight) = (entry.lane, entry.weight);
        let payload = self.slab.remove(&mut self.slots[id as usize].lane, index)?;
        self.weight -= u128::from(weight);
        Some(payload)
    }

    pub(super) fn holds(&self, ticket: Ticket) -> bool {
        self.slab.find(ticket).is_some()
    }

    pub(super) fn cancel(&mut self, ticket: Ticket, now: u64, estimate: u64) -> Option<P> {
        let index = self.slab.find(ticket)?;
        let id = self.slab.get(index).lane;
        let payload = self.remove(index);
        self.refresh(id, now, estimate);
        payload
    }

    /// An item whose deadline is not after `now`.
    pub(super) fn expire(&mut self, now: u64) -> Option<P> {
        let (deadline, id) = *self.expiries.first()?;
        if deadline > now {
            return None;
        }
        let &(_, _, index) = self.slots[id as usize].lane.deadlines.first()?;
        let payload = self.remove(index);
        // What is due for its deadline is found when a batch is asked for, so the estimate does not matter here.
        self.refresh(id, now, 0);
        payload
    }

    pub(super) fn next_expiry(&self) -> Option<u64> {
        self.expiries.first().map(|(deadline, _)| *deadline)
    }

    /// When the first lane may send a batch.
    pub(super) fn next_batch(&self, now: u64, estimate: u64) -> Option<u64> {
        if !self.active.is_empty() || !self.spent.is_empty() {
            return Some(now);
        }
        let by_wait = self.by_oldest.first().map(|(oldest, _)| oldest.saturating_add(self.wait));
        let by_deadline = self.by_deadline.first().map(|(deadline, _)| deadline.saturating_sub(estimate));
        by_wait.into_iter().chain(by_deadline).min()
    }

    /// Moves lanes whose time has come to those that may send.
    fn promote(&mut self, now: u64, estimate: u64) {
        while let Some(&(oldest, id)) = self.by_oldest.first()
            && oldest.saturating_add(self.wait) <= now
        {
            self.refresh(id, now, estimate);
        }
        while let Some(&(deadline, id)) = self.by_deadline.first()
            && deadline.saturating_sub(estimate) <= now
        {
            self.refresh(id, now, estimate);
        }
    }

    pub(super) fn ready(&mut self, now: u64, estimate: u64) -> bool {
        self.promote(now, estimate);
        !self.active.is_empty() || !self.spent.is_empty()
    }

    /// Whether a batch of the lane may leave.
    fn may_leave(&self, lane: &Lane, oldest: u64, now: u64, estimate: u64) -> bool {
        lane.count >= self.preferred
            || (self.by_weight && lane.weight >= u128::from(self.max_weight))
            || self.closed
            || oldest.saturating_add(self.wait) <= now
            || lane.deadlines.first().is_some_and(|(deadline, ..)| deadline.saturating_sub(estimate) <= now)
    }

    /// Items in the lane's next batch, if weights do not make it shorter.
    fn batch_size(&self, lane: &Lane) -> usize {
        let most = lane.count.min(self.max);
        if most >= self.preferred { most / self.preferred * self.preferred } else { most }
    }

    /// What the lane must be able to spend for a batch: never more than a round's share.
    fn cost(&self, lane: &Lane) -> u64 {
        if self.by_weight { lane.weight.min(u128::from(self.quantum)) as u64 } else { self.batch_size(lane) as u64 }
    }

    /// Files a lane where it belongs after a change.
    fn refresh(&mut self, id: u32, now: u64, estimate: u64) {
        let slot = &self.slots[id as usize];
        let next_deadline = slot.lane.deadlines.first().map_or(u64::MAX, |(deadline, ..)| *deadline);
        let place = match (self.slab.oldest(&slot.lane), self.slab.head(&slot.lane)) {
            (Some(oldest), Some(head)) => {
                if !self.may_leave(&slot.lane, oldest, now, estimate) {
                    Place::Waiting { oldest, deadline: next_deadline }
                } else if self.cost(&slot.lane) <= slot.credit {
                    Place::Active(self.slab.rank(head))
                } else {
                    Place::Spent
                }
            }
            _ => Place::Empty,
        };
        let (was, expiry) = (slot.place, slot.expiry);
        if expiry != next_deadline {
            self.expiries.remove(&(expiry, id));
            if next_deadline != u64::MAX {
                self.expiries.insert((next_deadline, id));
            }
            self.slots[id as usize].expiry = next_deadline;
        }
        if was == place {
            return;
        }
        match was {
            Place::Empty => self.empty -= 1,
            Place::Waiting { oldest, deadline } => {
                self.by_oldest.remove(&(oldest, id));
                self.by_deadline.remove(&(deadline, id));
            }
            Place::Active(rank) => _ = self.active.remove(&(rank, id)),
            Place::Spent => _ = self.spent.remove(&id),
        }
        self.slots[id as usize].place = place;
        match place {
            Place::Empty => self.retire(id),
            Place::Waiting { oldest, deadline } => {
                self.by_oldest.insert((oldest, id));
                if deadline != u64::MAX {
                    self.by_deadline.insert((deadline, id));
                }
            }
            Place::Active(rank) => _ = self.active.insert((rank, id)),
            Place::Spent => _ = self.spent.insert(id),
        }
    }

    /// An empty lane has nothing to its credit, and does not stay if there are many.
    fn retire(&mut self, id: u32) {
        let slot = &mut self.slots[id as usize];
        slot.credit = 0;
        if self.empty < KEPT {
            self.empty += 1;
        } else if let Some(key) = slot.key.take() {
            self.by_key.remove(&key);
            self.free.push(id);
        }
    }

    /// The next batch, its items given to `each` with their arrival.
    pub(super) fn take(&mut self, now: u64, estimate: u64, mut each: impl FnMut(P, u64)) -> Option<Taken> {
        let id = self.turn(now, estimate)?;
        let size = self.batch_size(&self.slots[id as usize].lane);
        let (mut taken, mut weight) = (0, 0u64);
        while taken < size {
            let lane = &self.slots[id as usize].lane;
            let Some(head) = self.slab.head(lane) else { break };
            let with = weight.saturating_add(self.slab.get(head).weight);
            // The first one goes even if it is too heavy for others beside it.
            if taken > 0 && with > self.max_weight {
                break;
            }
            weight = with;
            let arrival = self.slab.get(head).arrival;
            if let Some(payload) = self.remove(head) {
                each(payload, arrival);
            }
            taken += 1;
        }
        let full = taken == self.max || taken < size || (self.by_weight && weight >= self.max_weight);
        let slot = &mut self.slots[id as usize];
        let cost = if self.by_weight { weight.min(self.quantum) } else { taken as u64 };
        slot.credit = slot.credit.saturating_sub(cost);
        self.refresh(id, now, estimate);
        Some(Taken { size: taken, weight, full })
    }

    /// The lane whose turn it is: of those that may send and can pay, the one whose first item ranks first. If none can pay,
    /// a new round begins, and each lane that may send gets its share.
    fn turn(&mut self, now: u64, estimate: u64) -> Option<u32> {
        self.promote(now, estimate);
        loop {
            if let Some(&(rank, id)) = self.active.first() {
                // The estimate may have changed since the lane was filed.
                self.refresh(id, now, estimate);
                if self.slots[id as usize].place == Place::Active(rank) {
                    return Some(id);
                }
                continue;
            }
            let mut next = self.spent.first().copied();
            next?;
            while let Some(id) = next {
                self.refresh(id, now, estimate);
                if self.slots[id as usize].place == Place::Spent {
                    let slot = &mut self.slots[id as usize];
                    slot.credit = slot.credit.saturating_add(self.quantum);
                    self.refresh(id, now, estimate);
                }
                next = self.spent.range(id + 1..).next().copied();
            }
        }
    }

    /// Takes everything out, in the order of its coming.
    pub(super) fn drain(&mut self) -> Vec<P> {
        let mut all = Vec::new();
        for id in 0..self.slots.len() as u32 {
            while let Some(head) = self.slab.head(&self.slots[id as usize].lane) {
                let seq = self.slab.get(head).seq;
                all.extend(self.remove(head).map(|payload| (seq, payload)));
            }
            self.refresh(id, 0, 0);
        }
        all.sort_by_key(|(seq, _)| *seq);
        all.into_iter().map(|(_, payload)| payload).collect()
    }
}
