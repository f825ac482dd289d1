#!/bin/sh
# The image's one entry point: `worker`, `edge`, `edge-socket`, or a line of the CLI (`dolt failover …`).
# `exec` makes Node the container's first process, so that it hears SIGTERM itself.
set -eu
case "${1:-}" in
worker)
  shift
  exec node /app/dist/worker.mjs "$@"
  ;;
edge)
  shift
  exec node /app/dist/edge-node.mjs "$@"
  ;;
edge-socket)
  shift
  exec node /app/dist/edge-socket.mjs "$@"
  ;;
*) exec node /app/dist/cli.mjs "$@" ;;
esac
