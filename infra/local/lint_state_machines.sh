#!/bin/sh
# Checks every state machine with statelint and, where npm can fetch it, with asl-validator.
# usage: lint_state_machines.sh PYTHON
set -u
python=$1
failed=0
