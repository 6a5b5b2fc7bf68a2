//! What is measured, part by part.

mod batch;
mod images;
pub(crate) mod integers;
mod quantize;
mod rust;

use crate::machine::{self, Machine};
use crate::measure::{Bar, Spread};
use serde::{Deserialize, Serialize};

/// A part of the report, as it is kept between runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Section {
    /// Its name for `--only`.
    pub name: String,
    /// Its heading.
    pub title: String,
    /// When.
    pub date: String,
    /// Of which commit; with `+` where files differed from it.
    #[serde(default)]
    pub revision: String,
    /// Where.
    pub machine: Machine,
    /// Names and versions of those beside which it measures.
    pub peers: Vec<String>,
    /// What a reader must know.
    pub notes: Vec<String>,
    /// Promises.
    pub bars: Vec<Bar>,
    /// Comparisons.
    pub rivals: Vec<Rival>,
    /// Growth with size.
    pub growth: Option<Growth>,
}

/// How many times faster than a peer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rival {
    /// What both do.
    pub what: String,
    /// The other; `copy` is a plain copy of as many bytes.
    pub peer: String,
    /// The peer's time divided by ours.
    pub ratio: Spread,
}

/// Speeds by size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Growth {
    /// Sides of square pictures.
    pub sides: Vec<usize>,
    /// Megapixels per second of each competitor at each size.
    pub lines: Vec<(String, Vec<f64>)>,
}

/// For a bar whose miss nobody has looked into.
const UNEXPLAINED: &str = "not explained yet";

/// The names of all sections, in the order of the report.
pub const NAMES: [&str; 11] = [
    "bars",
    "gray",
    "gray_rgb",
    "threshold",
    "normalize",
    "quantize",
    "integers",
    "memory",
    "parallel",
    "batch",
    "soak",
];

impl Section {
    fn new(name: &str, title: &str) -> Section {
        Section {
            name: name.into(),
            title: title.into(),
            date: machine::date(),
            revision: machine::revision(),
            machine: machine::this(),
            peers: Vec::new(),
            notes: Vec::new(),
            bars: Vec::new(),
            rivals: Vec::new(),
            growth: None,
        }
    }

    fn rival(&mut self, what: impl Into<String>, peer: &str, ratio: Spread) {
        self.rivals.push(Rival { what: what.into(), peer: peer.into(), ratio });
    }

    /// For the terminal.
    pub fn print(&self) {
        println!("{} ({})", self.title, self.peers.join(", "));
        self.bars.iter().for_each(|bar| println!("  {}", bar.line()));
        for Rival { what, peer, ratio } in &self.rivals {
            println!("  {what}: {:.2} ({:.2} to {:.2}) times as fast as {peer}", ratio.value, ratio.low, ratio.high);
        }
        self.notes.iter().for_each(|note| println!("  {note}"));
    }
}

/// Measures a section.
pub fn measure(name: &str) -> Option<Section> {
    Some(match name {
        "bars" => {
            let mut section = Section::new(name, "Bars beside Scalar, image and plain copies");
            section.peers = machine::versions(&["image"]);
            section.bars = crate::kernel_bars::all();
            section
        }
        "gray" | "gray_rgb" | "threshold" | "normalize" => images::measure(name),
        "quantize" => quantize::measure(),
        "integers" => integers::measure(),
        "memory" => rust::memory(),
        "parallel" => rust::parallel(),
        "batch" => batch::measure(),
        "soak" => batch::soak(),
        _ => return None,
    })
}
