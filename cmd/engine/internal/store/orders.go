package store

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// OrderList is a list that a race has submitted.
type OrderList struct {
	Race int `json:"race"`
	Turn int `json:"turn"`
	// After is how many commands of the turn came before the list.
	After   int                    `json:"after"`
	Hash    string                 `json:"order_hash"`
	Orders  []enginev1.Order       `json:"orders"`
	Results []enginev1.OrderResult `json:"results"` // of the trial run
}

// HashOrders identifies an order list by 16 hexadecimal digits.
func HashOrders(orders []enginev1.Order) (string, error) {
	_, hash, err := encodeChecksummed(orders)
	if err != nil {
		return "", err
	}
	return hash[:16], nil
}

// PutOrders stores a list in place of the race's earlier one.
func (s *Store) PutOrders(list OrderList) error {
	const op = "store orders"
	if err := s.checkWritable(op); err != nil {
		return err
	}
	data, _, err := encodeChecksummed(list)
	if err != nil {
		return err
	}
	dir := path.Join(ordersDir, turnName(list.Turn))
	name := path.Join(dir, fmt.Sprintf("%d.json", list.Race+1))
	err = s.makeDirectory(dir)
	if err == nil {
		err = s.write(name+temporary, data)
	}
	if err == nil {
		err = s.root.Rename(name+temporary, name)
	}
	if err != nil {
		_ = s.root.Remove(name + temporary) // or at the next start
		return &UnavailableError{op, err}
	}
	if err := errors.Join(s.reached(AfterRename, name), s.sync(dir)); err != nil {
		s.broken = true
		return &UnavailableError{op, err}
	}
	return nil
}

// Orders reads all lists submitted during a turn, by race.
func (s *Store) Orders(turn int) (map[int]OrderList, error) {
	dir := path.Join(ordersDir, turnName(turn))
	names, err := s.list(dir)
	if err != nil {
		return nil, &CorruptError{dir, err}
	}
	lists := map[int]OrderList{}
	for _, name := range names {
		if strings.HasSuffix(name, temporary) {
			continue
		}
		file := path.Join(dir, name)
		race, err := strconv.Atoi(strings.TrimSuffix(name, ".json"))
		if err != nil {
			return nil, &CorruptError{file, err}
		}
		data, err := s.root.ReadFile(file)
		if err != nil {
			return nil, &CorruptError{file, err}
		}
		var list OrderList
		if _, err = decodeChecksummed(data, &list); err == nil && (list.Race != race-1 || list.Turn != turn) {
			err = errors.New("holds another list")
		}
		if err != nil {
			return nil, &CorruptError{file, err}
		}
		lists[list.Race] = list
	}
	return lists, nil
}
