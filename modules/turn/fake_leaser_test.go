package turn

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime"
)

// fakeLeaser gives one lease per game.
type fakeLeaser struct {
	mu          sync.Mutex
	held        map[uuid.UUID]uuid.UUID
	fail        error // of every Lease
	failRelease error
}

func newFakeLeaser() *fakeLeaser { return &fakeLeaser{held: map[uuid.UUID]uuid.UUID{}} }

func (l *fakeLeaser) Lease(_ context.Context, game uuid.UUID, _ time.Duration) (runtime.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return runtime.Lease{}, l.fail
	}
	if _, taken := l.held[game]; taken {
		return runtime.Lease{}, runtime.ErrBusy
	}
	lease := runtime.Lease{GameID: game, Token: uuid.Must(uuid.NewV7())}
	l.held[game] = lease.Token
	return lease, nil
}

func (l *fakeLeaser) Release(_ context.Context, lease runtime.Lease) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[lease.GameID] == lease.Token {
		delete(l.held, lease.GameID)
	}
	return l.failRelease
}

// take holds the lease of a game for somebody else.
func (l *fakeLeaser) take(game uuid.UUID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[game] = uuid.New()
}

func (l *fakeLeaser) free(game uuid.UUID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, game)
}

func (l *fakeLeaser) isHeld(game uuid.UUID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, held := l.held[game]
	return held
}
