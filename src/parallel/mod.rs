//! Maps, pipelines and an executor over threads.
