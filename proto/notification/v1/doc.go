// Package notificationv1 is the wire form of push payloads: one FlatBuffers
// table per kind of the notification catalogue that has the push channel.
//
// The Go reader of FlatBuffers has no verifier: bytes that are not a table make
// accessors panic, so whoever decodes foreign bytes recovers.
package notificationv1
