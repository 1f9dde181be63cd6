#!/bin/sh
# Says what is missing, or too old, to work on this repository. Quiet when all is well.
missing=0

complain() {
    printf '%s\n' "$1" >&2
    missing=1
}

# at_least FOUND WANTED: compares two dotted versions.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$2" ]
}

python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null 2>&1; then
    complain "Python 3.11 is needed: https://www.python.org/downloads/ (or set PYTHON to where it is)"
else
    version=$("$python" -c 'import platform; print(platform.python_version())')
    at_least "$version" 3.11.0 || complain "Python 3.11 is needed, and $python is $version: set PYTHON to a newer one"
    "$python" -c 'import venv, ensurepip' 2>/dev/null || complain "Python's venv module is missing: on Debian and Ubuntu, apt install python3-venv"
fi

if ! command -v terraform >/dev/null 2>&1; then
    complain "Terraform 1.5 or newer is needed: https://developer.hashicorp.com/terraform/install"
else
    version=$(terraform version 2>/dev/null | sed -n '1s/^Terraform v\([0-9.]*\).*/\1/p')
    at_least "$version" 1.5.0 || complain "Terraform 1.5 or newer is needed, and this is $version: https://developer.hashicorp.com/terraform/install"
fi

exit $missing
