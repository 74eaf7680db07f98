package runtime

import (
	"errors"
	"slices"
	"time"

	"galaxy/backend/modules/runtime/driver"
)

// Config is the section BACKEND_RUNTIME_*.
type Config struct {
	driver.Config

	WorkerPoolSize    int               `split_words:"true" default:"4" desc:"how many games are worked on side by side"`
	JobQueueSize      int               `split_words:"true" default:"64" desc:"how many due games one pass takes at the most"`
	ReconcileInterval time.Duration     `split_words:"true" default:"60s" desc:"interval between looks at a running engine, and between comparisons with the driver's list"`
	ImagePullPolicy   driver.PullPolicy `split_words:"true" default:"if_missing" desc:"engine image pull policy: if_missing, always, never"`
	StopGracePeriod   time.Duration     `split_words:"true" default:"10s" desc:"SIGTERM-to-SIGKILL grace period for engine stop"`
}

// Validate names everything that is wrong.
func (c Config) Validate() error {
	errs := []error{c.Config.Validate()}
	if c.WorkerPoolSize < 1 || c.WorkerPoolSize > 256 {
		errs = append(errs, errors.New("BACKEND_RUNTIME_WORKER_POOL_SIZE must lie between 1 and 256"))
	}
	if c.JobQueueSize < 1 {
		errs = append(errs, errors.New("BACKEND_RUNTIME_JOB_QUEUE_SIZE must be at least 1"))
	}
	if c.ReconcileInterval < time.Second {
		errs = append(errs, errors.New("BACKEND_RUNTIME_RECONCILE_INTERVAL must be at least 1s"))
	}
	if !slices.Contains([]driver.PullPolicy{driver.PullIfMissing, driver.PullAlways, driver.PullNever},
		c.ImagePullPolicy) {
		errs = append(errs, errors.New("BACKEND_RUNTIME_IMAGE_PULL_POLICY must be if_missing, always or never"))
	}
	if c.StopGracePeriod <= 0 || c.StopGracePeriod > 10*time.Minute {
		errs = append(errs, errors.New("BACKEND_RUNTIME_STOP_GRACE_PERIOD must lie between 0 and 10m"))
	}
	return errors.Join(errs...)
}

// CacheConfig is the domain's share of the section BACKEND_CACHE_*.
type CacheConfig struct {
	RuntimesMax int `split_words:"true" default:"100000" desc:"most engine states kept in memory"`
}

// Validate refuses a cache that holds nothing.
func (c CacheConfig) Validate() error {
	if c.RuntimesMax < 1 {
		return errors.New("BACKEND_CACHE_RUNTIMES_MAX must be at least 1")
	}
	return nil
}
