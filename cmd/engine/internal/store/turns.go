package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"galaxy/backend/cmd/engine/internal/game"
)

// SchemaVersion is the newest snapshot schema that this engine reads.
const SchemaVersion = 1

// Snapshot is a committed turn.
type Snapshot struct {
	Turn *game.Turn
	Hash string // SHA-256 of the canonical document
	Prev string // hash of the turn before; "" for turn 0
	Meta Meta
}

// document is the hashed part of a snapshot.
type document struct {
	SchemaVersion int        `json:"schema_version"`
	PrevHash      string     `json:"prev_hash"`
	Turn          *game.Turn `json:"turn"`
}

const (
	stateFile      = "/state.json"
	compressedFile = "/state.json.gz"
	metaFile       = "/meta.json"
)

// TurnHash is the hash that a turn gets when it follows prev.
func TurnHash(turn *game.Turn, prev string) (string, error) {
	_, hash, err := encodeChecksummed(document{SchemaVersion, prev, turn})
	return hash, err
}

// Commit writes a turn. It is committed by a rename: after a crash it exists as a
// whole or not at all.
func (s *Store) Commit(turn *game.Turn, prev string, meta Meta) (*Snapshot, error) {
	const op = "commit turn"
	if err := s.checkWritable(op); err != nil {
		return nil, err
	}
	data, hash, err := encodeChecksummed(document{SchemaVersion, prev, turn})
	if err != nil {
		return nil, err
	}
	metaJSON, err := json.Marshal(meta)
	if err != nil {
		return nil, err
	}
	dir := turnDir(turn.State.Turn)
	if err := s.writeTurn(dir+temporary, data, metaJSON); err != nil {
		// What is left is removed now or at the next start.
		_ = s.root.RemoveAll(dir + temporary)
		return nil, &UnavailableError{op, err}
	}
	if err := s.root.Rename(dir+temporary, dir); err != nil {
		_ = s.root.RemoveAll(dir + temporary)
		return nil, &UnavailableError{op, err}
	}
	if err := errors.Join(s.reached(AfterRename, dir), s.sync(turnsDir)); err != nil {
		s.broken = true
		return nil, &UnavailableError{op, err}
	}
	return &Snapshot{Turn: turn, Hash: hash, Prev: prev, Meta: meta}, nil
}

func (s *Store) writeTurn(dir string, data, meta []byte) error {
	if err := s.root.RemoveAll(dir); err != nil {
		return err
	}
	if err := s.root.Mkdir(dir, 0o750); err != nil {
		return err
	}
	if err := s.write(dir+stateFile, data); err != nil {
		return err
	}
	if err := s.write(dir+metaFile, meta); err != nil {
		return err
	}
	return s.sync(dir)
}

// Compact compresses the snapshot of a turn that has been superseded.
func (s *Store) Compact(turn int) error {
	const op = "compact turn"
	if err := s.checkWritable(op); err != nil {
		return err
	}
	dir := turnDir(turn)
	data, err := s.root.ReadFile(dir + stateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		data, err = compress(data)
	}
	if err == nil {
		err = s.write(dir+compressedFile+temporary, data)
	}
	if err == nil {
		err = s.rename(dir+compressedFile+temporary, dir+compressedFile)
	}
	if err == nil {
		err = s.sync(dir)
	}
	if err == nil {
		err = s.root.Remove(dir + stateFile)
	}
	if err != nil {
		return &UnavailableError{op, err}
	}
	return nil
}

// CompactBefore compresses the uncompressed turns before the given one: a process
// may have ended between a commit and the compression of the previous turn.
func (s *Store) CompactBefore(turn int) error {
	for older := range turn {
		if err := s.Compact(older); err != nil {
			return err
		}
	}
	return nil
}

// Snapshot reads a turn and checks it.
func (s *Store) Snapshot(turn int) (*Snapshot, error) {
	dir := turnDir(turn)
	data, err := s.snapshotData(dir)
	if err != nil {
		return nil, err
	}
	var doc document
	hash, err := decodeChecksummed(data, &doc)
	switch {
	case err != nil:
	case doc.SchemaVersion > SchemaVersion:
		err = fmt.Errorf("schema %d is newer than %d", doc.SchemaVersion, SchemaVersion)
	case doc.Turn == nil || doc.Turn.State == nil || doc.Turn.State.Turn != turn:
		err = errors.New("holds another turn")
	default:
		err = doc.Turn.State.Check()
	}
	if err != nil {
		return nil, &CorruptError{dir, err}
	}
	snapshot := &Snapshot{Turn: doc.Turn, Hash: hash, Prev: doc.PrevHash}
	metaJSON, err := s.root.ReadFile(dir + metaFile)
	if err == nil {
		err = json.Unmarshal(metaJSON, &snapshot.Meta)
	}
	if err != nil {
		return nil, &CorruptError{dir + metaFile, err}
	}
	return snapshot, nil
}

// snapshotData reads the plain file or the compressed one; the latter is in
// place before the former goes.
func (s *Store) snapshotData(dir string) ([]byte, error) {
	if _, err := s.root.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoTurn
	}
	data, err := s.root.ReadFile(dir + stateFile)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = s.root.ReadFile(dir + compressedFile)
		if err == nil {
			data, err = decompress(data)
		}
	}
	if err != nil {
		return nil, &CorruptError{dir, err}
	}
	return data, nil
}

// newestTurn is the highest existing turn, or -1.
func (s *Store) newestTurn() (int, error) {
	names, err := s.list(turnsDir)
	last := -1
	for _, name := range names {
		if turn, err := strconv.Atoi(name); err == nil && turnName(turn) == name {
			last = max(last, turn)
		}
	}
	return last, err
}
