#!/usr/bin/env bash
# Runs `cargo test` for another instruction set, on an x86-64 Debian machine.
#
#   ci/cross-test.sh TARGET [cargo test arguments]
#
#   penryn core2duo        x86-64 without SSE4.2
#   nehalem sandybridge    with SSE4.2; with AVX, without AVX2
#   haswell                with AVX2
#   avx512                 Ice Lake: AVX-512, VBMI2, VNNI, BITALG
#   i686[:CPU]             32-bit x86 (default: all that qemu has, AVX2)
#   aarch64[:CPU]          NEON (default `max`; cortex-a53: nothing beyond it)
#   s390x                  big-endian
#   wasm32[:nosimd]        wasm32-wasip1 under node, with simd128 or without
#   asan tsan              address, thread sanitizer
#   check:TRIPLE           `cargo check` only: aarch64-apple-darwin, x86_64-pc-windows-msvc, ...
#
# QEMU has no AVX-512, so `avx512` runs on Bochs' processor (ci/avx512), at some 50 million instructions a second: name
# the tests that are to run. OMNILANE_VERIFY_ISA, `avx512` there unless it is set, leaves the other instruction sets out.
#
# Processes that a test starts of its own binary run on the same emulator (tests/child). What the emulators lack: `avx512` can
# start none; threads take turns there, and cannot be started on wasm32, whose doctests do not link; what is fast says
# nothing about speed. An instruction that a model lacks is SIGILL, so a wrong dispatch is caught.
#
# What is missing is installed by apt. Foreign std is built from Debian's own rustc and its sources (the first run takes
# minutes), into target/cross. The x86-64 models and `avx512` run the binaries that `cargo test` builds. CROSS_DIR: another
# build folder.
set -euo pipefail
cd "$(dirname "$0")/.."

spec=${1:?usage: ci/cross-test.sh TARGET [cargo test arguments]}; shift
name=${spec%%:*} cpu=; [[ $spec == *:* ]] && cpu=${spec#*:}
dir=${CROSS_DIR:-$PWD/target/cross}; mkdir -p "$dir"
unset RUSTC RUSTDOC RUSTFLAGS RUSTC_BOOTSTRAP CARGO_TARGET_DIR CARGO_BUILD_TARGET CARGO_ENCODED_RUSTFLAGS

need() ( # PACKAGE...; one at a time, since apt refuses a second one
  exec 9>"$dir/apt.lock"
  flock 9
  missing=() install=(apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends)
  for p in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) == installed ]] || missing+=("$p")
  done
  ((${#missing[@]})) || exit 0
  echo "cross-test: installing ${missing[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  "${install[@]}" "${missing[@]}" >"$dir/apt.log" 2>&1 && exit
  apt-get -qq -o DPkg::Lock::Timeout=300 update >"$dir/apt.log" 2>&1 || true # some index may be down
  "${install[@]}" "${missing[@]}" >>"$dir/apt.log" 2>&1 || { cat "$dir/apt.log" >&2; exit 1; }
)

debian_rust() { # a compiler with the sources of its own std
  need rustc-web cargo-web rust-web-src
  # RUSTDOC: else rustup's, of another version, would build the doctests.
  export RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$dir/$name
  export CARGO_PROFILE_DEV_DEBUG=${CARGO_PROFILE_DEV_DEBUG:-0} # less to build, and nobody debugs these
  cargo=(/usr/bin/cargo test -Zbuild-std --target "$1")
}

native() { # RUNNER: the machine's own compiler, and what `cargo test` has built; every x86-64 model runs the same
  export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER=$1 OMNILANE_TEST_RUNNER=$1
  cargo=(cargo test)
}

x86() { # MODEL
  need qemu-user
  native "qemu-x86_64 -cpu $1"
}

avx512() {
  need gcc libc6-dev python3-venv
  local venv=$dir/avx512
  [[ -x $venv/bin/pip ]] || /usr/bin/python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: bochscpu-python==0.4.0
  gcc -O1 -fno-math-errno -shared -fPIC ci/avx512/preload.c -o "$venv/preload.so"
  export EMULATE_PRELOAD=$venv/preload.so OMNILANE_VERIFY_ISA=${OMNILANE_VERIFY_ISA-avx512}
  native "$venv/bin/python -B $PWD/ci/avx512/emulate.py"
}

foreign() { # TRIPLE GCC-PREFIX LIBC-ARCH QEMU DEFAULT-CPU
  need "gcc-$2" "libc6-dev-$3-cross" qemu-user
  debian_rust "$1"
  local key=CARGO_TARGET_${1//-/_}; key=${key^^}
  export "${key}_LINKER=$2-gcc"
  # LD_LIBRARY_PATH: a libc of another build than the ld.so under -L would make every new thread spin.
  export OMNILANE_TEST_RUNNER="$4 -cpu ${cpu:-$5} -L /usr/$2 -E LD_LIBRARY_PATH=/usr/$2/lib"
  export "${key}_RUNNER=$OMNILANE_TEST_RUNNER"
}

wasm() {
  need wasi-libc lld-22 clang-22
  [[ $cpu == nosimd ]] && name=wasm32-nosimd
  debian_rust wasm32-wasip1
  cargo[2]=-Zbuild-std=std,panic_abort
  # Debian's wasi-libc has no threads; std wants their names. 58 is ENOTSUP: "run it on the calling thread".
  cat >"$dir/threads.c" <<'C'
int pthread_attr_init(void *a) { return 0; }
int pthread_attr_destroy(void *a) { return 0; }
int pthread_attr_setstacksize(void *a, unsigned long s) { return 0; }
int pthread_create(void *t, const void *a, void *(*f)(void *), void *x) { return 58; }
int pthread_join(void *t, void **r) { return 58; }
int pthread_detach(void *t) { return 0; }
C
  clang-22 --target=wasm32-wasi -w -c -O1 "$dir/threads.c" -o "$dir/threads.o"
  cat >"$dir/run.mjs" <<'JS'
import { WASI } from 'node:wasi'; import fs from 'node:fs';
const [, , file, ...args] = process.argv, here = process.cwd();
const wasi = new WASI({ version: 'preview1', args: [file, ...args], env: process.env, returnOnExit: true,
                        preopens: { [here]: here, '/tmp': '/tmp' } });
const program = await WebAssembly.compile(fs.readFileSync(file));
process.exit(wasi.start(await WebAssembly.instantiate(program, wasi.getImportObject())));
JS
  local simd=+simd128; [[ $cpu == nosimd ]] && simd=-simd128
  export CARGO_TARGET_WASM32_WASIP1_LINKER=wasm-ld-22
  export CARGO_TARGET_WASM32_WASIP1_RUNNER="node --no-warnings $dir/run.mjs"
  export CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="-Ctarget-feature=$simd -Clink-self-contained=no -Lnative=/usr/lib/wasm32-wasi -Clink-arg=/usr/lib/wasm32-wasi/crt1-command.o -Clink-arg=$dir/threads.o"
}

case $name in
  core2duo) x86 core2duo ;;
  penryn) x86 Penryn ;;
  nehalem) x86 Nehalem ;;
  sandybridge) x86 SandyBridge ;;
  haswell) x86 Haswell ;;
  avx512) avx512 ;;
  i686) foreign i686-unknown-linux-gnu i686-linux-gnu i386 qemu-i386 max ;;
  aarch64) foreign aarch64-unknown-linux-gnu aarch64-linux-gnu arm64 qemu-aarch64 max ;;
  s390x) foreign s390x-unknown-linux-gnu s390x-linux-gnu s390x qemu-s390x max ;;
  wasm32) wasm ;;
  asan) # std as it is shipped
    export CARGO_TARGET_DIR=$dir/asan RUSTFLAGS=-Zsanitizer=address RUSTDOCFLAGS=-Zsanitizer=address
    cargo=(cargo +nightly test --target x86_64-unknown-linux-gnu) ;;
  tsan) # std too must be built with it, else it reports races that are none
    need clang-22 libclang-rt-22-dev llvm-22 # llvm: its symbolizer, which the suppressions need
    export TSAN_OPTIONS="suppressions=$PWD/ci/tsan-suppressions.txt external_symbolizer_path=/usr/bin/llvm-symbolizer-22"
    debian_rust x86_64-unknown-linux-gnu
    export RUSTFLAGS="-Zsanitizer=thread -Zexternal-clangrt -Clinker=clang-22 -Clink-arg=-fsanitize=thread"
    export RUSTDOCFLAGS=$RUSTFLAGS ;;
  check)
    debian_rust "${cpu:?check:TRIPLE}"
    cargo[1]=check cargo+=(--tests) ;;
  *) sed -n '2,/^set/{/^#/p}' "$0" >&2; exit 2 ;;
esac

SECONDS=0 status=0
nice "${cargo[@]}" "$@" || status=$?
echo "cross-test: $spec: exit $status after $SECONDS s" >&2
exit $status
