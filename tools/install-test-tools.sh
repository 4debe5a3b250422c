#!/bin/sh
# Installs what tests need beside Python and Node, from Debian's packages, where that is possible: root and apt-get.
# Where it is not, nothing fails here: the tests that need them are skipped by name.
set -u

missing=""
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing="$missing chromium"
command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed, so tests that need it are skipped:$missing" >&2
  exit 0
fi
echo "Installing for tests:$missing"
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing; } >/dev/null ||
  echo "Could not be installed, so tests that need it are skipped:$missing" >&2
exit 0
