#!/usr/bin/env bash
# The README's two commands as a newcomer meets them: a fresh clone, nothing downloaded, nothing built.
#
#   ci/first-hour.sh           run them and print what they took
#   ci/first-hour.sh --write   and write that into the README
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
git clone --quiet . "$dir/omnilane"
# What is configured stays (a mirror of the registry); what was downloaded does not count.
mkdir "$dir/cargo"
cp "${CARGO_HOME:-$HOME/.cargo}"/config.toml "$dir/cargo/" 2>/dev/null || true

took() { # COMMAND...: its seconds
  local start=$SECONDS
  (
    cd "$dir/omnilane"
    env -u CARGO_TARGET_DIR CARGO_HOME="$dir/cargo" "$@" >"$dir/log" 2>&1
  ) || { tail -n 40 "$dir/log" >&2; echo "first-hour: $* failed" >&2; exit 1; }
  echo $((SECONDS - start))
}
demo=$(took cargo run --release --example optimization_demo)
tests=$(took cargo test)
rounded() { printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); }
text="On $(nproc) cores ($(sed -n 's/^model name[^:]*: //p;' /proc/cpuinfo 2>/dev/null | head -n 1 | grep . || uname -m)), from a
fresh clone, downloads included, the first took $(rounded "$demo") and the second $(rounded "$tests") more (\`ci/first-hour.sh\`)."
echo "$text"
if [[ ${1:-} == --write ]]; then
  awk -v text="$text" '
    /^<!-- first hour -->$/ { print; print text; skip = 1 }
    /^<!-- end -->$/ { skip = 0 }
    !skip && !/^<!-- first hour -->$/' README.md >"$dir/README.md"
  cp "$dir/README.md" README.md
fi
