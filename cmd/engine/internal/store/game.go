package store

import (
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"galaxy/backend/cmd/engine/internal/game"
)

// Game is the init document of a directory, with its identity.
type Game struct {
	Config        game.Config `json:"config"`
	Identity      string      `json:"identity"`
	EngineVersion string      `json:"engine_version"`
	CreatedAt     time.Time   `json:"created_at"`
}

// Contents is what a start loads from a directory.
type Contents struct {
	Game             *Game // nil before init
	Snapshot         *Snapshot
	Orders           map[int]OrderList
	Commands         []Entry // of the current turn
	PreviousCommands []Entry // of the turn before
}

// Load reads the newest turn and what came since. A CorruptError comes with the
// Game when that much could be read.
func (s *Store) Load() (*Contents, error) {
	c := &Contents{}
	last, err := s.newestTurn()
	if err != nil {
		return c, &CorruptError{turnsDir, err}
	}
	data, err := s.root.ReadFile(gameFile)
	if errors.Is(err, fs.ErrNotExist) {
		if last > 0 {
			return c, &CorruptError{gameFile, errors.New("is missing, but turns exist")}
		}
		return c, s.checkNothingAfter(-1)
	}
	created := &Game{}
	if err == nil {
		_, err = decodeChecksummed(data, created)
	}
	if err != nil {
		return c, &CorruptError{gameFile, err}
	}
	c.Game = created
	if last < 0 {
		return c, &CorruptError{turnsDir, errors.New("is empty, but the game exists")}
	}
	if err := s.checkNothingAfter(last); err != nil {
		return c, err
	}
	return c, s.loadTurn(c, last)
}

// checkNothingAfter refuses lists and commands of missing turns: such turns have
// been lost, or a rewind was interrupted.
func (s *Store) checkNothingAfter(last int) error {
	for _, dir := range []string{ordersDir, commandDir} {
		names, err := s.list(dir)
		if err != nil {
			return &CorruptError{dir, err}
		}
		for _, name := range names {
			digits, _, _ := strings.Cut(name, ".")
			if turn, err := strconv.Atoi(digits); err == nil && turn > last {
				return &CorruptError{path.Join(dir, name), errors.New("belongs to a turn that is missing")}
			}
		}
	}
	return nil
}

// syncTurn makes durable what a killed process may have left in the page cache:
// from now on the turn is served.
func (s *Store) syncTurn(turn int) error {
	for _, name := range []string{
		".", turnsDir, turnDir(turn), ordersDir, path.Join(ordersDir, turnName(turn)), commandDir, logName(turn),
	} {
		if err := s.disk.syncExisting(name); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) loadTurn(c *Contents, turn int) (err error) {
	if c.Snapshot, err = s.Snapshot(turn); err != nil {
		return err
	}
	if c.Orders, err = s.Orders(turn); err != nil {
		return err
	}
	if err := s.cutTornLine(turn); err != nil {
		return &UnavailableError{"repair command log", err}
	}
	if err := s.syncTurn(turn); err != nil {
		return &UnavailableError{"sync state directory", err}
	}
	if c.Commands, err = s.Commands(turn); err != nil {
		return err
	}
	if turn > 0 {
		c.PreviousCommands, err = s.Commands(turn - 1)
	}
	return err
}

// CreateGame writes turn 0, and then game.json, which marks the game as existing.
func (s *Store) CreateGame(created Game, turn *game.Turn, meta Meta) (*Snapshot, error) {
	const op = "create game"
	// A crash between the two leaves a turn 0 that belongs to no game.
	if err := s.root.RemoveAll(turnDir(0)); err != nil {
		return nil, &UnavailableError{op, err}
	}
	snapshot, err := s.Commit(turn, "", meta)
	if err != nil {
		return nil, err
	}
	data, _, err := encodeChecksummed(created)
	if err != nil {
		return nil, err
	}
	if err = s.write(gameFile+temporary, data); err == nil {
		err = s.root.Rename(gameFile+temporary, gameFile)
	}
	if err != nil {
		_ = s.root.Remove(gameFile + temporary) // or at the next start
		return nil, &UnavailableError{op, err}
	}
	if err := errors.Join(s.reached(AfterRename, gameFile), s.sync(".")); err != nil {
		s.broken = true
		return nil, &UnavailableError{op, err}
	}
	return snapshot, nil
}
