//! Pipelines whose stages overlap in time.

mod entrance;
mod executor;
mod flow;
mod output;
mod report;
mod stage;
mod workers;

pub use executor::{Pipeline3, PipelineExecutor};
pub use output::PipelineOutput;
pub use report::{Bottleneck, PipelineReport, StageReport};
pub use stage::Stage;
