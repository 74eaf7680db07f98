package api

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"galaxy/backend/cmd/engine/internal/game"
	"galaxy/backend/cmd/engine/internal/store"
	"galaxy/backend/cmd/engine/internal/textreport"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// renderedReport is a report as it is sent.
type renderedReport struct {
	body       []byte
	etag       string
	superseded bool // of a turn that has been superseded: it will not change
}

// reportKey names a rendered report. Revision is -1 for past turns.
type reportKey struct {
	turn, race, revision int
	text                 bool
}

// reportCacheSize is the capacity of the report cache.
const reportCacheSize = 64

// reportCache is an LRU cache of reports.
type reportCache struct {
	mu      sync.Mutex
	byKey   map[reportKey]*list.Element
	recency *list.List // of cached, newest first
}

type cached struct {
	key    reportKey
	report *renderedReport
}

func newReportCache() *reportCache {
	return &reportCache{byKey: map[reportKey]*list.Element{}, recency: list.New()}
}

func (c *reportCache) get(key reportKey) *renderedReport {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, found := c.byKey[key]
	if !found {
		return nil
	}
	c.recency.MoveToFront(element)
	return element.Value.(cached).report
}

func (c *reportCache) put(key reportKey, report *renderedReport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, found := c.byKey[key]; found {
		return
	}
	c.byKey[key] = c.recency.PushFront(cached{key, report})
	if c.recency.Len() > reportCacheSize {
		oldest := c.recency.Remove(c.recency.Back()).(cached)
		delete(c.byKey, oldest.key)
	}
}

// pastTurns keeps the turns that were read last: when a turn of the past is asked
// for, other races ask for it, too.
type pastTurns struct {
	mu    sync.Mutex
	turns []game.ReportSource // newest use first
}

// pastTurnsSize is the capacity of pastTurns.
const pastTurnsSize = 3

func (p *pastTurns) get(turn int) (game.ReportSource, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.IndexFunc(p.turns, func(s game.ReportSource) bool { return s.Live.Turn == turn })
	if at < 0 {
		return game.ReportSource{}, false
	}
	found := p.turns[at]
	p.turns = slices.Insert(slices.Delete(p.turns, at, at+1), 0, found)
	return found, true
}

func (p *pastTurns) put(s game.ReportSource) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turns = slices.Insert(p.turns, 0, s)
	p.turns = slices.Delete(p.turns, min(len(p.turns), pastTurnsSize), len(p.turns))
}

// report renders a race's report of a turn, the current one for turn -1.
func (e *Engine) report(raceName string, turn int, text bool) (*renderedReport, error) {
	v := e.view.Load()
	if v.game == nil {
		if v.failed != nil {
			return nil, toFailure(v.failed)
		}
		return nil, newFailure(enginev1.CodeNotInitialized, "the game has not been initialized")
	}
	race, err := v.race(raceName)
	if err != nil {
		return nil, err
	}
	current := v.failed == nil && (turn < 0 || turn == v.turn())
	if turn < 0 && !current {
		return nil, toFailure(v.failed)
	}
	key := reportKey{turn: turn, race: race, revision: -1, text: text}
	if current {
		key.turn, key.revision = v.turn(), v.revision
	}
	if hit := e.reports.get(key); hit != nil {
		return hit, nil
	}
	subject, err := e.reportSource(v, race, key.turn, current)
	if err != nil {
		return nil, err
	}
	report, err := render(subject, race, text)
	if err != nil {
		return nil, err
	}
	report.superseded = !current
	e.reports.put(key, report)
	return report, nil
}

// reportSource is the turn in memory, or one read from disk.
func (e *Engine) reportSource(v *view, race, turn int, current bool) (game.ReportSource, error) {
	s := game.ReportSource{Config: v.config()}
	if current {
		s.Turn, s.Live = v.snapshot.Turn, v.live
		if list, has := v.orders[race]; has {
			s.Pending = &enginev1.Pending{Turn: list.Turn, Orders: list.Orders, Results: list.Results}
		}
		return s, nil
	}
	if past, has := e.past.get(turn); has {
		return past, nil
	}
	snapshot, err := e.store.Snapshot(turn)
	if errors.Is(err, store.ErrNoTurn) {
		return s, newFailure(enginev1.CodeTurnNotFound, "no turn %d", turn)
	}
	if err != nil {
		return s, err
	}
	entries, err := e.store.Commands(turn)
	if err != nil {
		return s, err
	}
	lists, err := e.store.Orders(turn)
	if err != nil {
		return s, err
	}
	s.Turn, s.Live = snapshot.Turn, store.CurrentState(s.Config, snapshot.Turn.State, entries, lists)
	e.past.put(s)
	return s, nil
}

func render(subject game.ReportSource, race int, text bool) (*renderedReport, error) {
	report := game.Report(subject, race)
	var body []byte
	if text {
		body = []byte(textreport.Render(report))
	} else {
		var err error
		if body, err = json.Marshal(report); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256(body)
	return &renderedReport{body: body, etag: `"` + hex.EncodeToString(sum[:16]) + `"`}, nil
}
