#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# npm_ci.sh DIR: makes DIR/node_modules what DIR/package-lock.json says. Does
# nothing, and needs no network, when the lock file is the one last installed.
set -eu
cd "$1"
installed=node_modules/.installed-package-lock.json

# Two builds may arrive here at once; only one may rewrite node_modules.
exec 9>.npm_ci.lock
flock 9

if cmp -s package-lock.json "$installed"; then
  exit 0
fi
if ! npm ci --no-audit --no-fund --loglevel=error; then
  echo "npm ci failed in $PWD: the packages of package-lock.json must be" >&2
  echo "reachable once, in npm's cache or through its configured registry." >&2
  exit 1
fi
mkdir -p node_modules
cp package-lock.json "$installed"
