//! Every lane operation on every instruction set of this machine against its definition.
//!
//! And no operation is untested: the public functions in the text of `src/lanes`, element by element, against what the tests
//! in `ops` say they ran; and every raw operation of the contract has somebody who calls it.

#[path = "ops/mod.rs"]
mod ops;

use omnilane::cpu::Isa;
use omnilane::lanes::{Simd, Vector};
use omnilane::token::{self, Reference};
use std::collections::{BTreeMap, BTreeSet};

/// The folder of `src`.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Files of `src/lanes` without lane operations: traits, re-exports, and the loops over slices, which have other tests.
const OTHER_FILES: [&str; 6] = ["drivers.rs", "element.rs", "error.rs", "mod.rs", "reductions.rs", "simd.rs"];

/// Public functions that are no operations on lanes.
const NO_OPERATION: [&str; 1] = [
    "simd", // gives the token back
];

/// Operations whose tests are not in `ops`: the names, and the file that mentions each of them.
const TESTED_ELSEWHERE: [(&[&str], &str); 1] =
    // Their definition is a polynomial, not one operation of the contract: other bounds, other sweeps.
    [(&["exp", "ln", "log2", "pow", "tanh", "sigmoid"], "tests/math.rs")];

/// Macros that make public functions; [`expand`] knows how.
const MACROS: [&str; 4] = ["widen4", "planes", "float_methods", "forward"];

const ALL: &str = "u8 i8 u16 i16 u32 i32 u64 i64 f32 f64 f16 bf16";

/// The elements that a bound in an `impl` lets in.
fn elements_of(bound: &str) -> BTreeSet<&str> {
    let list = match bound {
        "Element" => ALL,
        "Num" => "u8 i8 u16 i16 u32 i32 u64 i64 f32 f64",
        "Signed" => "i8 i16 i32 i64 f32 f64",
        "Int" => "u8 i8 u16 i16 u32 i32 u64 i64",
        "Saturating" => "u8 i8 u16 i16 u32 i32",
        "Float" => "f32 f64",
        "Widen" => "u8 i8 u16 i16 u32 i32 f32 f16 bf16",
        "ToFloat" => "u32 i32 u64 i64",
        _ => panic!("ops.rs does not know the elements of `{bound}`"),
    };
    list.split(' ').collect()
}

/// Operations that a `where` clause of their own keeps from some of the elements of their `impl`.
fn narrowed<'a>(op: &str, elements: BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let only = match op {
        "gather" | "scatter" => "u32 i32 u64 i64 f32 f64", // T::Bits: Gathered
        "narrow_saturating" | "mul_wide" => "u8 i8 u16 i16 u32 i32", // the results, the operands of `Narrow`, `Widen + Int`
        _ => return elements,
    };
    elements.into_iter().filter(|e| only.split(' ').any(|o| o == *e)).collect()
}

fn read(path: &str) -> String {
    let path = format!("{ROOT}/{path}");
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The lines of a file without comments.
fn code(text: &str) -> String {
    text.lines().filter(|l| !l.trim_start().starts_with("//")).map(|l| format!("{l}\n")).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty())
}

/// The name that a function's text starts with.
fn name(text: &str) -> &str {
    words(text).next().unwrap_or_default()
}

/// The text between `start` and the next `end` for each place where `start` is.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).map(|rest| rest.split(end).next().unwrap_or_default()).collect()
}

/// Where an `impl` or a macro puts functions: in front of their names, and for which elements.
#[derive(Clone, Default)]
struct Block<'a> {
    prefix: &'static str,
    elements: BTreeSet<&'a str>,
}

impl<'a> Block<'a> {
    fn new(header: &'a str) -> Block<'a> {
        let (_, target) = header.split_once("S: Simd").unwrap_or(("", header));
        let prefix = if target.contains("Mask<S, ") { "Mask::" } else { "" };
        // `Vector<S, u8>`, or a generic with its bounds: `, T: Widen + Int> Vector<S, T>`.
        let elements = match target.split_once(": ").filter(|_| target.starts_with(", ")) {
            Some((_, bounds)) => {
                let bounds = bounds.split('>').next().unwrap_or_default().split(" + ");
                bounds.map(elements_of).reduce(|a, b| &a & &b).unwrap_or_default()
            }
            None => between(target, "<S, ", ">").into_iter().take(1).collect(),
        };
        Block { prefix, elements }
    }
}

/// Adds what the macros and operators of a file make.
fn expand<'a>(text: &'a str, add: &mut impl FnMut(&Block<'a>, &str)) {
    let block = |prefix, bound| Block { prefix, elements: elements_of(bound) };
    for list in between(text, "widen4!(", ";") {
        for line in list.split(", ") {
            add(&Block { prefix: "", elements: [name(line)].into() }, "widen4");
        }
    }
    for list in between(text, "planes!(", ";") {
        for op in words(list).filter(|w| !w.starts_with(char::is_numeric)) {
            add(&block("", "Element"), op);
        }
    }
    for list in between(text, "float_methods! {", "\n}") {
        list.split(';').map(name).filter(|op| !op.is_empty()).for_each(|op| add(&block("", "Float"), op));
    }
    for entry in between(text, "forward! {", "\n}").into_iter().flat_map(|list| list.split(';')) {
        if let Some((element, op)) = entry.trim().split_once(": ") {
            add(&Block { prefix: "", elements: [element].into() }, name(op));
        }
    }
    // `Add add, AddAssign add_assign, Num, |a, b| ...;`
    for line in between(text, "\nbinary! {", "\n}").into_iter().flat_map(str::lines).filter(|l| !l.is_empty()) {
        let [op, assign, bound] = [0, 1, 2].map(|i| line.split(", ").nth(i).unwrap_or_default());
        for op in [op, assign] {
            add(&block("", bound), words(op).nth(1).unwrap_or_default());
        }
    }
    for entry in between(text, "\nmask_operators!(", ")").into_iter().flat_map(|list| list.split(", ")) {
        add(&block("Mask::", "Element"), words(entry).nth(1).unwrap_or_default());
    }
    // `impl<S: Simd, T: Int> Shl<u32> for Vector<S, T> {`
    for header in between(text, "\nimpl<S: Simd, ", " {") {
        for (operator, op) in [("Neg", "neg"), ("Not", "not"), ("Shl<u32>", "shl"), ("Shr<u32>", "shr")] {
            if header.contains(&format!("> {operator} for ")) {
                let bound = header.split_once(": ").and_then(|(_, b)| b.split('>').next()).unwrap_or_default();
                add(&block(if header.contains("Mask<") { "Mask::" } else { "" }, bound), op);
            }
        }
    }
}

/// Every public operation of `src/lanes`, with its elements.
fn api() -> BTreeMap<String, BTreeSet<String>> {
    let mut table = BTreeMap::<String, BTreeSet<String>>::new();
    let folder = format!("{ROOT}/src/lanes");
    for entry in std::fs::read_dir(folder).expect("src/lanes") {
        let file = entry.expect("src/lanes").file_name().into_string().expect("a name");
        if OTHER_FILES.contains(&&*file) {
            continue;
        }
        let text = code(&read(&format!("src/lanes/{file}")));
        let mut add = |block: &Block<'_>, op: &str| {
            let elements = narrowed(op, block.elements.clone());
            assert!(!op.is_empty() && !elements.is_empty(), "{file}: {op:?} without elements");
            let all = table.entry(format!("{}{op}", block.prefix)).or_default();
            all.extend(elements.into_iter().map(str::to_owned));
        };
        let everything = Block { prefix: "", elements: elements_of("Element") };
        let (mut block, mut makes) = (everything.clone(), "");
        for line in text.lines() {
            if let Some(macro_name) = line.strip_prefix("macro_rules! ") {
                makes = name(macro_name);
            } else if line.starts_with("impl<") {
                (block, makes) = (Block::new(line), "");
            } else if let Some(function) = line.trim_start().strip_prefix("pub fn ") {
                if function.starts_with('$') || makes == "widen4" {
                    assert!(MACROS.contains(&makes), "{file}: ops.rs does not know the functions of {makes}!");
                } else if line.starts_with("pub fn ") {
                    add(&everything, name(function));
                } else {
                    add(&block, name(function));
                }
            }
        }
        expand(&text, &mut add);
    }
    NO_OPERATION.iter().for_each(|op| assert!(table.remove(*op).is_some(), "there is no {op}"));
    for (names, file) in TESTED_ELSEWHERE {
        for op in names.iter().filter(|op| table.remove(**op).is_some()) {
            assert!(words(&code(&read(file))).any(|w| w == *op), "{file} does not mention {op}");
        }
    }
    table
}

/// The tests, on their way to a token.
struct Run<'a>(&'a mut BTreeMap<usize, ops::Digests>);

impl omnilane::Kernel for Run<'_> {
    type Output = BTreeSet<(&'static str, &'static str)>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        tally(simd, self.0)
    }
}

/// Compares with the definitions at this width, which all instruction sets of one width share.
#[inline(never)]
fn tally<S: Simd>(simd: S, digests: &mut BTreeMap<usize, ops::Digests>) -> BTreeSet<(&'static str, &'static str)> {
    let width = Vector::<S, u8>::LANES;
    let digests = digests.entry(width).or_insert_with(|| definition(width, Ask::Digests).0);
    ops::compare(simd, digests).unwrap_or_else(|difference| {
        let want = definition(width, Ask::Result(&difference)).1;
        panic!("{}\nwant {want:x?}", difference.text)
    })
}

enum Ask<'a> {
    Digests,
    Result(&'a ops::Difference),
}

/// What the definitions give in registers of `width` bytes.
fn definition(width: usize, ask: Ask<'_>) -> (ops::Digests, Vec<u64>) {
    fn answer<R: Simd>(simd: R, ask: Ask<'_>) -> (ops::Digests, Vec<u64>) {
        match ask {
            Ask::Digests => (ops::note(simd), Vec::new()),
            Ask::Result(difference) => (ops::Digests::new(), ops::find(simd, difference)),
        }
    }
    match width {
        16 => answer(Reference(token::Scalar::new()), ask),
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        32 => answer(Reference(token::Avx2::detect().expect("it is running")), ask),
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        64 => answer(Reference(token::Avx512::detect().expect("it is running")), ask),
        _ => panic!("no definition for registers of {width} bytes"),
    }
}

#[test]
fn every_operation_is_tested_on_every_element_and_instruction_set() {
    let api = api();
    let exist: BTreeSet<(&str, &str)> =
        api.iter().flat_map(|(op, elements)| elements.iter().map(move |e| (op.as_str(), e.as_str()))).collect();
    let only = std::env::var("OMNILANE_VERIFY_ISA").ok().filter(|v| !v.is_empty());
    let isas: Vec<Isa> = Isa::available().filter(|isa| only.as_ref().is_none_or(|o| o == isa.name())).collect();
    assert!(!isas.is_empty(), "OMNILANE_VERIFY_ISA={only:?} cannot run here");
    let (mut tested, mut digests) = (0, BTreeMap::new());
    for isa in isas.iter().copied() {
        let tally = omnilane::dispatch_on(isa, Run(&mut digests)).expect("it is available");
        let without_test: Vec<_> = exist.difference(&tally).collect();
        let without_function: Vec<_> = tally.difference(&exist).collect();
        assert!(without_test.is_empty(), "in src/lanes, but not tested by ops on {isa}: {without_test:?}");
        assert!(without_function.is_empty(), "tested by ops, but not in src/lanes: {without_function:?}");
        tested += tally.len();
    }
    let sets: Vec<_> = isas.iter().copied().map(Isa::name).collect();
    println!(
        "{} operations, {} (operation, element) pairs, on {}: {tested} of {} triples tested",
        api.len(),
        exist.len(),
        sets.join(" "),
        exist.len() * sets.len()
    );
    let missing: Vec<_> = Isa::ALL.into_iter().filter(|isa| !isas.contains(isa)).map(Isa::name).collect();
    println!("NOT RUN, not on this machine or left out by OMNILANE_VERIFY_ISA: {}", missing.join(" "));
    assert_eq!(tested, exist.len() * sets.len());
}

/// Every method of the contract is called by the lanes: none is left that users cannot reach, and no test either.
#[test]
fn every_raw_operation_is_reached_from_the_lanes() {
    let folder = |path: &str| {
        let entries = std::fs::read_dir(format!("{ROOT}/{path}")).expect("a folder");
        entries
            .map(|e| code(&read(&format!("{path}/{}", e.expect("a file").file_name().display()))))
            .collect::<String>()
    };
    let lanes = folder("src/lanes");
    let lanes: BTreeSet<&str> = words(&lanes).collect();
    let contract = folder("src/isa/contract") + &code(&read("src/isa/mod.rs"));
    let mut methods = 0;
    for (header, body) in between(&contract, "\npub trait ", "\n}").iter().filter_map(|t| t.split_once('\n')) {
        if name(header).starts_with("Lane") {
            continue; // one lane's meaning, not an operation on a register
        }
        let body = format!("\n{body}").replace("\n    unsafe fn ", "\n    fn ");
        for method in between(&body, "\n    fn ", "(") {
            let method = name(method);
            assert!(lanes.contains(method), "src/lanes never calls {method} of {}", name(header));
            methods += 1;
        }
    }
    println!("{methods} raw operations");
    assert!(methods > 90, "the contract is written otherwise than this test reads it: {methods}");
}
