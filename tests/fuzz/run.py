#!/usr/bin/env python3
"""./dev fuzz SECONDS: every libFuzzer program of the fuzz build, SECONDS each; corpora grow under build/fuzz/corpus.

Seeds and every past crash stand in tests/data/fuzz/<program>/.
"""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def main():
    seconds = int(sys.argv[1])
    build = ROOT / "build/fuzz"
    programs = sorted(p for p in (build / "tests/fuzz").glob("*_fuzz") if p.is_file())
    if not programs:
        print("no fuzz programs in build/fuzz")
        return 1
    failed = []
    for program in programs:
        corpus = build / "corpus" / program.name
        corpus.mkdir(parents=True, exist_ok=True)
        seeds = ROOT / "tests/data/fuzz" / program.name
        folders = [str(corpus)] + ([str(seeds)] if seeds.is_dir() else [])
        done = subprocess.run([str(program), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
                               f"-artifact_prefix={build}/crash-{program.name}-", *folders],
                              cwd=ROOT, capture_output=True, text=True, errors="replace")
        last = [line for line in done.stderr.splitlines() if line.startswith(("Done", "#"))][-1:]
        print(f"{program.name}: {'ok' if done.returncode == 0 else 'CRASH'} {' '.join(last)}", flush=True)
        if done.returncode:
            failed.append(program.name)
            print("\n".join(done.stderr.splitlines()[-40:]))
    print(f"{len(programs) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
