package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"galaxy/backend/bench/internal/anchor"
)

func main() {
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	if len(os.Args) > 1 && os.Args[1] == "anchor" {
		os.Exit(exitCode(serveAnchor(ctx, os.Args[2:])))
	}
	o, err := parseOptions(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2)
	}
	os.Exit(exitCode(run(ctx, o)))
}

func exitCode(err error) int {
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

// serveAnchor runs the anchor, in a process of its own.
func serveAnchor(ctx context.Context, args []string) error {
	var c anchor.Config
	flags := flag.NewFlagSet("anchor", flag.ContinueOnError)
	flags.StringVar(&c.HTTP, "http", "", "address of the routes")
	flags.StringVar(&c.GRPC, "grpc", "", "address of the stream")
	flags.StringVar(&c.DSN, "dsn", "", "the product's database")
	flags.StringVar(&c.Tables, "tables", "", "the anchor's own database")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return anchor.Serve(ctx, c)
}

// options are the command line's.
type options struct {
	rounds   int
	slot     time.Duration
	only     []string
	root     string // directory of the product's sources
	out      string
	profiles string // a directory; empty: none are taken
}

func parseOptions(args []string, w io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(w)
	seconds := flags.Float64("seconds", 2, "how long each side's turn is")
	only := flags.String("only", "", "goals to measure, such as G1,G3; empty: all")
	flags.IntVar(&o.rounds, "rounds", 5, "how often the sides take turns")
	flags.StringVar(&o.root, "root", "..", "the product's sources")
	flags.StringVar(&o.out, "out", "bench.json", "where the figures are written")
	flags.StringVar(&o.profiles, "profiles", "", "directory for CPU profiles of the product, one for each comparison; empty: none")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.slot = time.Duration(*seconds * float64(time.Second))
	if *only != "" {
		o.only = strings.Split(strings.ToUpper(*only), ",")
	}
	known := []string{"G1", "G2", "G3", "G4", "G10", "G11", "G12"}
	for _, goal := range o.only {
		if !slices.Contains(known, goal) {
			err = errors.Join(err, fmt.Errorf("there is no goal %s, only %s", goal, strings.Join(known, ", ")))
		}
	}
	if o.rounds < 1 || o.slot < 100*time.Millisecond || o.slot > time.Minute {
		err = errors.Join(err, errors.New("at least one round, and slots of 0.1 to 60 seconds"))
	}
	if err != nil {
		_, _ = fmt.Fprintln(w, err)
	}
	return o, err
}

// benchmark is one run: it collects the rows.
type benchmark struct {
	options options
	testbed *testbed
	rows    []row
}

// noFigure stands for a figure that was not measured.
var noFigure = number(math.NaN())

// wanted reports whether one of the goals was selected.
func (b *benchmark) wanted(goals ...string) bool {
	return len(b.options.only) == 0 || slices.ContainsFunc(goals, func(g string) bool { return slices.Contains(b.options.only, g) })
}

// add appends a row; with an error it has failed, whatever its figure.
func (b *benchmark) add(r row, err error) {
	if err != nil {
		r.Failed = err.Error()
	}
	b.rows = append(b.rows, r)
	b.progress("%s %s: %s %s", r.Goal, r.What, formatNumber(r.Figure, 2), r.verdict())
}

// progress prints a line to stderr.
func (b *benchmark) progress(format string, args ...any) {
	_, _ = fmt.Fprintf(os.Stderr, "  "+format+"\n", args...)
}

// run measures everything, prints everything, and fails when a goal is missed.
func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "galaxy-bench-")
	if err != nil {
		return err
	}
	b := &benchmark{options: o, testbed: &testbed{dir: dir}}
	defer func() { err = errors.Join(err, b.testbed.stop()) }()
	b.progress("building the product")
	if err := b.testbed.build(ctx, o.root); err != nil {
		return err
	}
	if err := b.measure(ctx); err != nil {
		return errors.Join(err, printTable(os.Stdout, b.rows))
	}
	slices.SortStableFunc(b.rows, func(x, y row) int { return goalNumber(x.Goal) - goalNumber(y.Goal) })
	if err := errors.Join(printTable(os.Stdout, b.rows), b.report(ctx).write(o.out)); err != nil {
		return err
	}
	missed := 0
	for _, r := range b.rows {
		if r.verdict() == "FAILED" {
			missed++
		}
	}
	if missed > 0 {
		return fmt.Errorf("%d figures are above their goal", missed)
	}
	return nil
}

// goalNumber is the number of a goal.
func goalNumber(goal string) (n int) {
	_, _ = fmt.Sscanf(goal, "G%d", &n) // the names are constants
	return n
}

// measure measures all goals: first those of an empty platform, then those of a
// populated one.
func (b *benchmark) measure(ctx context.Context) error {
	s := b.testbed
	b.progress("starting Postgres and the relay")
	if err := s.start(ctx); err != nil {
		return err
	}
	// The first start migrates.
	first, took, err := s.startProduct("first", productDB)
	if err != nil {
		return err
	}
	b.progress("first start: ready after %s", took.Round(time.Millisecond))
	if err := first.stop(); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{b.measureEmptyStarts, b.measureStarts, b.populate, b.measureLoad, b.measureTraced, b.measureIdentity, b.measureStops} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// populate writes the rows that requests refer to.
func (b *benchmark) populate(ctx context.Context) error {
	if !b.wanted("G1", "G2", "G3", "G4", "G10", "G12") {
		return nil
	}
	b.progress("populating the database")
	s := b.testbed
	if err := s.seedUsers(ctx); err != nil {
		return err
	}
	product, _, err := s.startProduct("seeding", productDB)
	if err != nil {
		return err
	}
	if err := errors.Join(s.seedGames(ctx, product), product.stop()); err != nil {
		return err
	}
	if err := s.vacuumAnalyze(ctx); err != nil {
		return err
	}
	if product, _, err = s.startProduct("past", productDB); err != nil {
		return err
	}
	if err := errors.Join(s.warmUpDatabase(ctx, product), product.stop(), s.vacuumAnalyze(ctx)); err != nil {
		return err
	}
	return anchor.Prepare(ctx, s.dsn(anchorDB), s.data.inviteGameIDs)
}

func (b *benchmark) report(ctx context.Context) report {
	m := machine{Cores: runtime.NumCPU(), Go: runtime.Version(), Postgres: b.testbed.postgres.Version(), Rounds: b.options.rounds, Seconds: b.options.slot.Seconds()}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, rest, _ := strings.Cut(string(text), "model name")
		line, _, _ := strings.Cut(rest, "\n")
		m.CPU = strings.Trim(line, "\t :")
	}
	cmd := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty")
	cmd.Dir = filepath.Clean(b.options.root)
	if out, err := cmd.Output(); err == nil { // the sources may be no checkout
		m.Commit = strings.TrimSpace(string(out))
	}
	return report{Machine: m, Rows: b.rows}
}
