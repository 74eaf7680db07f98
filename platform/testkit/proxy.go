package testkit

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TCPProxy forwards connections to a server and breaks them where a test wants
// it to.
type TCPProxy struct {
	listener net.Listener
	target   string
	framed   bool // Postgres: whole messages are forwarded, and faults may match them
	running  sync.WaitGroup
	done     chan struct{}
	latency  atomic.Int64 // nanoseconds, each way

	mu          sync.Mutex
	connections map[*connection]struct{}
	faults      []*activeFault
}

// Direction is a direction of bytes.
type Direction uint8

// The two directions.
const (
	ToClient Direction = iota
	ToServer
)

// Action is what a fault does to the connection that it hits.
type Action uint8

// What a fault can do.
const (
	Cut     Action = iota // both sides get RST
	Discard               // what comes this way is read and not forwarded, for ever
)

// Fault is one thing that goes wrong.
type Fault struct {
	Toward Direction
	At     func(Message) bool // hits at this Postgres message, which is not forwarded
	After  int64              // without At: hits when a connection has forwarded this many bytes
	Then   Action
	Times  int // how often; 0 is once, -1 always
}

type activeFault struct {
	Fault
	hit  chan struct{} // closed at the first time
	once sync.Once
}

// Proxy starts a proxy for any protocol before the server at target.
func Proxy(t testing.TB, target string) *TCPProxy { t.Helper(); return startProxy(t, target, false) }

// PostgresProxy starts a proxy that understands Postgres' protocol without TLS:
// its faults may match messages. PG.Addr is a target, PG.Via the way through.
func PostgresProxy(t testing.TB, target string) *TCPProxy {
	t.Helper()
	return startProxy(t, target, true)
}

func startProxy(t testing.TB, target string, framed bool) *TCPProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("testkit: listen: %v", err)
	}
	p := &TCPProxy{
		listener: l, target: target, framed: framed, connections: map[*connection]struct{}{}, done: make(chan struct{}),
	}
	p.running.Go(p.accept)
	t.Cleanup(func() {
		close(p.done)
		_ = l.Close()
		p.CutAll()
		p.running.Wait()
	})
	return p
}

// Addr is where clients connect.
func (p *TCPProxy) Addr() string { return p.listener.Addr().String() }

// Inject adds a fault. hit is closed when it has happened for the first time.
func (p *TCPProxy) Inject(f Fault) (hit <-chan struct{}) {
	if f.Times == 0 {
		f.Times = 1
	}
	a := &activeFault{Fault: f, hit: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, a)
	return a.hit
}

// BlackHole discards everything in both directions, on open connections and on
// new ones, which are still accepted.
func (p *TCPProxy) BlackHole() {
	p.Inject(Fault{Toward: ToClient, Then: Discard, Times: -1})
	p.Inject(Fault{Toward: ToServer, Then: Discard, Times: -1})
}

// Latency delays everything that is forwarded, in each direction.
func (p *TCPProxy) Latency(d time.Duration) { p.latency.Store(int64(d)) }

// Heal removes all faults and the latency. A connection that discards bytes goes
// on doing so: a stream with a gap is of no use.
func (p *TCPProxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
	p.latency.Store(0)
}

// CutAll resets every open connection.
func (p *TCPProxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.connections {
		c.cut()
	}
}

// Open counts the connections.
func (p *TCPProxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.connections)
}

func (p *TCPProxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		c := &connection{proxy: p, client: client.(*net.TCPConn), server: server.(*net.TCPConn)}
		p.mu.Lock()
		p.connections[c] = struct{}{}
		p.mu.Unlock()
		select {
		case <-p.done:
			c.cut()
		default:
		}
		p.running.Go(c.run)
	}
}

// match finds the fault that hits a unit of bytes, if any, and how many of them
// are forwarded before.
func (p *TCPProxy) match(to Direction, m Message, passed, size int64) (pass int64, hit *activeFault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		if f.Toward != to || f.Times == 0 {
			continue
		}
		switch {
		case f.At != nil:
			if !p.framed || !f.At(m) {
				continue
			}
		case passed+size <= f.After && f.After > 0:
			continue
		default:
			pass = max(0, f.After-passed)
		}
		f.Times--
		f.once.Do(func() { close(f.hit) })
		return pass, f
	}
	return size, nil
}

// connection is one client's connection and the one to the server.
type connection struct {
	proxy          *TCPProxy
	client, server *net.TCPConn
	statements     statements
}

func (c *connection) cut() {
	for _, end := range []*net.TCPConn{c.client, c.server} {
		_ = end.SetLinger(0) // closed already is fine
		_ = end.Close()
	}
}

func (c *connection) run() {
	var both sync.WaitGroup
	both.Go(func() { c.forward(ToServer, c.client, c.server) })
	both.Go(func() { c.forward(ToClient, c.server, c.client) })
	both.Wait()
	c.cut()
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	delete(c.proxy.connections, c)
}

// forward copies bytes until an end closes or a fault hits.
func (c *connection) forward(to Direction, from, into *net.TCPConn) {
	next := chunks(from)
	if c.proxy.framed {
		next = frames(from, to == ToServer, &c.statements)
	}
	var passed int64
	for {
		unit, m, err := next()
		if err != nil {
			_ = into.CloseWrite() // an orderly end is passed on as one
			if !errors.Is(err, io.EOF) {
				c.cut()
			}
			return
		}
		pass, hit := c.proxy.match(to, m, passed, int64(len(unit)))
		c.proxy.wait()
		if _, err := into.Write(unit[:pass]); err != nil {
			c.cut()
			return
		}
		passed += pass
		switch {
		case hit == nil:
		case hit.Then == Cut:
			c.cut()
			return
		default:
			_, _ = io.Copy(io.Discard, from) // until it closes
			return
		}
	}
}

// wait is the latency of one unit.
func (p *TCPProxy) wait() {
	d := time.Duration(p.latency.Load())
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.done:
	}
}
