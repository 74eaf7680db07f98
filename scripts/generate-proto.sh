#!/bin/sh
# Regenerates the Go code of proto/push and proto/notification with the pinned
# tools in .bin, and records what it was generated from: `make verify` compares
# the sums, so that checking needs neither buf nor flatc.
set -eu
cd "$(dirname "$0")/.."
bin=$PWD/.bin

(cd proto && PATH="$bin:$PATH" "$bin/buf" lint && PATH="$bin:$PATH" "$bin/buf" generate)
(cd proto/push/v1 && sha256sum push.proto push.pb.go push_grpc.pb.go >SHA256SUMS)

"$bin/flatc" --go --gen-onefile --gen-object-api --go-namespace notificationv1 \
	-o proto/notification/v1 proto/notification/v1/notification.fbs
gofmt -w proto/notification/v1/notification_generated.go
(cd proto/notification/v1 && sha256sum notification.fbs notification_generated.go >SHA256SUMS)
