//! The primitives that the layers share memory with, so that loom can take their place in a model.

#[cfg(loom)]
#[allow(unused_imports, reason = "a layer may be off")]
pub(crate) use loom::{sync, thread};
#[cfg(not(loom))]
#[allow(unused_imports, reason = "a layer may be off")]
pub(crate) use std::{sync, thread};
