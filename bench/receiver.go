package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	tracev1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	pushv1 "galaxy/backend/proto/push/v1"
)

// gateway is a subscriber of a push stream.
type gateway struct {
	conn   *grpc.ClientConn
	cancel context.CancelFunc
	ended  chan struct{}

	mu          sync.Mutex
	events      int        // client events
	gaps        int        // gap frames
	regressions int        // cursors that did not increase
	end         codes.Code // how the stream ended
}

// subscribe opens the stream.
func subscribe(addr string) (*gateway, error) {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	stream, err := pushv1.NewPushClient(conn).SubscribePush(ctx, &pushv1.GatewaySubscribeRequest{GatewayClientId: "bench"})
	if err != nil {
		cancel()
		_ = conn.Close()
		return nil, fmt.Errorf("subscribe to push: %w", err)
	}
	g := &gateway{conn: conn, cancel: cancel, ended: make(chan struct{})}
	go g.read(stream)
	return g, nil
}

func (g *gateway) read(stream pushv1.Push_SubscribePushClient) {
	defer close(g.ended)
	last := ""
	for {
		frame, err := stream.Recv()
		g.mu.Lock()
		if err != nil {
			g.end = status.Code(err)
			g.mu.Unlock()
			return
		}
		if frame.GetCursor() <= last {
			g.regressions++
		}
		last = frame.GetCursor()
		if frame.GetClientEvent() != nil {
			g.events++
		}
		if frame.GetGap() != nil {
			g.gaps++
		}
		g.mu.Unlock()
	}
}

// close ends the subscription.
func (g *gateway) close() {
	g.cancel()
	<-g.ended
	_ = g.conn.Close()
}

// awaitEnd waits for the server to end the stream.
func (g *gateway) awaitEnd(limit time.Duration) error {
	select {
	case <-g.ended:
		return nil
	case <-time.After(limit):
		return fmt.Errorf("the stream did not end within %s", limit)
	}
}

// collector counts the spans that it receives.
type collector struct {
	tracev1.UnimplementedTraceServiceServer
	server *grpc.Server
	addr   string
	mu     sync.Mutex
	spans  int
}

func startCollector() (*collector, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &collector{server: grpc.NewServer(), addr: l.Addr().String()}
	tracev1.RegisterTraceServiceServer(c.server, c)
	go func() { _ = c.server.Serve(l) }() // ended by Stop
	return c, nil
}

// Export implements the collector's service.
func (c *collector) Export(_ context.Context, in *tracev1.ExportTraceServiceRequest) (*tracev1.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range in.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans += len(scope.GetSpans())
		}
	}
	return new(tracev1.ExportTraceServiceResponse), nil
}

func (c *collector) received() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spans
}
