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

lockfiles_name_no_registry() {
  ! grep -nE 'https?://|tarball:' pnpm-lock.yaml bench/peers/pnpm-lock.yaml
}

check 'install and compile' node scripts/prepare.mjs
check 'types'               npm run --silent build
check 'tests'               npm test --silent
check 'lint'                npm run --silent lint
check 'format'              npm run --silent format:check
check 'packages'            npm run --silent packages
check 'public API'          npm run --silent api:check
check 'lockfiles'           lockfiles_name_no_registry

if ((${#failed[@]} > 0)); then
  printf '\nFAILED:\n'
  printf '  %s\n' "${failed[@]}"
  exit 1
fi
printf '\nall checks passed in %d s\n' "$SECONDS"
