package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"galaxy/backend/bench/internal/load"
)

// saveCPUProfile writes a CPU profile of the product under these requests, in a
// separate run after the rounds: profiling costs CPU time itself.
func (b *benchmark) saveCPUProfile(ctx context.Context, what string, p *product, on side) {
	if b.options.profiles == "" {
		return
	}
	name := filepath.Join(b.options.profiles, strings.Map(func(r rune) rune {
		if r == ' ' || r == ',' || r == '/' {
			return '_'
		}
		return r
	}, what)+".pprof")
	if err := b.recordProfile(ctx, name, p, on); err != nil {
		b.progress("no profile of %s: %v", what, err)
		return
	}
	b.progress("go tool pprof -top %s", name)
}

func (b *benchmark) recordProfile(ctx context.Context, name string, p *product, on side) error {
	if err := os.MkdirAll(b.options.profiles, 0o755); err != nil {
		return err
	}
	seconds := max(1, int(b.options.slot/time.Second))
	done := make(chan error, 1)
	go func() {
		_, err := load.Run(ctx, on.target, load.Options{Connections: connections, For: time.Duration(seconds+1) * time.Second})
		done <- err
	}()
	err := download(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", p.pprof, seconds), name)
	err = errors.Join(err, <-done)
	if on.drain != nil {
		_, settled := on.drain(ctx)
		err = errors.Join(err, settled)
	}
	return err
}

// saveHeapProfile writes a heap profile of the product.
func (b *benchmark) saveHeapProfile(ctx context.Context, p *product) {
	if b.options.profiles == "" {
		return
	}
	name := filepath.Join(b.options.profiles, "heap.pprof")
	err := errors.Join(os.MkdirAll(b.options.profiles, 0o755), download(ctx, "http://"+p.pprof+"/debug/pprof/heap", name))
	if err != nil {
		b.progress("no heap profile: %v", err)
		return
	}
	b.progress("go tool pprof -top %s", name)
}

func download(ctx context.Context, url, name string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, res.Status)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, res.Body)
	return errors.Join(err, f.Close())
}
