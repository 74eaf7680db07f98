package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/smtp"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// fakeEnv makes the test binary the backend: as much of it as devstack sees.
const fakeEnv = "GALAXY_TEST_DEVSTACK_BACKEND"

func TestMain(m *testing.M) {
	if os.Getenv(fakeEnv) != "" {
		if err := fakeBackend(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// fakeBackend keeps engine versions in Postgres, sends a mail when it is up
// and takes its leave when it is told to.
func fakeBackend() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	db, err := pgx.Connect(ctx, os.Getenv("BACKEND_POSTGRES_DSN"))
	if err != nil {
		return err
	}
	defer db.Close(context.Background())
	if _, err := db.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS backend"); err != nil {
		return err
	}
	if _, err := db.Exec(ctx, "CREATE TABLE IF NOT EXISTS versions (version text PRIMARY KEY, image text NOT NULL)"); err != nil {
		return err
	}
	if os.Getenv(fakeEnv) == "broken" {
		return fmt.Errorf("BACKEND_SOMETHING is wrong")
	}
	relay := os.Getenv("BACKEND_SMTP_HOST") + ":" + os.Getenv("BACKEND_SMTP_PORT")
	if err := smtp.SendMail(relay, nil, os.Getenv("BACKEND_SMTP_FROM"), []string{"ada@example.com"}, []byte("Subject: up\r\n\r\nup\r\n")); err != nil {
		return err
	}
	srv := &http.Server{Addr: os.Getenv("BACKEND_HTTP_LISTEN_ADDR"), Handler: fakeRoutes(db)}
	go func() { <-ctx.Done(); _ = srv.Close() }()
	_ = srv.ListenAndServe() // until the signal
	fmt.Println("stopped in order")
	return nil
}

func fakeRoutes(db *pgx.Conn) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /api/v1/admin/engine-versions", func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user != os.Getenv("BACKEND_ADMIN_BOOTSTRAP_USER") || password != os.Getenv("BACKEND_ADMIN_BOOTSTRAP_PASSWORD") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var in struct {
			Version string
			Image   string `json:"image_ref"`
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		if _, err := db.Exec(r.Context(), "INSERT INTO versions VALUES ($1, $2)", in.Version, in.Image); err != nil {
			w.WriteHeader(http.StatusConflict)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
	mux.HandleFunc("POST /api/v1/admin/engine-versions/{version}/default", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// fakeBuilder puts this test binary in the backend's place.
func fakeBuilder(t *testing.T, mode string) builder {
	t.Helper()
	script := filepath.Join(t.TempDir(), "backend")
	text := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = serve ] || exit 2\n%s=%s exec %q\n", fakeEnv, mode, os.Args[0])
	require.NoError(t, os.WriteFile(script, []byte(text), 0o755))
	return func(context.Context) (binaries, error) { return binaries{backend: script, engine: "/no/engine"}, nil }
}
