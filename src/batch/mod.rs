//! A dynamic batcher.
