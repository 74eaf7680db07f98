package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// Drivers that -driver takes.
const (
	driverAuto    = "auto"
	driverDocker  = "docker"
	driverProcess = "process"
)

// config is what flags and GALAXY_DEVSTACK_* variables say.
type config struct {
	Dir           string
	Driver        string
	EngineVersion string
	AdminUser     string
	AdminPassword string // empty: drawn once and kept in Dir
	Ports         ports
	Ephemeral     bool
	JSON          bool
	Verbose       bool
}

// ports are on 127.0.0.1; 0 takes a free one.
type ports struct{ REST, GRPC, Inbox, SMTP, Postgres, Metrics int }

// flags lists the ports with what they are called on the command line.
func (p *ports) flags() []struct {
	name, what string
	standard   int
	port       *int
} {
	return []struct {
		name, what string
		standard   int
		port       *int
	}{
		{"rest-port", "REST", 8080, &p.REST},
		{"grpc-port", "gRPC push", 8081, &p.GRPC},
		{"inbox-port", "inbox page", 8025, &p.Inbox},
		{"smtp-port", "SMTP", 1025, &p.SMTP},
		{"postgres-port", "Postgres", 5433, &p.Postgres},
		{"metrics-port", "metrics", 9464, &p.Metrics},
	}
}

// variable is the environment's name of a flag.
func variable(name string) string {
	return "GALAXY_DEVSTACK_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// parse reads the command line; what it does not say, the environment may.
func parse(args []string, getenv func(string) string, usage io.Writer) (config, error) {
	var c config
	fs := flag.NewFlagSet("devstack", flag.ContinueOnError)
	fs.SetOutput(usage)
	text := func(p *string, name, standard, help string) {
		fs.StringVar(p, name, cmp.Or(getenv(variable(name)), standard), help+" ($"+variable(name)+")")
	}
	text(&c.Dir, "dir", ".devstack", "where state is kept")
	text(&c.Driver, "driver", driverAuto, "what games run in: docker, process, or auto: docker where it answers")
	text(&c.EngineVersion, "engine-version", "0.1.0", "version under which the engine is registered")
	text(&c.AdminUser, "admin-user", "admin", "the first operator")
	text(&c.AdminPassword, "admin-password", "", "the first operator's password; drawn once when empty")
	var wrong []error
	for _, p := range c.Ports.flags() {
		standard := p.standard
		if value := getenv(variable(p.name)); value != "" {
			n, err := strconv.Atoi(value)
			if err != nil {
				wrong = append(wrong, fmt.Errorf("%s is not a port", variable(p.name)))
			}
			standard = n
		}
		fs.IntVar(p.port, p.name, standard, p.what+" on 127.0.0.1; 0 takes a free one ($"+variable(p.name)+")")
	}
	fs.BoolVar(&c.Ephemeral, "ephemeral", false,
		"take a temporary directory and free ports, and leave nothing behind;\n"+
			"ends when standard input, if it is a pipe, closes")
	fs.BoolVar(&c.JSON, "json", false, "print the endpoints as one JSON object on standard output when all is ready")
	fs.BoolVar(&c.Verbose, "v", false, "show the backend's log as well")
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	if c.Ephemeral {
		c.freePorts(fs)
	}
	return c, errors.Join(append(wrong, c.validate(fs.Args()))...)
}

// freePorts gives every port that was not asked for a free one.
func (c *config) freePorts(fs *flag.FlagSet) {
	asked := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { asked[f.Name] = true })
	for _, p := range c.Ports.flags() {
		if !asked[p.name] {
			*p.port = 0
		}
	}
}

func (c *config) validate(rest []string) error {
	var wrong []error
	if len(rest) > 0 {
		wrong = append(wrong, fmt.Errorf("there are no arguments: %q", rest))
	}
	switch c.Driver {
	case driverAuto, driverDocker, driverProcess:
	default:
		wrong = append(wrong, fmt.Errorf("-driver is docker, process or auto, not %q", c.Driver))
	}
	for _, p := range c.Ports.flags() {
		if *p.port < 0 || *p.port > 65535 {
			wrong = append(wrong, fmt.Errorf("-%s: %d is not a port", p.name, *p.port))
		}
	}
	return errors.Join(wrong...)
}

// reserve replaces 0 by free ports and reports every port that is in use. A
// Postgres of the developer's own is common enough to step aside for.
func (p *ports) reserve() error {
	var wrong []error
	var held []net.Listener // until all are chosen, or one could be chosen twice
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for _, n := range p.flags() {
		l, err := net.Listen("tcp", loopback(*n.port))
		if errors.Is(err, syscall.EADDRINUSE) && n.port == &p.Postgres && *n.port == n.standard {
			l, err = net.Listen("tcp", loopback(0))
		}
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			wrong = append(wrong, fmt.Errorf("port %d (%s) is in use: end what listens there, or choose another with -%s",
				*n.port, n.what, n.name))
		case err != nil:
			wrong = append(wrong, fmt.Errorf("port %d (%s): %w", *n.port, n.what, err))
		default:
			*n.port = l.Addr().(*net.TCPAddr).Port
			held = append(held, l)
		}
	}
	return errors.Join(wrong...)
}

// loopback is an address on this machine.
func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
