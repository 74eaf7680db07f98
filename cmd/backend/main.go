package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	_ "time/tzdata" // schedules and settings name zones; a scratch image has none

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/telemetry/build"
	"galaxy/backend/sql"
)

func main() { os.Exit(command(os.Args[1:], os.Stdout)) }

// command runs one subcommand and returns the exit code.
func command(args []string, out io.Writer) int {
	name := "serve"
	if len(args) > 0 {
		name = args[0]
	}
	switch name {
	case "help", "--help", "-h":
		return report(printHelp(out))
	case "version", "--version":
		b := build.Read()
		_, _ = fmt.Fprintf(out, "galaxy-backend %s %s %s %s\n", b.Version, b.Commit, b.Time, b.Go)
		return 0
	case "healthcheck":
		return report(healthcheck())
	}
	if len(args) > 1 {
		return fail(2, fmt.Errorf("%s takes no arguments, all configuration is in the environment", name))
	}
	c, warnings, err := Load(os.Environ())
	switch {
	case name == "config" && len(args) == 1:
		printed := printConfig(out, os.Environ())
		for _, w := range warnings {
			_, _ = fmt.Fprintln(os.Stderr, "warning:", w)
		}
		if err != nil {
			return fail(2, err)
		}
		return report(printed)
	case err != nil:
		return fail(2, fmt.Errorf("the configuration is not complete:\n%w", err))
	case name == "serve":
		return serve(c, warnings)
	case name == "migrate":
		return report(migrate(c))
	}
	return fail(2, fmt.Errorf("there is no subcommand %q: try --help", name))
}

func report(err error) int {
	if err != nil {
		return fail(1, err)
	}
	return 0
}

// migrate is for deployments that change the schema ahead of the program.
func migrate(c Config) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	db, err := pg.New(c.Postgres)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close(ctx) }()
	return pg.Migrate(ctx, db, sql.Migrations, sql.Root)
}

// healthcheck is for container probes: the image has no curl.
func healthcheck() error {
	addr := ":8080"
	if v := os.Getenv("BACKEND_HTTP_LISTEN_ADDR"); v != "" {
		addr = v
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("BACKEND_HTTP_LISTEN_ADDR: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	scheme := "http"
	if os.Getenv("BACKEND_TLS_CERT") != "" {
		scheme = "https"
	}
	// It talks to itself: the certificate is for the names that others use.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // over loopback, and it sends nothing
	client := &http.Client{Timeout: 5 * time.Second, Transport: transport}
	resp, err := client.Get(scheme + "://" + net.JoinHostPort(host, port) + "/readyz")
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz answers %s", resp.Status)
	}
	return nil
}
