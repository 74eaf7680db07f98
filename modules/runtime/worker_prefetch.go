package runtime

import (
	"context"
	"errors"

	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/runtime/driver"
)

// Prefetcher pulls the images that operators want ahead.
type Prefetcher struct {
	images Images
	driver *DriverClient
}

// NewPrefetcher makes a prefetcher.
func NewPrefetcher(images Images, d *DriverClient) *Prefetcher {
	return &Prefetcher{images: images, driver: d}
}

// runOnce pulls one image. It is not run again at once after a pull that failed:
// that would not help.
func (p *Prefetcher) runOnce(ctx context.Context) (again bool, err error) {
	v, ok, err := p.images.NextPrefetch(ctx)
	if err != nil || !ok {
		return false, err
	}
	state, reason := engineversion.PrefetchDone, ""
	failed := p.pull(ctx, v)
	switch {
	case errors.Is(failed, driver.ErrUnavailable), errors.Is(failed, context.Canceled):
		state = engineversion.PrefetchQueued // the next pass tries again
	case failed != nil:
		state, reason = engineversion.PrefetchFailed, failed.Error()
	}
	// A pull that a shutdown ended is recorded all the same.
	return failed == nil, p.images.RecordPrefetch(context.WithoutCancel(ctx), v.Version, state, reason)
}

func (p *Prefetcher) pull(ctx context.Context, v engineversion.Version) error {
	pulled, err := p.driver.pull(ctx, v)
	if err != nil {
		return err
	}
	return p.images.RecordDigest(ctx, v, pulled.Digest)
}
