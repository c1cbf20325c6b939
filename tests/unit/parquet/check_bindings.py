"""Checks which OpenSSL the system's libraries bind to in a program that also links libraries of wheels.

usage: check_bindings.py PROGRAM [ARGUMENT...]    PROGRAM is run; it should do nothing and exit 0
exit 0: every OpenSSL name that a library of the system needs comes from the system's libssl or libcrypto
"""
import os
import re
import subprocess
import sys
import tempfile

LINE = re.compile(r"binding file (\S+) \[0\] to (\S+) \[0\]: normal symbol `([^']+)'")
OPENSSL = re.compile(r"^(SSL|TLS|EVP|X509|ERR|BIO|PEM|ASN1|BN|RSA|EC|DH|CRYPTO|OPENSSL|HMAC|RAND|PKCS\d+)_")


def main():
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ, LD_DEBUG="bindings", LD_BIND_NOW="1", LD_DEBUG_OUTPUT=os.path.join(folder, "ld"))
        subprocess.run([sys.argv[1], *sys.argv[2:]], env=env, stdout=subprocess.DEVNULL, check=True)
        lines = [line for name in os.listdir(folder) for line in open(os.path.join(folder, name), errors="replace")]
    wrong, right = set(), 0
    for line in lines:
        match = LINE.search(line)
        if not match or not OPENSSL.match(match[3]):
            continue
        user, provider = (os.path.basename(path) for path in match.group(1, 2))
        if user.startswith(("libparquet", "libarrow", "libssl", "libcrypto")):
            continue
        if provider.startswith(("libssl", "libcrypto")):
            right += 1
        elif provider.startswith(("libparquet", "libarrow", "librdkafka")):
            wrong.add(f"{user} takes {match[3]} from {provider}")
    for line in sorted(wrong):
        print(line)
    if not right:
        print("no library bound any OpenSSL name: this check no longer sees what it is for")
    sys.exit(1 if wrong or not right else 0)


main()
