package game

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Config is the immutable configuration of a game.
type Config struct {
	// Request is the init document after defaults; its seed is empty when the
	// host gave none.
	Request enginev1.InitRequest `json:"request"`
	// Seed is the given or drawn seed.
	Seed uint64 `json:"seed,string"`
}

// NewConfig applies the contract's defaults to a valid request. newSeed is called
// when the request has no seed.
func NewConfig(request enginev1.InitRequest, newSeed func() uint64) Config {
	c := Config{Request: normalize(request)}
	if c.Request.Seed == "" {
		c.Seed = newSeed()
		return c
	}
	c.Seed, _ = strconv.ParseUint(c.Request.Seed, 10, 64) // checked by validation.Init
	return c
}

// Identity is the hash of the canonical init document, without the seed when it
// was left to the engine.
func Identity(request enginev1.InitRequest) string {
	raw, err := json.Marshal(normalize(request))
	if err != nil { // plain data always encodes
		panic(err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// normalize fills in every default, so that equal games have equal documents.
func normalize(r enginev1.InitRequest) enginev1.InitRequest {
	if seed, err := strconv.ParseUint(r.Seed, 10, 64); err == nil {
		r.Seed = strconv.FormatUint(seed, 10)
	}
	galaxy := valueOr(r.Map, enginev1.MapRequest{})
	galaxy.Topology = "torus"
	galaxy.Size = rules.RoundDisplay(galaxy.Size)
	if galaxy.Size == 0 {
		galaxy.Size = float64(rules.DefaultTorus(len(r.Races)))
	}
	galaxy.PlanetsPerRace = new(valueOr(galaxy.PlanetsPerRace, 10))
	options := valueOr(r.Options, enginev1.InitOptions{})
	options.Ruleset = enginev1.Ruleset
	if len(options.HomeWorlds) == 0 {
		options.HomeWorlds = []float64{1000, 500, 500}
	}
	options.HomeWorlds = slices.Clone(options.HomeWorlds)
	for i, size := range options.HomeWorlds {
		options.HomeWorlds[i] = rules.RoundDisplay(size)
	}
	options.IdleTurnLimit = new(valueOr(options.IdleTurnLimit, 10))
	options.VoteShare = new(rules.RoundState(valueOr(options.VoteShare, 2.0/3)))
	options.LastRaceWins = new(valueOr(options.LastRaceWins, true))
	if options.BattleLog == "" {
		options.BattleLog = enginev1.BattleLogSummary
	}
	options.BattleShotLimit = new(valueOr(options.BattleShotLimit, 5_000_000))
	r.Map, r.Options, r.Races = &galaxy, &options, slices.Clone(r.Races)
	return r
}

// valueOr is the value behind p, or a default.
func valueOr[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}

func (c *Config) torus() rules.Torus             { return rules.Torus(c.Request.Map.Size) }
func (c *Config) options() *enginev1.InitOptions { return c.Request.Options }

// Race is the index of the race with this exact name, or -1.
func (c *Config) Race(name string) int {
	return slices.IndexFunc(c.Request.Races, func(r enginev1.InitRace) bool { return r.RaceName == name })
}

// RaceName is the name of a race by index.
func (c *Config) RaceName(race int) string { return c.Request.Races[race].RaceName }

func (c *Config) names(races []int) []string {
	names := make([]string, len(races))
	for i, race := range races {
		names[i] = c.RaceName(race)
	}
	return names
}
