// Command testengine stands in for an engine in tests: it answers /healthz, keeps one
// value in its state directory under a lock, tells what it is allowed to do,
// and ends in the ways that engines end.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	addr, dir := os.Getenv("ENGINE_LISTEN_ADDR"), os.Getenv("ENGINE_STATE_DIR")
	if addr == "" {
		addr = ":8080"
	}
	if dir != "" {
		lock, err := os.OpenFile(filepath.Join(dir, "LOCK"), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil || syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
			fmt.Println("state directory is in use or not writable", err)
			os.Exit(4)
		}
	}
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"status":"ok"}`) })
	http.HandleFunc("GET /facts", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(facts()) })
	http.HandleFunc("PUT /state", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := os.WriteFile(filepath.Join(dir, "turn"), body, 0o600); err != nil {
			http.Error(w, err.Error(), 500)
		}
	})
	http.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		body, _ := os.ReadFile(filepath.Join(dir, "turn"))
		_, _ = w.Write(body)
	})
	http.HandleFunc("POST /exit", func(_ http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.URL.Query().Get("code"))
		os.Exit(code)
	})
	http.HandleFunc("POST /eat", func(http.ResponseWriter, *http.Request) {
		var eaten [][]byte
		for {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			eaten = append(eaten, b)
		}
	})
	fmt.Println("started", strings.Join(os.Args[1:], " "))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() { fmt.Println(http.ListenAndServe(addr, nil)); os.Exit(5) }()
	for <-ctx.Done(); os.Getenv("IGNORE_TERM") != ""; {
		select {}
	}
	fmt.Println("stopped")
}

func facts() map[string]any {
	status, _ := os.ReadFile("/proc/self/status")
	out := map[string]any{"uid": os.Getuid(), "env": os.Environ(), "args": os.Args}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if strings.HasPrefix(name, "Cap") || name == "NoNewPrivs" || name == "Seccomp" {
			out[name] = strings.TrimSpace(value)
		}
	}
	host, _ := os.Hostname()
	out["hostname"] = host
	out["root_writable"] = os.WriteFile("/planted", nil, 0o600) == nil
	out["tmp_writable"] = os.WriteFile("/tmp/planted", nil, 0o600) == nil
	return out
}
