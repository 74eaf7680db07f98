package smtpsink

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// defaultMax is how many messages a store keeps unless told otherwise.
const defaultMax = 5000

// Store holds messages in memory, oldest first, and in a directory if it has
// one. It forgets the oldest when it is full.
type Store struct {
	dir string
	max int

	mu       sync.Mutex
	messages []Message
	arrived  chan struct{} // closed and replaced at each arrival
}

// OpenStore reads the messages that dir holds; an empty dir keeps them in
// memory only. max 0 means 5,000.
func OpenStore(dir string, max int) (*Store, error) {
	s := &Store{dir: dir, max: cmp.Or(max, defaultMax), arrived: make(chan struct{})}
	if dir == "" {
		return s, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the mail store: %w", err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil {
		return nil, fmt.Errorf("open the mail store: %w", err)
	}
	slices.Sort(names) // by id, so by time
	for _, name := range names {
		if m, err := readMessage(name); err == nil { // a half-written file was never acknowledged
			s.messages = append(s.messages, m)
		}
	}
	return s, nil
}

// A file is the envelope as one line of JSON, then the mail as it came.
func readMessage(name string) (Message, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return Message{}, err
	}
	envelope, raw, _ := bytes.Cut(data, []byte("\n"))
	var m Message
	if err := json.Unmarshal(envelope, &m); err != nil {
		return m, err
	}
	m.Raw = raw
	m.parse()
	return m, nil
}

func (s *Store) path(id string) string { return filepath.Join(s.dir, id+".eml") }

func (s *Store) save(m Message) error {
	if s.dir == "" {
		return nil
	}
	m.Text, m.Subject = "", "" // they are in the mail
	envelope, err := json.Marshal(m)
	if err != nil {
		return err
	}
	raw := s.path(m.ID) + ".new"
	if err := os.WriteFile(raw, slices.Concat(envelope, []byte("\n"), m.Raw), 0o600); err != nil {
		return err
	}
	return os.Rename(raw, s.path(m.ID))
}

// Add keeps a message, gives it an id and wakes whoever waits for it.
func (s *Store) Add(m Message) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.ID = uuid.Must(uuid.NewV7()).String()
	m.parse()
	if err := s.save(m); err != nil {
		return m, fmt.Errorf("keep a message: %w", err)
	}
	s.messages = append(s.messages, m)
	if len(s.messages) > s.max {
		if s.dir != "" {
			_ = os.Remove(s.path(s.messages[0].ID)) // it would only be seen again after a restart
		}
		s.messages = slices.Delete(s.messages, 0, 1)
	}
	close(s.arrived)
	s.arrived = make(chan struct{})
	return m, nil
}

// All returns the messages, oldest first.
func (s *Store) All() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// To returns the messages whose envelope names the address, oldest first.
func (s *Store) To(address string) []Message {
	return slices.DeleteFunc(s.All(), func(m Message) bool { return !m.sentTo(address) })
}

// Get returns one message.
func (s *Store) Get(id string) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byID := func(m Message, id string) int { return strings.Compare(m.ID, id) }
	i, found := slices.BinarySearchFunc(s.messages, id, byID)
	if !found {
		return Message{}, false
	}
	return s.messages[i], true
}

// errNoMessage is Wait's error when the time is over.
var errNoMessage = errors.New("no such mail arrived")

// Wait returns the first message that matches, whether it is there already or
// arrives before ctx ends.
func (s *Store) Wait(ctx context.Context, match func(Message) bool) (Message, error) {
	seen := ""
	for {
		s.mu.Lock()
		messages, arrived := slices.Clone(s.messages), s.arrived
		s.mu.Unlock()
		for _, m := range messages {
			if m.ID > seen && match(m) {
				return m, nil
			}
		}
		if n := len(messages); n > 0 {
			seen = messages[n-1].ID
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("%w: %w", errNoMessage, ctx.Err())
		}
	}
}

// SentTo matches messages to an address that arrived after the one with the
// given id; an empty id matches all of them.
func SentTo(address, after string) func(Message) bool {
	return func(m Message) bool { return m.ID > after && m.sentTo(address) }
}
