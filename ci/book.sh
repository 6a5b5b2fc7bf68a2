#!/usr/bin/env bash
# book.sh: fails if a link between our Markdown files leads nowhere; puts the guide and docs/ together as one book.
#
# In the repository the chapters of kernels/guide (there, so that they are tested and packaged) and the pages of docs/ link
# to each other by paths that leave the book. Here both are laid side by side in target/book, with the paths made to fit,
# and mdbook (cargo install mdbook) makes target/guide of it. Without mdbook the links are still checked in both places.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

anchors() { # FILE: what its headings can be linked by, as GitHub and mdbook name them
  awk '/^```/ { code = !code } !code && /^#+ / { sub(/^#+ /, ""); print tolower($0) }' "$1" |
    sed -E 's/[^[:alnum:] _-]//g; s/ /-/g'
}

check() { # DIR FILE...: links of the files, relative to each, as far as they are not of the web
  local dir=$1 file link path bad=0 n=0
  shift
  for file; do
    while IFS= read -r link; do
      n=$((n + 1)) path=$(dirname "$file")/${link%%#*}
      [[ $link == \#* ]] && path=$file
      if [[ ! -e $dir/$path ]]; then
        echo "$file: $link: no such file"
        bad=1
      elif [[ $link == *\#* ]] && ! anchors "$dir/$path" | grep -qxF -- "${link#*#}"; then
        echo "$file: $link: no such heading"
        bad=1
      fi
    done < <(awk '/^ *```/ { code = !code } !code' "$dir/$file" | grep -oE '\]\([^) ]+\)' | sed -E 's/^\]\(|\)$//g' |
      grep -vE '^(https?|mailto):')
  done
  ((!bad)) && echo "$n links in $# files lead somewhere"
}

mapfile -t ours < <(git ls-files '*.md' 2>/dev/null || find . -name '*.md' -not -path './target/*' -printf '%P\n')
check . "${ours[@]}"

book=target/book
rm -rf "$book"
mkdir -p "$book/src/docs"
cp -r kernels/guide/src/. "$book/src"
cp -r docs/. "$book/src/docs"
cp CONTRIBUTING.md "$book/src"
sed 's|\.\./\.\./target/guide|../guide|' kernels/guide/book.toml >"$book/book.toml"
sed -i -E 's#\]\((\.\./){3}#](#g' "$book"/src/*.md
sed -i -E 's#\]\(\.\./kernels/guide/src/#](../#g' "$book"/src/docs/*.md
{
  printf '\n# Reference\n\n'
  for page in docs/*.md CONTRIBUTING.md; do
    printf -- '- [%s](%s)\n' "$(sed -n '1s/^# //p' "$page")" "$page"
  done
} >>"$book/src/SUMMARY.md"
mapfile -t chapters < <(cd "$book" && find src -name '*.md' | sort)
check "$book" "${chapters[@]}"

if command -v mdbook >/dev/null; then
  mdbook build "$book"
else
  echo "NOT RUN: mdbook is not there to make the book of these files (cargo install mdbook)"
fi
