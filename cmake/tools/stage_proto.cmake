# SPDX-License-Identifier: Apache-2.0
# Copies INPUT to OUTPUT; imports of our own files get PREFIX as their folder.
file(READ "${INPUT}" text)
set(import "(\nimport[ \t]+(public[ \t]+)?\")(proto/)?([a-z0-9_]+\\.proto\")")
string(REGEX REPLACE "${import}" "\\1${PREFIX}/\\4" text "${text}")
file(WRITE "${OUTPUT}" "${text}")
