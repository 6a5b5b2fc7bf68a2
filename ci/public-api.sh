#!/usr/bin/env bash
# public-api.sh: fails if the public API of a crate is not the one that ci/public-api/CRATE.txt lists.
#
# A change of the API is seen where it is made: the list changes in the same commit. The list is that of all features on
# x86-64. It comes from rustdoc's JSON, which only a nightly toolchain writes.
#
#   ci/public-api.sh           compare, and print the difference
#   ci/public-api.sh --write   write the lists
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

not_run() { echo "NOT RUN: $*"; exit 0; }
cargo +nightly --version >/dev/null 2>&1 || not_run "the list of the public API needs a nightly toolchain, which this machine lacks"
[[ $(uname -m) == x86_64 ]] || not_run "the list of the public API is that of x86-64"

out=target/public-api
cargo build --quiet --release --manifest-path ci/public-api/Cargo.toml --target-dir "$out"

different=0
for crate in omnilane omnilane-kernels; do
  cargo +nightly rustdoc --quiet -p "$crate" --lib --all-features --target-dir "$out" -- \
    --cap-lints allow -Zunstable-options --output-format json
  json=$out/doc/${crate//-/_}.json list=ci/public-api/$crate.txt now=$out/$crate.txt
  if ! "$out/release/public-api-list" "$json" >"$now"; then
    not_run "this nightly's rustdoc ($(rustc +nightly --version)) writes JSON that ci/public-api cannot read; update its public-api"
  fi
  if [[ ${1:-} == --write ]]; then
    cp "$now" "$list"
  elif ! diff -u --label "$list" --label "$crate as it is" "$list" "$now"; then
    different=1
  else
    echo "$crate: the $(wc -l <"$list") lines of $list are its public API"
  fi
done
((!different)) || { echo "public-api: if this change is meant, run ci/public-api.sh --write, and tell it in CHANGELOG.md"; exit 1; }
