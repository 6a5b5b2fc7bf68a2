//! A part of the report, printed: `cargo bench -p omnilane-peers --bench memory`.

fn main() {
    if let Some(section) = omnilane_peers::sections::measure("memory") {
        section.print();
    }
}
