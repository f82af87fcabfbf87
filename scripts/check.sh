#!/usr/bin/env bash
# Runs every check of this repository on a machine that has Node and npm, and
# installs nothing outside the checkout. A failed check does not stop the others;
# the last lines name the failed checks.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=()

check() {
  local name=$1
  shift
  printf '\n── %s\n' "$name"
  local started=$SECONDS
  if "$@"; then
    printf '── %s: ok (%d s)\n' "$name" "$((SECONDS - started))"
  else
    printf '── %s: FAILED (%d s)\n' "$name" "$((SECONDS - started))"
    failed+=("$name")
  fi
}

# What the tests print is kept, so that the last lines of a long log repeat what failed.
test_log=$(mktemp)
trap 'rm -f "$test_log"' EXIT

run_tests() {
  npm test --silent 2>&1 | tee "$test_log"
  return "${PIPESTATUS[0]}"
}

lockfiles_name_no_registry() {
  ! grep -nE 'https?://|tarball:' pnpm-lock.yaml bench/peers/pnpm-lock.yaml
}

check 'install and compile' node scripts/prepare.mjs
check 'types'               npm run --silent build
check 'tests'               run_tests
check 'lint'                npm run --silent lint
check 'format'              npm run --silent format:check
check 'packages'            npm run --silent packages
check 'public API'          npm run --silent api:check
check 'lockfiles'           lockfiles_name_no_registry

if ((${#failed[@]} > 0)); then
  grep -a -A 12 ' FAIL ' "$test_log" | head -n 200
  printf '\nFAILED:\n'
  printf '  %s\n' "${failed[@]}"
  exit 1
fi
printf '\nall checks passed in %d s\n' "$SECONDS"
