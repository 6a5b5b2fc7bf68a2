//! A part of the report, printed: `cargo bench -p omnilane-peers --bench integers`.

fn main() {
    if let Some(section) = omnilane_peers::sections::measure("integers") {
        section.print();
    }
}
