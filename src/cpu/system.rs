//! What only the operating system knows: cores, and on Linux the caches that the CPU does not tell.

use super::CpuFeatures;

pub(super) fn complete(f: &mut CpuFeatures) {
    f.logical_cores = std::thread::available_parallelism().ok().map(Into::into);
    linux(f);
}

#[cfg(not(target_os = "linux"))]
fn linux(_: &mut CpuFeatures) {}

#[cfg(target_os = "linux")]
fn linux(f: &mut CpuFeatures) {
    use std::collections::HashSet;
    use std::fs;

    let read = |path: String| fs::read_to_string(path).ok().map(|s| s.trim().to_owned());

    // One core is one set of sibling threads.
    let mut cores = HashSet::new();
    for cpu in 0..f.logical_cores.unwrap_or(1).max(1) * 4 {
        match read(format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")) {
            Some(siblings) => cores.insert(siblings),
            None => continue,
        };
    }
    f.physical_cores = Some(cores.len()).filter(|n| *n != 0);

    for index in 0..8 {
        let base = format!("/sys/devices/system/cpu/cpu0/cache/index{index}");
        let Some(kind) = read(format!("{base}/type")) else {
            break;
        };
        let (level, size) = (read(format!("{base}/level")), read(format!("{base}/size")));
        let bytes = size.and_then(|s| s.strip_suffix('K')?.parse::<usize>().ok()).map(|k| k * 1024);
        if kind == "Instruction" || bytes.is_none() {
            continue;
        }
        let place = match level.as_deref() {
            Some("1") => &mut f.caches.l1_data,
            Some("2") => &mut f.caches.l2,
            Some("3") => &mut f.caches.l3,
            _ => continue,
        };
        *place = place.or(bytes);
    }
}
