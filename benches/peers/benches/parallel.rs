//! A part of the report, printed: `cargo bench -p omnilane-peers --bench parallel`.

fn main() {
    if let Some(section) = omnilane_peers::sections::measure("parallel") {
        section.print();
    }
}
