#!/usr/bin/env python3
"""Checks that programs are built against the exploitation of memory errors.

  check_hardening.py PROGRAM…     exit 0: all are; 1: one line for each that is not
  check_hardening.py --self-test  a program without each of them is told

- position independent (PIE), so that its code lies at another address in each run
- all symbols are bound at start (BIND_NOW) and their table is read-only from then on (RELRO)
- the stack is not executable
- the end of a character array on the stack is guarded (stack protector)
- calls of the C library check the size of what they write to (_FORTIFY_SOURCE)

Needs readelf (binutils, which the compiler needs as well).
"""
import os
import re
import subprocess
import sys
import tempfile


def readelf(*words):
    return subprocess.run(["readelf", "-W", *words], capture_output=True, text=True, check=True).stdout


def weaknesses(program):
    """What is missing, in words."""
    header, segments, dynamic = readelf("-h", program), readelf("-l", program), readelf("-d", program)
    missing = []
    if not re.search(r"Type:\s+DYN", header):
        missing.append("is not position independent")
    if not re.search(r"\(FLAGS(_1)?\).*\b(BIND_)?NOW\b", dynamic):
        missing.append("binds symbols late")
    if "GNU_RELRO" not in segments:
        missing.append("leaves the table of symbols writable")
    stack = re.search(r"GNU_STACK.*", segments)
    if not stack or "E" in stack[0].split()[-2]:
        missing.append("has an executable stack")
    imported = readelf("--dyn-syms", program)
    if "__stack_chk_fail" not in imported:
        missing.append("does not guard the stack")
    if not re.search(r"UND __(mem|str|stp|v?sn?printf|read|recv|pread|fd|poll|realpath|getcwd|readlink)\w*_chk\b", imported):
        missing.append("does not check what C functions write to")
    return missing


PROBE = """
#include <cstdio>
#include <cstring>
int main(int argc, char** argv) {
  char text[16];
  std::strcpy(text, argv[argc - 1]);
  std::puts(text);
}
"""
HARD = ["-O2", "-fPIE", "-pie", "-Wl,-z,relro,-z,now,-z,noexecstack", "-fstack-protector", "-U_FORTIFY_SOURCE",
        "-D_FORTIFY_SOURCE=2"]
WITHOUT = {
    "is not position independent": ["-fno-pie", "-no-pie"],
    "binds symbols late": ["-Wl,-z,lazy"],
    "leaves the table of symbols writable": ["-Wl,-z,norelro"],
    "has an executable stack": ["-Wl,-z,execstack"],
    "does not guard the stack": ["-fno-stack-protector"],
    "does not check what C functions write to": ["-U_FORTIFY_SOURCE"],
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "probe.cc"), os.path.join(folder, "probe")
        with open(source, "w", encoding="utf-8") as file:
            file.write(PROBE)
        for what, flags in [(None, []), *WITHOUT.items()]:
            subprocess.run(["c++", *HARD, *flags, source, "-o", program], check=True,
                           stderr=subprocess.DEVNULL)
            found = weaknesses(program)
            if (what is None and found) or (what and what not in found):
                sys.exit(f"built with {flags}: expected {what}, found {found}")
    print("each of them is told")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if not sys.argv[1:]:
        sys.exit(__doc__)
    bad = [f"{program}: {', '.join(missing)}" for program in sys.argv[1:] if (missing := weaknesses(program))]
    if bad:
        sys.exit("\n".join(bad))
    print(f"{len(sys.argv) - 1} programs are hardened")


if __name__ == "__main__":
    main()
