package store

import (
	"errors"
	"fmt"

	"galaxy/backend/cmd/engine/internal/game"
)

// Replayed is a turn that was generated again.
type Replayed struct {
	Turn     int
	Hash     string
	Recorded string // hash of the snapshot on disk
}

// Same reports whether the hashes are equal.
func (r Replayed) Same() bool { return r.Hash == r.Recorded }

// Replay generates every turn again from the init document, the order lists and
// the command logs, and calls visit for each. It ends at the newest turn.
func (s *Store) Replay(visit func(Replayed) error) error {
	c, err := s.Load()
	if err != nil {
		return err
	}
	if c.Game == nil {
		return errors.New("the directory holds no game")
	}
	config := &c.Game.Config
	turn, prev := game.InitialTurn(config), ""
	for {
		number := turn.State.Turn
		recorded, err := s.Snapshot(number)
		if err != nil {
			return fmt.Errorf("turn %d: %w", number, err)
		}
		hash, err := TurnHash(turn, prev)
		if err != nil {
			return err
		}
		if err := visit(Replayed{Turn: number, Hash: hash, Recorded: recorded.Hash}); err != nil {
			return err
		}
		if number == c.Snapshot.Turn.State.Turn {
			return nil
		}
		if turn, err = s.replayTurn(config, turn.State); err != nil {
			return fmt.Errorf("turn %d: %w", number, err)
		}
		prev = hash
	}
}

func (s *Store) replayTurn(c *game.Config, state *game.State) (*game.Turn, error) {
	entries, err := s.Commands(state.Turn)
	if err != nil {
		return nil, err
	}
	lists, err := s.Orders(state.Turn)
	if err != nil {
		return nil, err
	}
	return game.Advance(c, CurrentState(c, state, entries, lists), OrderLists(c, lists)), nil
}
