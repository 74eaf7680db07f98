// Package grpcx is the process's gRPC server: bounded, guarded by the gateway
// credential like the HTTP surfaces, and stopped in two steps.
//
//  1. In phase Ingress the listener closes and health turns NOT_SERVING. Open
//     streams live on, so that the work that still ends can reach the gateway.
//  2. In phase Push the hub ends its streams; Drain waits for that beside it
//     and, past its budget, cuts what is left. One GracefulStop in one step
//     would wait for ever for a stream that only the hub can end.
package grpcx
