#!/usr/bin/env python3
"""Every .cpp of a pure folder has tests/unit/<same path>_test.cpp, and every unit test mirrors a source file.

A second test file of one source adds what it is about: classroom_test.cpp, classroom_model_test.cpp.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from check_arrows import PURE, ROOT  # noqa: E402


def main():
    problems = []
    for folder in sorted(PURE | {"media/base", "media/tap", "media/srtp"}):
        for source in sorted((ROOT / folder).glob("*.cpp")):
            if source.name in ("log.cpp", "check.cpp"):  # edges without decisions
                continue
            mirror = ROOT / "tests/unit" / folder / f"{source.stem}_test.cpp"
            if not mirror.exists():
                problems.append(f"{source.relative_to(ROOT)} has no {mirror.relative_to(ROOT)}")
    for test in sorted((ROOT / "tests/unit").rglob("*_test.cpp")):
        relative = test.relative_to(ROOT / "tests/unit")
        stem = relative.name[: -len("_test.cpp")]
        words = stem.split("_")
        sources = ["_".join(words[:count]) for count in range(len(words), 0, -1)]
        if not any((ROOT / relative.parent / f"{s}{ending}").exists() for s in sources for ending in (".cpp", ".h")):
            problems.append(f"tests/unit/{relative} mirrors no source file")
    print("\n".join(problems) or "tests mirror sources")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
