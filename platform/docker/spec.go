package docker

import (
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
)

// Spec is a container to be made.
type Spec struct {
	Name    string // also its host name in the network
	Image   string
	User    string // "uid:gid"; root is refused
	Network string
	Labels  map[string]string
	Env     []string
	Command []string // empty: the image's own
	Source  string   // directory on the daemon's machine, mounted writable at Target
	Target  string
	Port    int    // the one it listens on
	Publish string // host address that Port is published on; empty publishes nothing
	CPUs    float64
	Memory  int64 // bytes
	Pids    int64
	Logs    Logging
}

// Logging is a log driver and its options.
type Logging struct {
	Driver  string
	Options map[string]string
}

// tmpMount is the only writable place besides the mount.
const tmpMount = "rw,noexec,nosuid,nodev,size=16m,mode=1777"

// config bounds what the usual drivers keep per container, unless told otherwise.
func (l Logging) config() container.LogConfig {
	out := container.LogConfig{Type: l.Driver, Config: map[string]string{}}
	if l.Driver == "json-file" || l.Driver == "local" {
		out.Config["max-size"], out.Config["max-file"] = "10m", "3"
	}
	for name, value := range l.Options {
		out.Config[name] = value
	}
	return out
}

func (s Spec) port() nat.Port { return nat.Port(portString(s.Port) + "/tcp") }

func (s Spec) containerConfig() *container.Config {
	return &container.Config{
		Hostname:     s.Name,
		User:         s.User,
		Image:        s.Image,
		Env:          s.Env,
		Cmd:          s.Command,
		Labels:       s.Labels,
		ExposedPorts: nat.PortSet{s.port(): {}},
		// The caller probes over HTTP: a check of the image's own costs an exec
		// per interval and floods the event stream.
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}
}

// hostConfig is the profile: nothing that a process needs only to harm others.
// Init stays off, because with it a bad entrypoint seems to start.
func (s Spec) hostConfig() *container.HostConfig {
	h := &container.HostConfig{
		NetworkMode:    container.NetworkMode(s.Network),
		RestartPolicy:  container.RestartPolicy{Name: container.RestartPolicyDisabled},
		CapDrop:        []string{"ALL"},
		SecurityOpt:    []string{"no-new-privileges"},
		ReadonlyRootfs: true,
		IpcMode:        container.IPCModePrivate,
		Tmpfs:          map[string]string{"/tmp": tmpMount},
		LogConfig:      s.Logs.config(),
		Resources: container.Resources{
			NanoCPUs:   int64(s.CPUs * 1e9),
			Memory:     s.Memory,
			MemorySwap: s.Memory, // no swap beyond the limit
			PidsLimit:  &s.Pids,
		},
	}
	if s.Source != "" {
		// A mount, not a bind: a bind would make a missing source as root.
		h.Mounts = []mount.Mount{{
			Type: mount.TypeBind, Source: s.Source, Target: s.Target,
			BindOptions: &mount.BindOptions{Propagation: mount.PropagationPrivate},
		}}
	}
	if s.Publish != "" {
		h.PortBindings = nat.PortMap{s.port(): {{HostIP: s.Publish}}}
	}
	return h
}

func (s Spec) networking() *network.NetworkingConfig {
	return &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{s.Network: {}}}
}

func portString(port int) string { return strconv.Itoa(port) }
