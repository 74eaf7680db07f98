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

// profile records where the product spends its time on these requests, in a run
// of its own after the rounds: a profiler costs what it measures.
func (b *bench) profile(ctx context.Context, what string, p *product, on side) {
	if b.options.profiles == "" {
		return
	}
	name := filepath.Join(b.options.profiles, strings.Map(func(r rune) rune {
		if r == ' ' || r == ',' || r == '/' {
			return '_'
		}
		return r
	}, what)+".pprof")
	if err := b.record(ctx, name, p, on); err != nil {
		b.note("no profile of %s: %v", what, err)
		return
	}
	b.note("go tool pprof -top %s", name)
}

func (b *bench) record(ctx context.Context, name string, p *product, on side) error {
	if err := os.MkdirAll(b.options.profiles, 0o755); err != nil {
		return err
	}
	seconds := max(1, int(b.options.slot/time.Second))
	done := make(chan error, 1)
	go func() {
		_, err := load.Run(ctx, on.target, load.Options{Connections: connections, For: time.Duration(seconds+1) * time.Second})
		done <- err
	}()
	err := fetch(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", p.pprof, seconds), name)
	err = errors.Join(err, <-done)
	if on.settle != nil {
		_, settled := on.settle(ctx)
		err = errors.Join(err, settled)
	}
	return err
}

// heap records what the product holds in memory.
func (b *bench) heap(ctx context.Context, p *product) {
	if b.options.profiles == "" {
		return
	}
	name := filepath.Join(b.options.profiles, "heap.pprof")
	err := errors.Join(os.MkdirAll(b.options.profiles, 0o755), fetch(ctx, "http://"+p.pprof+"/debug/pprof/heap", name))
	if err != nil {
		b.note("no heap profile: %v", err)
		return
	}
	b.note("go tool pprof -top %s", name)
}

func fetch(ctx context.Context, url, name string) error {
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
