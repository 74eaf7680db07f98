package driver

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
)

// Config is the part of BACKEND_RUNTIME_* that says what engines run in.
type Config struct {
	Driver              string  `default:"docker" desc:"docker, or process: engines as children of the backend, for development"`
	EngineBinary        string  `split_words:"true" desc:"engine program of the process driver"`
	ContainerLogDriver  string  `split_words:"true" default:"json-file" desc:"Docker log driver applied to engine containers"`
	ContainerLogOpts    Options `split_words:"true" desc:"comma-separated key=value pairs forwarded to the log driver"`
	ContainerCPUQuota   float64 `split_words:"true" default:"2.0" desc:"engine container --cpus"`
	ContainerMemory     Bytes   `split_words:"true" default:"512m" desc:"engine container --memory"`
	ContainerPidsLimit  int64   `split_words:"true" default:"256" desc:"engine container --pids-limit"`
	ContainerStateMount string  `split_words:"true" default:"/var/lib/galaxy-game" desc:"absolute in-container path for the per-game state bind mount"`
}

// StateConfig is the section BACKEND_GAME_*.
type StateConfig struct {
	StateRoot string `split_words:"true" required:"true" desc:"host directory bind-mounted into engine containers"`
}

// Validate names everything that is wrong.
func (c Config) Validate() error {
	var errs []error
	switch {
	case c.Driver != "docker" && c.Driver != "process":
		errs = append(errs, errors.New("BACKEND_RUNTIME_DRIVER must be docker or process"))
	case c.Driver == "process" && !filepath.IsAbs(c.EngineBinary):
		errs = append(errs,
			errors.New("BACKEND_RUNTIME_ENGINE_BINARY must be an absolute path when BACKEND_RUNTIME_DRIVER is process"))
	}
	if c.ContainerLogDriver == "" {
		errs = append(errs, errors.New("BACKEND_RUNTIME_CONTAINER_LOG_DRIVER must not be empty"))
	}
	if !(c.ContainerCPUQuota >= 0.01) || math.IsInf(c.ContainerCPUQuota, 0) {
		errs = append(errs, errors.New("BACKEND_RUNTIME_CONTAINER_CPU_QUOTA must be at least 0.01"))
	}
	if c.ContainerMemory < 6<<20 {
		errs = append(errs, errors.New("BACKEND_RUNTIME_CONTAINER_MEMORY must be at least 6m"))
	}
	if c.ContainerPidsLimit < 1 {
		errs = append(errs, errors.New("BACKEND_RUNTIME_CONTAINER_PIDS_LIMIT must be positive"))
	}
	if !filepath.IsAbs(c.ContainerStateMount) || filepath.Clean(c.ContainerStateMount) == "/" {
		errs = append(errs, errors.New("BACKEND_RUNTIME_CONTAINER_STATE_MOUNT must be an absolute path below /"))
	}
	return errors.Join(errs...)
}

// Validate names what is wrong.
func (c StateConfig) Validate() error {
	if !filepath.IsAbs(c.StateRoot) || filepath.Clean(c.StateRoot) == "/" {
		return errors.New("BACKEND_GAME_STATE_ROOT must be an absolute path below /")
	}
	return nil
}

// Options are key=value pairs, comma-separated.
type Options map[string]string

// UnmarshalText reads them. An empty text is no option.
func (o *Options) UnmarshalText(text []byte) error {
	*o = Options{}
	for pair := range strings.SplitSeq(string(text), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		if key = strings.TrimSpace(key); !ok || key == "" {
			return errors.New("not key=value pairs")
		}
		(*o)[key] = strings.TrimSpace(value)
	}
	return nil
}

// Bytes is a size, written like docker's --memory: 512m, 1g, or plain bytes.
type Bytes int64

// UnmarshalText reads one.
func (b *Bytes) UnmarshalText(text []byte) error {
	s := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(string(text))), "b")
	shift := 0
	if i := strings.IndexAny("kmgt", s[max(len(s)-1, 0):]); i >= 0 && s != "" {
		shift, s = 10*(i+1), s[:len(s)-1]
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift {
		return errors.New("not a size such as 512m")
	}
	*b = Bytes(n << shift)
	return nil
}

// String writes the shortest form that UnmarshalText reads back.
func (b Bytes) String() string {
	for i, unit := range []string{"t", "g", "m", "k"} {
		if size := int64(1) << (10 * (4 - i)); b != 0 && int64(b)%size == 0 {
			return fmt.Sprintf("%d%s", int64(b)/size, unit)
		}
	}
	return strconv.FormatInt(int64(b), 10)
}
