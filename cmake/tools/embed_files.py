# SPDX-License-Identifier: Apache-2.0
"""embed_files.py BUNDLE OUT NAME: writes OUT/NAME.{h,cc}, the files below
BUNDLE as a constant table."""

import pathlib
import sys

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}

HEADER = """\
#pragma once

#include <span>

#include "web_bundle/file.h"

namespace web_bundle {{

std::span<const File> {name}();

}}  // namespace web_bundle
"""

SOURCE = """\
#include "web_bundle/{name}.h"

namespace web_bundle {{
namespace {{

using namespace std::string_view_literals;

constexpr File kFiles[] = {{
{rows}
}};

}}  // namespace

std::span<const File> {name}() {{ return kFiles; }}

}}  // namespace web_bundle
"""


def literal(data: bytes) -> str:
    """A string literal of exactly these bytes, in lines that compilers and
    people can bear. Octal escapes always have three digits, so no following
    character can join them."""
    lines = []
    for start in range(0, len(data), 64):
        text = "".join(
            chr(byte)
            if 0x20 <= byte < 0x7F and chr(byte) not in '"\\?'
            else f"\\{byte:03o}"
            for byte in data[start : start + 64]
        )
        lines.append(f'     "{text}"')
    return "\n".join(lines) or '     ""'


def main(bundle: pathlib.Path, out: pathlib.Path, name: str) -> None:
    rows = []
    for path in sorted(p for p in bundle.rglob("*") if p.is_file()):
        kind = CONTENT_TYPES.get(path.suffix)
        if kind is None:
            sys.exit(f"{path}: no content type known for {path.suffix!r}; "
                     f"add it to {__file__}")
        url = "/" + path.relative_to(bundle).as_posix()
        rows.append(f'    {{"{url}", "{kind}",\n'
                    f"{literal(path.read_bytes())}sv}},")
    if not rows:
        sys.exit(f"{bundle}: the bundler wrote nothing")
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.h").write_text(HEADER.format(name=name))
    (out / f"{name}.cc").write_text(
        SOURCE.format(name=name, rows="\n".join(rows))
    )


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3])
