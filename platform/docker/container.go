package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// Status is the state of a container.
type Status string

// A container that the daemon is removing counts as exited.
const (
	Created Status = "created"
	Running Status = "running"
	Exited  Status = "exited"
)

// Container is one as the daemon sees it now.
type Container struct {
	ID         string
	Name       string
	Image      string // the reference it was made from
	ImageID    string
	Labels     map[string]string
	Status     Status
	ExitCode   int
	OOMKilled  bool
	Error      string // why it could not start
	StartedAt  time.Time
	FinishedAt time.Time
}

// swarmService is on the tasks of a swarm, which are managed by somebody else.
const swarmService = "com.docker.swarm.service.id"

// Create makes a container without starting it. CPUs beyond what the machine
// has are cut: the daemon would refuse them. ErrConflict means that the name is
// taken, perhaps by an earlier call whose answer was lost.
func (c *Client) Create(ctx context.Context, s Spec) (id string, err error) {
	uid, _, _ := strings.Cut(s.User, ":")
	if uid == "" || uid == "0" || uid == "root" {
		return "", fmt.Errorf("create %s: %w: it would run as root", s.Name, ErrConfigInvalid)
	}
	info, err := c.Info(ctx)
	switch {
	case err == nil:
		s.CPUs = min(s.CPUs, float64(info.CPUs))
	case !errors.Is(err, ErrConfigInvalid): // a proxy that refuses the question is lived with
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	out, err := c.api.ContainerCreate(ctx, s.containerConfig(), s.hostConfig(), s.networking(), nil, s.Name)
	if errdefs.IsNotFound(err) {
		return "", withKind(ErrImageUnavailable, fmt.Errorf("create %s: %w", s.Name, err))
	}
	return out.ID, classify(err, "create %s", s.Name)
}

// Start starts a container; one that runs is left alone. A network that is gone
// is ErrConfigInvalid, a container that is gone ErrNotFound.
func (c *Client) Start(ctx context.Context, name string) error {
	callCtx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := c.api.ContainerStart(callCtx, name, container.StartOptions{})
	if errdefs.IsNotFound(err) {
		if _, gone := c.Inspect(ctx, name); gone == nil {
			return fmt.Errorf("start %s: %w: %w", name, ErrConfigInvalid, err)
		}
	}
	return classify(err, "start %s", name)
}

// Stop ends a container: SIGTERM, and SIGKILL after the grace. One that has
// ended is no error. When the call is cut short the daemon goes on by itself.
func (c *Client) Stop(ctx context.Context, name string, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout+grace)
	defer cancel()
	seconds := int((grace + time.Second - 1) / time.Second)
	return classify(c.api.ContainerStop(ctx, name, container.StopOptions{Timeout: &seconds}), "stop %s", name)
}

// Remove removes a container and its anonymous volumes, running or not.
func (c *Client) Remove(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	options := container.RemoveOptions{Force: true, RemoveVolumes: true}
	return classify(c.api.ContainerRemove(ctx, name, options), "remove %s", name)
}

// Inspect looks at one container.
func (c *Client) Inspect(ctx context.Context, name string) (Container, error) {
	in, err := c.inspect(ctx, name)
	if err != nil {
		return Container{}, err
	}
	return fromInspect(in), nil
}

func (c *Client) inspect(ctx context.Context, name string) (container.InspectResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	in, err := c.api.ContainerInspect(ctx, name)
	if err == nil && (in.ContainerJSONBase == nil || in.State == nil || in.Config == nil) {
		err = errors.New("the daemon's answer is incomplete")
	}
	return in, classify(err, "inspect %s", name)
}

// Selector chooses containers by their labels.
type Selector struct {
	Label string // "name=value", checked by the daemon
	// Match, unless it is nil, decides by all labels of what the daemon found:
	// the daemon's filters know neither "or" nor "not". What it refuses costs no
	// further call.
	Match func(labels map[string]string) bool
}

func (s Selector) matches(labels map[string]string) bool { return s.Match == nil || s.Match(labels) }

// List looks at every container, running or not, that is selected. One that
// vanishes meanwhile is left out, and so are the tasks of a swarm.
func (c *Client) List(ctx context.Context, s Selector) ([]Container, error) {
	listCtx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if err := c.negotiateVersion(listCtx); err != nil {
		return nil, err
	}
	labelled := filters.NewArgs(filters.Arg("label", s.Label))
	list, err := c.api.ContainerList(listCtx, container.ListOptions{All: true, Filters: labelled})
	if err != nil {
		return nil, classify(err, "list containers with label %s", s.Label)
	}
	out := make([]Container, 0, len(list))
	for _, summary := range list {
		if summary.Labels[swarmService] != "" || !s.matches(summary.Labels) {
			continue
		}
		one, err := c.Inspect(ctx, summary.ID)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

func fromInspect(in container.InspectResponse) Container {
	out := Container{
		ID: in.ID, Name: strings.TrimPrefix(in.Name, "/"), Image: in.Config.Image, ImageID: in.Image,
		Labels:   in.Config.Labels,
		ExitCode: in.State.ExitCode, OOMKilled: in.State.OOMKilled, Error: in.State.Error,
		StartedAt: daemonTime(in.State.StartedAt), FinishedAt: daemonTime(in.State.FinishedAt),
	}
	switch in.State.Status {
	case container.StateCreated:
		out.Status = Created
	case container.StateRunning, container.StatePaused, container.StateRestarting:
		out.Status = Running
	default:
		out.Status = Exited
	}
	return out
}

// daemonTime reads a time; what never happened is the zero time.
func daemonTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC()
}
