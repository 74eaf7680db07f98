package main

import (
	_ "embed"
	"encoding/json"
	"io"
	"text/template"
)

// endpoints is what a user of the stack needs to know; -json prints it, and
// stack.json in the directory holds it while the stack runs.
type endpoints struct {
	REST     string   `json:"rest"`
	Push     string   `json:"push"`
	Inbox    string   `json:"inbox"`
	SMTP     string   `json:"smtp"`
	Metrics  string   `json:"metrics"`
	Postgres string   `json:"postgres"`
	Admin    operator `json:"admin"`
	Engine   engine   `json:"engine"`
	Dir      string   `json:"dir"`
	Log      string   `json:"log"`
}

type operator struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

type engine struct {
	Driver  string `json:"driver"`
	Version string `json:"version"`
	Image   string `json:"image,omitempty"`
	Network string `json:"network,omitempty"`
	Why     string `json:"why,omitempty"` // there are no containers
}

func (s *stack) endpoints() endpoints {
	p := s.cfg.Ports
	e := endpoints{
		REST: s.url(""), Push: loopback(p.GRPC), Inbox: "http://" + loopback(p.Inbox), SMTP: loopback(p.SMTP),
		Metrics: "http://" + loopback(p.Metrics) + "/metrics", Postgres: s.dsn(),
		Admin:  operator{s.cfg.AdminUser, s.cfg.AdminPassword},
		Engine: engine{Driver: s.engines.driver, Version: s.cfg.EngineVersion, Why: s.engines.why},
		Dir:    s.dir.root, Log: s.dir.path("backend.log"),
	}
	if e.Engine.Driver == driverDocker {
		e.Engine.Image, e.Engine.Network = s.engines.image, s.engines.network
	}
	return e
}

func (e endpoints) json(w io.Writer) error { return json.NewEncoder(w).Encode(e) }

//go:embed endpoints.txt
var endpointsText string

var endpointsTemplate = template.Must(template.New("endpoints").Parse(endpointsText))

// print writes all that a newcomer needs, on one page of a terminal.
func (e endpoints) print(w io.Writer) {
	_ = endpointsTemplate.Execute(w, e) // a terminal that is gone reads nothing
}
