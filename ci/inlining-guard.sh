#!/usr/bin/env bash
# inlining-guard.sh: fails if a lane operation or a kernel's closure is not inlined into its clone.
#
# A function that LLVM leaves out of line leaves the clone's target features, and every intrinsic in it becomes a call: a
# kernel ten times slower than it should be, with right results, which no other test notices. So: build the benches and
# examples in release, list the functions in them, and fail on any intrinsic of core::core_arch (but those that ask the
# CPU what it has) and on any function of the lanes (but those that only panic or print).
#
#   ci/inlining-guard.sh             check the benches and examples, and that the guard still finds what it is for
#   ci/inlining-guard.sh BINARY...   check these binaries
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

intrinsic='core::core_arch::'
asking='::(_xgetbv|__cpuid|__cpuid_count|__get_cpuid_max)\b'
lane='^<?&?(omnilane::(lanes|isa)|wide)::|Kernel>::run$|^omnilane_kernels::.*\{\{closure'
# Functions that are meant to stand alone: panics, printing, errors, what detects the CPU.
cold='::(too_short|out_of_range|too_far)\b|::fmt\b|::detect::|LengthError|GCC_except|vtable'

check() { # prints what must not be there
  local binary symbols found=0
  for binary; do
    symbols=$(nm --defined-only --demangle "$binary" | awk '$2 ~ /^[tTwW]$/' | cut -d' ' -f3- | sort -u)
    [[ -n $symbols ]] || { echo "inlining-guard: $binary has no symbols to look at" >&2; exit 2; }
    if bad=$(grep -E "$intrinsic" <<<"$symbols" | grep -vE "$asking"); then
      echo "$binary: intrinsics out of line:"; head -n 20 <<<"$bad" | sed 's/^/  /'; found=1
    fi
    if bad=$(grep -E "$lane" <<<"$symbols" | grep -vE "$cold"); then
      echo "$binary: lane operations out of line:"; head -n 20 <<<"$bad" | sed 's/^/  /'; found=1
    fi
  done
  return $found
}

if (($#)); then check "$@"; exit; fi

binaries() { # the executables of a cargo build, from its messages
  grep -o '"executable":"[^"]*"' | cut -d'"' -f4 | sort -u
}
mapfile -t ours < <(cargo build --release --examples --benches --message-format=json 2>/dev/null | binaries)
((${#ours[@]} >= 3)) || { echo "inlining-guard: the benches and examples did not build" >&2; exit 2; }
check "${ours[@]}" || { echo "inlining-guard: see 'The inlining guard' in CONTRIBUTING.md"; exit 1; }
echo "inlining-guard: ${#ours[@]} binaries hold no lane operation out of line"

mapfile -t wrong < <(cargo build --release --manifest-path ci/not-inlined/Cargo.toml --target-dir target/not-inlined \
  --message-format=json 2>/dev/null | binaries)
((${#wrong[@]} == 1)) || { echo "inlining-guard: the failing example did not build" >&2; exit 2; }
if report=$(check "${wrong[@]}"); then
  echo "inlining-guard: the failing example passed, so the guard guards nothing"; exit 1
fi
for part in "intrinsics" "lane operations"; do
  grep -q "$part out of line" <<<"$report" ||
    { echo "inlining-guard: no $part found in the failing example"; exit 1; }
done
echo "inlining-guard: the failing example fails, as it must"
