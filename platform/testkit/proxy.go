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

// TCPProxy stands between a client and a server and breaks connections where a
// test wants it to.
type TCPProxy struct {
	listener net.Listener
	target   string
	framed   bool // Postgres: whole messages are passed on, and faults may match them
	pumps    sync.WaitGroup
	done     chan struct{}
	latency  atomic.Int64 // nanoseconds, each way

	mu     sync.Mutex
	links  map[*link]struct{}
	faults []*armed
}

// Toward is a direction of bytes.
type Toward uint8

// The two directions.
const (
	ToClient Toward = iota
	ToServer
)

// Then is what a fault does to the connection that it strikes.
type Then uint8

// What a fault can do.
const (
	Cut     Then = iota // both sides get RST
	Swallow             // what comes this way is read and thrown away, for ever
)

// Fault is one thing that goes wrong.
type Fault struct {
	Toward Toward
	At     func(Message) bool // strikes at this Postgres message, which is not passed on
	After  int64              // without At: strikes when a connection has passed this many bytes on
	Then   Then
	Times  int // how often; 0 is once, -1 always
}

type armed struct {
	Fault
	struck chan struct{}
	once   sync.Once
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
	p := &TCPProxy{listener: l, target: target, framed: framed, links: map[*link]struct{}{}, done: make(chan struct{})}
	p.pumps.Go(p.accept)
	t.Cleanup(func() {
		close(p.done)
		_ = l.Close()
		p.CutAll()
		p.pumps.Wait()
	})
	return p
}

// Addr is where clients connect.
func (p *TCPProxy) Addr() string { return p.listener.Addr().String() }

// Inject arms a fault. struck is closed when it has happened for the first time.
func (p *TCPProxy) Inject(f Fault) (struck <-chan struct{}) {
	if f.Times == 0 {
		f.Times = 1
	}
	a := &armed{Fault: f, struck: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, a)
	return a.struck
}

// BlackHole swallows everything in both directions, on open connections and on
// new ones, which are still accepted.
func (p *TCPProxy) BlackHole() {
	p.Inject(Fault{Toward: ToClient, Then: Swallow, Times: -1})
	p.Inject(Fault{Toward: ToServer, Then: Swallow, Times: -1})
}

// Latency delays everything that is passed on, in each direction.
func (p *TCPProxy) Latency(d time.Duration) { p.latency.Store(int64(d)) }

// Heal disarms all faults and the latency. A connection that swallows bytes
// goes on doing so: a stream with a gap is of no use.
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
	for l := range p.links {
		l.cut()
	}
}

// Open counts the connections.
func (p *TCPProxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
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
		l := &link{proxy: p, client: client.(*net.TCPConn), server: server.(*net.TCPConn)}
		p.mu.Lock()
		p.links[l] = struct{}{}
		p.mu.Unlock()
		select {
		case <-p.done:
			l.cut()
		default:
		}
		p.pumps.Go(l.run)
	}
}

// strike says what becomes of a unit of bytes: how many pass, and then what.
func (p *TCPProxy) strike(to Toward, m Message, passed, size int64) (pass int64, hit *armed) {
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
		f.once.Do(func() { close(f.struck) })
		return pass, f
	}
	return size, nil
}

// link is one client's connection and the server's.
type link struct {
	proxy          *TCPProxy
	client, server *net.TCPConn
	statements     statements
}

func (l *link) cut() {
	for _, c := range []*net.TCPConn{l.client, l.server} {
		_ = c.SetLinger(0) // closed already is fine
		_ = c.Close()
	}
}

func (l *link) run() {
	var both sync.WaitGroup
	both.Go(func() { l.pump(ToServer, l.client, l.server) })
	both.Go(func() { l.pump(ToClient, l.server, l.client) })
	both.Wait()
	l.cut()
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	delete(l.proxy.links, l)
}

// pump passes bytes on until an end closes or a fault strikes.
func (l *link) pump(to Toward, from, into *net.TCPConn) {
	next := chunks(from)
	if l.proxy.framed {
		next = frames(from, to == ToServer, &l.statements)
	}
	var passed int64
	for {
		unit, m, err := next()
		if err != nil {
			_ = into.CloseWrite() // an orderly end is passed on as one
			if !errors.Is(err, io.EOF) {
				l.cut()
			}
			return
		}
		pass, hit := l.proxy.strike(to, m, passed, int64(len(unit)))
		l.proxy.wait()
		if _, err := into.Write(unit[:pass]); err != nil {
			l.cut()
			return
		}
		passed += pass
		switch {
		case hit == nil:
		case hit.Then == Cut:
			l.cut()
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
