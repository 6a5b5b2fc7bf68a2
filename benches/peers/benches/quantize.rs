//! A part of the report, printed: `cargo bench -p omnilane-peers --bench quantize`.

fn main() {
    if let Some(section) = omnilane_peers::sections::measure("quantize") {
        section.print();
    }
}
