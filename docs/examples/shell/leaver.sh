#!/bin/sh
# Somebody leaves: told step by step to a running lab, each step a line of the scenario language.
# Ends with exit code 0 when every expectation holds, else with that of the first step that does not.
set -eu

lab=$(mktemp -d)
entra-sim up --data "$lab/data" --ready-file "$lab/ready.json" --empty --clock frozen --port 0 --tapt-port 0 \
  > "$lab/up.log" 2>&1 &
up=$!
trap 'kill "$up" 2> /dev/null || true; wait "$up" || true; rm -rf "$lab"' EXIT

until [ -s "$lab/ready.json" ]; do
  kill -0 "$up" 2> /dev/null || { cat "$lab/up.log" >&2; exit 1; }
  sleep 0.2
done

step() {
  entra-sim do --data "$lab/data" "$1"
}

step 'create user: {userPrincipalName: ada@contoso.example, displayName: Ada Park}'
step 'create application: Tapt Integration'
step 'set mode: Automatic'
step 'save credentials: tapt'
step 'assign: ada@contoso.example'
step 'start provisioning'
step 'expect: {target users: [{userName: ada@contoso.example, active: true}]}'

step 'unassign: ada@contoso.example'
step 'advance: 40m'
step 'expect: {target users: [{userName: ada@contoso.example, active: false}]}'

echo 'The leaver is disabled.'
