package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path"
	"syscall"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// Kinds of an Entry.
const (
	KindCommand = "command"
	KindBanish  = "banish"
)

// Entry is a command or a banishment that was carried out.
type Entry struct {
	Kind string `json:"kind"`
	Race int    `json:"race"`
	// ID and Digest identify a repeated command.
	ID      string                 `json:"command_id,omitempty"`
	Digest  string                 `json:"digest,omitempty"`
	Command *enginev1.Command      `json:"command,omitempty"`
	Status  enginev1.CommandStatus `json:"status,omitempty"`
	Reason  string                 `json:"reason,omitempty"`
}

// line is an entry in the log.
type line struct {
	CRC   string          `json:"crc32"`
	Entry json.RawMessage `json:"entry"`
}

func checksum(raw []byte) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE(raw)) }

func logName(turn int) string { return path.Join(commandDir, turnName(turn)+".jsonl") }

// Append adds an entry to the log of a turn; it is on disk when Append returns.
func (s *Store) Append(turn int, entry Entry) error {
	const op = "log command"
	if err := s.checkWritable(op); err != nil {
		return err
	}
	raw, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	raw, err = json.Marshal(line{checksum(raw), raw})
	if err != nil {
		return err
	}
	if err := s.appendLine(logName(turn), append(raw, '\n')); err != nil {
		return &UnavailableError{op, err}
	}
	return nil
}

// appendLine truncates what it wrote when it cannot be made durable.
func (s *Store) appendLine(name string, data []byte) (err error) {
	if err := s.reached(BeforeWrite, name); err != nil {
		return err
	}
	f, err := s.root.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY|syscall.O_NOFOLLOW, 0o640)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Seek(0, 2)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = s.reached(AfterFsync, name)
	}
	if err == nil && size == 0 {
		err = s.sync(commandDir)
	}
	if err != nil {
		if undo := errors.Join(f.Truncate(size), f.Sync()); undo != nil {
			s.broken = true
		}
	}
	return err
}

// Commands reads the log of a turn. A torn last line, which was never confirmed,
// is dropped; anything else that does not match
// its checksum is an error.
func (s *Store) Commands(turn int) ([]Entry, error) {
	name := logName(turn)
	data, err := s.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &CorruptError{name, err}
	}
	var entries []Entry
	for number := 1; len(data) > 0; number++ {
		raw, rest, whole := bytes.Cut(data, []byte{'\n'})
		if !whole {
			break
		}
		entry, err := parseLine(raw)
		if err != nil {
			return nil, &CorruptError{fmt.Sprintf("%s line %d", name, number), err}
		}
		entries = append(entries, entry)
		data = rest
	}
	return entries, nil
}

func parseLine(raw []byte) (entry Entry, err error) {
	var l line
	if err := json.Unmarshal(raw, &l); err != nil {
		return entry, err
	}
	if checksum(l.Entry) != l.CRC {
		return entry, errors.New("checksum does not match")
	}
	return entry, json.Unmarshal(l.Entry, &entry)
}

// cutTornLine removes the unconfirmed end of a log, so that the next entry
// starts a line of its own.
func (s *Store) cutTornLine(turn int) error {
	name := logName(turn)
	data, err := s.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	if whole == len(data) {
		return nil
	}
	f, err := s.root.OpenFile(name, os.O_WRONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(int64(whole)), f.Sync(), f.Close()); err != nil {
		return err
	}
	return s.reached(AfterFsync, name)
}
