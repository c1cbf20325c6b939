"""Downloads of the peers: by Maven into the cache of scripts/stack, by pip into build/spark as scripts/verify-spark.sh."""
import glob
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.environ.get("CDC_CACHE_DIR") or os.path.join(
    os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "cdc")
STACK = """
set -euo pipefail
root=$1 cache_dir=$2
shift 2
say() { printf '[peers] %s\\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
. "$root/scripts/stack.d/packages.sh"
. "$root/scripts/stack.d/java.sh"
mkdir -p "$cache_dir"
"""


def stack(script, *arguments):
    subprocess.run(["bash", "-c", STACK + script, "peers", ROOT, CACHE, *arguments], check=True, stdout=sys.stderr,
                   env={**os.environ, "CDC_STACK_NO_CHECKSUMS": "1"})


def jars(name, *coordinates):
    """GROUP:ARTIFACT:VERSION… and what they need at run time, once: the jars' paths."""
    folder = os.path.join(CACHE, name)
    if not os.path.exists(os.path.join(folder, ".complete")):
        stack('maven_jars "$@"', name, *coordinates)
    return sorted(glob.glob(os.path.join(folder, "*.jar")))


def wheel(folder, requirement, *options):
    """A package of the Python index, unpacked into `folder` once."""
    if not os.path.exists(os.path.join(folder, ".complete")):
        print(f"[peers] downloading {requirement}", file=sys.stderr)
        python = os.path.join(ROOT, ".venv/bin/python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options, "--target", folder,
                        requirement], check=True, stdout=sys.stderr)
        with open(os.path.join(folder, ".complete"), "w", encoding="utf-8"):
            pass
    return folder


def compiled(sources, name, classpath, folder):
    """Java files → a jar of that name in `folder`."""
    stack("need_javac")
    target = os.path.join(folder, name)
    classes = os.path.join(folder, "classes")
    os.makedirs(classes, exist_ok=True)
    subprocess.run(["javac", "-nowarn", "-d", classes, "-cp", ":".join(classpath), *sources], check=True)
    subprocess.run(["jar", "--create", "--file", target, "-C", classes, "."], check=True)
    return target
