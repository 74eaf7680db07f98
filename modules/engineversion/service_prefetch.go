package engineversion

import (
	"context"
	"errors"
	"fmt"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/sanitize"
	"galaxy/backend/platform/worker"
)

// PrefetchSignal is sent when an image waits to be pulled ahead.
type PrefetchSignal struct{ *worker.Signal }

// NewPrefetchSignal makes the one that Service sends and the puller waits for.
func NewPrefetchSignal() PrefetchSignal { return PrefetchSignal{worker.NewSignal()} }

// NextPrefetch takes one version whose image is to be pulled ahead, and false
// when there is none. The one worker that calls it reports with RecordPrefetch.
func (s *Service) NextPrefetch(ctx context.Context) (v Version, ok bool, err error) {
	var name string
	err = s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) (err error) {
		name, ok, err = s.store.claimPrefetch(ctx, tx)
		if ok {
			s.invalidate(tx)
		}
		return err
	})
	if err != nil || !ok {
		return Version{}, false, err
	}
	v, err = s.Version(ctx, name)
	return v, err == nil, err
}

// RecordPrefetch keeps how a pull ended: PrefetchDone, PrefetchFailed for the
// reason, or PrefetchQueued when it has to be tried again. A version that was
// deleted meanwhile is no error.
func (s *Service) RecordPrefetch(ctx context.Context, version string, state Prefetch, reason string) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		_, _, err := s.update(ctx, tx, version, func(v *Version) error {
			v.Prefetch, v.PrefetchError = state, sanitize.Line(reason)
			if state == PrefetchDone {
				now := s.clock.Now()
				v.PrefetchedAt = &now
			}
			return nil
		})
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("record the prefetch of engine version %s: %w", version, err)
	}
	return nil
}

// RecordDigest keeps what the version's image resolved to when it was pulled. An
// empty digest is that of an image that no registry knows.
func (s *Service) RecordDigest(ctx context.Context, v Version, digest string) error {
	if digest == "" || digest == v.Digest {
		return nil
	}
	err := s.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		s.store.setDigest(tx, v.Version, digest)
		s.invalidate(tx)
		return nil
	})
	if err != nil {
		return fmt.Errorf("record the digest of engine version %s: %w", v.Version, err)
	}
	return nil
}
