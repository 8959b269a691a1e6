#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# campaign.sh PROGRAM FOUND [CORPUS...]: runs one libFuzzer program for a fixed
# time. Inputs that it finds go to FOUND, never into the repository.
set -eu
program=$1
found=$2
shift 2

seconds=20
if [ "${STRONGROOM_FULL:-0}" = 1 ]; then
  seconds=300
fi
mkdir -p "$found"
exec "$program" -max_total_time=$seconds -timeout=10 -rss_limit_mb=1024 \
  -max_len=262144 -print_final_stats=1 -artifact_prefix="$found-" \
  "$found" "$@"
