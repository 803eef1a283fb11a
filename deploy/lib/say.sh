# say.sh - how the scripts of deploy/ speak: progress on standard output, faults on standard error, in whole sentences.
# shellcheck shell=bash

say()
{
    printf '%s\n' "$*"
}

# One sentence of what is wrong, one of what to do, and the end.
die()
{
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# need COMMAND PACKAGE: says which package is missing.
need()
{
    command -v "$1" >/dev/null 2>&1 || die "$1 is not installed (Debian package $2). Run deploy/install-packages run."
}
