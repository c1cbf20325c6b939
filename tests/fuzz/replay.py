#!/usr/bin/env python3
"""Every fuzz target over its first inputs and those kept in tests/data/fuzz: none ends the program.

  replay.py PROGRAM       the program is cdc_fuzz_replay
"""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def main():
    program = sys.argv[1]
    targets = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
    kept = HERE.parent / "data/fuzz"
    problems = [f"tests/data/fuzz/{p.name} is of no target" for p in kept.iterdir() if p.is_dir() and p.name not in targets]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, HERE / "seeds.py", folder], check=True, stdout=subprocess.DEVNULL)
        problems += [f"no first input for {t}" for t in targets if not (pathlib.Path(folder) / t).is_dir()]
        for target in targets:
            places = [p for p in (pathlib.Path(folder) / target, kept / target) if p.is_dir()]
            done = subprocess.run([program, target, *places], capture_output=True, text=True, errors="replace", timeout=240, check=False)
            lines = done.stdout.splitlines() or [""]
            if done.returncode != 0:
                problems.append(f"{target}: exit {done.returncode} at {lines[-1]}\n{done.stderr[-2000:]}")
            else:
                print(f"{target}: {lines[-1]}")
    print("\n".join(problems), end="\n" if problems else "")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
