//! Prints a crate's public API, one item a line, from the JSON that rustdoc wrote about it.

use std::error::Error;
use std::io::Write;

/// What the compiler finds out by itself and nobody counts on, and what a derived `impl` says again.
const NOISE: [&str; 8] = [
    " core::marker::Freeze for ",
    " core::marker::StructuralPartialEq for ",
    " core::marker::Unpin for ",
    " core::marker::UnsafeUnpin for ",
    "::UnwindSafe for ",
    "::RefUnwindSafe for ",
    "::fmt(&self, &mut core::fmt::Formatter<'_>) -> core::fmt::Result",
    "::clone(&self) -> ",
];

fn main() -> Result<(), Box<dyn Error>> {
    let json = std::env::args_os().nth(1).ok_or("the path of a rustdoc JSON file is missing")?;
    let api = public_api::Builder::from_rustdoc_json(json).omit_blanket_impls(true).build()?;
    let mut out = std::io::stdout().lock();
    for item in api.items() {
        let line = item.to_string();
        if !NOISE.iter().any(|noise| line.contains(noise)) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
