# SPDX-License-Identifier: Apache-2.0
"""What a bench says: progress while it runs, a row for each result."""

import sys


def progress(text):
    print(f"bench: {text} ...", file=sys.stderr, flush=True)


def row(name, value, unit, baseline=None, target=None, at_most=False,
        on_ratio=False):
    """One result; `target` is of the value, or of the ratio."""
    ratio = value / baseline if baseline else None
    judged = ratio if on_ratio else value
    met = None
    if target is not None and judged is not None:
        met = judged <= target if at_most else judged >= target
    return {"name": name, "value": round(value, 3), "unit": unit,
            "baseline": None if baseline is None else round(baseline, 3),
            "ratio": None if ratio is None else round(ratio, 3),
            "target": target, "met": met}
