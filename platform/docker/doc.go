// Package docker is the backend's way to a Docker daemon, and the only package
// that imports docker/docker: that SDK is frozen, and moving to its successor
// shall be an edit of this package alone.
//
// What holds:
//
//   - Nothing is asked of the daemon but by a method that says so. A daemon that
//     is down fails those with ErrUnavailable, never the start of the process.
//   - Errors are one of a few kinds (errors.go). Whatever is none of them is the
//     daemon's own failure: the step may be tried again.
//   - A call that timed out may still have taken place. The truth is Inspect and
//     List; Watch only hints that they are worth a look.
//   - Containers are made with one hardened profile (spec.go).
package docker
