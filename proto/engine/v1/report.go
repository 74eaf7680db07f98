package enginev1

// Report is everything a race may know of a turn. All numbers are rounded to
// two decimals; lists are never null.
type Report struct {
	ContractVersion     int                  `json:"contract_version"`
	GameID              string               `json:"game_id"`
	Turn                int                  `json:"turn"`
	Race                string               `json:"race"`
	Galaxy              MapInfo              `json:"galaxy"`
	Finished            bool                 `json:"finished"`
	Result              *Result              `json:"result"`
	Votes               Votes                `json:"votes"`
	Races               []ReportRace         `json:"races"`
	ShipTypes           []ShipType           `json:"ship_types"`
	OtherShipTypes      []ShipType           `json:"other_ship_types"`
	Battles             []Battle             `json:"battles"`
	Bombings            []Bombing            `json:"bombings"`
	LocalPlanets        []LocalPlanet        `json:"local_planets"`
	OtherPlanets        []OtherPlanet        `json:"other_planets"`
	UninhabitedPlanets  []UninhabitedPlanet  `json:"uninhabited_planets"`
	UnidentifiedPlanets []UnidentifiedPlanet `json:"unidentified_planets"`
	ShipsInProduction   []ShipInProduction   `json:"ships_in_production"`
	Groups              []OwnGroup           `json:"groups"`
	OtherGroups         []OtherGroup         `json:"other_groups"`
	IncomingGroups      []IncomingGroup      `json:"incoming_groups"`
	UnidentifiedGroups  []Position           `json:"unidentified_groups"`
	Fleets              []struct{}           `json:"fleets"`   // reserved, empty
	Sciences            []struct{}           `json:"sciences"` // reserved, empty
	Messages            []Message            `json:"messages"`
	Events              []Event              `json:"events"`
	OrderResults        []OrderResult        `json:"order_results"`
	// Pending is the stored order list; only in the report of the current turn.
	Pending *Pending `json:"pending,omitempty"`
}

// Votes are the race's own votes, the race they go to, and all votes in play.
type Votes struct {
	Own   float64 `json:"own"`
	To    string  `json:"to"`
	Total float64 `json:"total"`
}

// ReportRace is a row of the public race table. Relation is the reader's own
// towards that race; the other direction is not visible.
type ReportRace struct {
	Race       string    `json:"race"`
	State      RaceState `json:"state"`
	Relation   Relation  `json:"relation"`
	Drive      float64   `json:"drive"`
	Weapons    float64   `json:"weapons"`
	Shields    float64   `json:"shields"`
	Cargo      float64   `json:"cargo"`
	Population float64   `json:"population"`
	Industry   float64   `json:"industry"`
	Planets    int       `json:"planets"`
	Votes      float64   `json:"votes"`
}

// ShipType is a design with its values at technology 1. Race is set for others'.
type ShipType struct {
	Race     string  `json:"race,omitempty"`
	Name     string  `json:"name"`
	Drive    float64 `json:"drive"`
	Armament int     `json:"armament"`
	Weapons  float64 `json:"weapons"`
	Shields  float64 `json:"shields"`
	Cargo    float64 `json:"cargo"`
	Mass     float64 `json:"mass"`
	Speed    float64 `json:"speed"`
	Attack   float64 `json:"attack"`
	Defence  float64 `json:"defence"`
	Capacity float64 `json:"capacity"`
}

// Battle is the account of one battle. Phase 1 is fought before, phase 2 after
// movement.
type Battle struct {
	ID           string        `json:"id"`
	Planet       int           `json:"planet"`
	PlanetName   string        `json:"planet_name"`
	Phase        int           `json:"phase"`
	Rounds       int           `json:"rounds"`
	Shots        int           `json:"shots"`
	Draw         bool          `json:"draw"`
	Groups       []BattleGroup `json:"groups"`
	Log          [][]int       `json:"log"`
	LogTruncated bool          `json:"log_truncated"`
}

// BattleGroup is a group as it went into a battle, and what it did there.
type BattleGroup struct {
	Race      string  `json:"race"`
	Type      string  `json:"type"`
	Ships     int     `json:"ships"`
	Survivors int     `json:"survivors"`
	Drive     float64 `json:"drive"`
	Weapons   float64 `json:"weapons"`
	Shields   float64 `json:"shields"`
	CargoTech float64 `json:"cargo_tech"`
	Cargo     *Cargo  `json:"cargo"`
	Load      float64 `json:"load"`
	InBattle  bool    `json:"in_battle"`
	Shots     int     `json:"shots"`
	Kills     int     `json:"kills"`
}

// Bombing outcomes.
const (
	BombingDamaged = "damaged"
	BombingWiped   = "wiped"
)

// Bombing is what a planet looked like before bombs of the given power fell.
type Bombing struct {
	Planet     int      `json:"planet"`
	PlanetName string   `json:"planet_name"`
	Owner      string   `json:"owner"`
	Attackers  []string `json:"attackers"`
	Power      float64  `json:"power"`
	Population float64  `json:"population"`
	Industry   float64  `json:"industry"`
	Capital    float64  `json:"capital"`
	Materials  float64  `json:"materials"`
	Colonists  float64  `json:"colonists"`
	Result     string   `json:"result"`
}

// PlanetFacts are what everybody in orbit sees.
type PlanetFacts struct {
	Number    int     `json:"number"`
	Name      string  `json:"name"`
	X         float64 `json:"x"`
	Y         float64 `json:"y"`
	Size      float64 `json:"size"`
	Resources float64 `json:"resources"`
}

// Economy is what an inhabited planet has and does.
type Economy struct {
	Population     float64 `json:"population"`
	Industry       float64 `json:"industry"`
	Capital        float64 `json:"capital"`
	Materials      float64 `json:"materials"`
	Colonists      float64 `json:"colonists"`
	Production     Product `json:"production"`
	FreeProduction float64 `json:"free_production"` // points per turn
}

// LocalPlanet is an own planet. Progress are the points already spent on the
// next ship.
type LocalPlanet struct {
	PlanetFacts
	Economy
	Progress float64        `json:"progress"`
	Routes   map[Cargo]*int `json:"routes"`
}

// OtherPlanet is a foreign planet with an own group in orbit.
type OtherPlanet struct {
	PlanetFacts
	Economy
	Owner string `json:"owner"`
}

// UninhabitedPlanet is a free planet with an own group in orbit.
type UninhabitedPlanet struct {
	PlanetFacts
	Capital   float64 `json:"capital"`
	Materials float64 `json:"materials"`
}

// UnidentifiedPlanet is a planet of which only the position is known.
type UnidentifiedPlanet struct {
	Number int     `json:"number"`
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
}

// ShipInProduction is a ship type under construction; cost is in points,
// without materials.
type ShipInProduction struct {
	Planet         int     `json:"planet"`
	Type           string  `json:"type"`
	Cost           float64 `json:"cost"`
	Progress       float64 `json:"progress"`
	FreeProduction float64 `json:"free_production"`
}

// Group states.
const (
	GroupInOrbit  = "in_orbit"
	GroupLaunched = "launched"
	GroupInSpace  = "in_space"
	GroupUpgrade  = "upgrade" // reserved
)

// OwnGroup is an own group. Load and Mass are per ship; Planet is where it is,
// or where it came from; Distance is what is left to fly.
type OwnGroup struct {
	Number      int      `json:"number"`
	Ships       int      `json:"ships"`
	Type        string   `json:"type"`
	Drive       float64  `json:"drive"`
	Weapons     float64  `json:"weapons"`
	Shields     float64  `json:"shields"`
	CargoTech   float64  `json:"cargo_tech"`
	Cargo       *Cargo   `json:"cargo"`
	Load        float64  `json:"load"`
	Planet      int      `json:"planet"`
	Destination *int     `json:"destination"`
	Distance    *float64 `json:"distance"`
	Speed       float64  `json:"speed"`
	Mass        float64  `json:"mass"`
	Fleet       *string  `json:"fleet"`
	State       string   `json:"state"`
}

// OtherGroup is a foreign group in an orbit that the race can see.
type OtherGroup struct {
	Race      string  `json:"race"`
	Ships     int     `json:"ships"`
	Type      string  `json:"type"`
	Drive     float64 `json:"drive"`
	Weapons   float64 `json:"weapons"`
	Shields   float64 `json:"shields"`
	CargoTech float64 `json:"cargo_tech"`
	Cargo     *Cargo  `json:"cargo"`
	Load      float64 `json:"load"`
	Planet    int     `json:"planet"`
	Mass      float64 `json:"mass"`
	Speed     float64 `json:"speed"`
}

// IncomingGroup is a foreign group on its way to an own planet; mass is total.
type IncomingGroup struct {
	Origin      int     `json:"origin"`
	Destination int     `json:"destination"`
	Distance    float64 `json:"distance"`
	Speed       float64 `json:"speed"`
	Mass        float64 `json:"mass"`
}

// Position is the position of an unidentified group.
type Position struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Message is mail between races; From is nil when it was sent anonymously.
type Message struct {
	From *string  `json:"from"`
	To   []string `json:"to"`
	Turn int      `json:"turn"`
	Text string   `json:"text"`
}

// Pending is the order list stored for the current turn and its trial run.
type Pending struct {
	Turn    int           `json:"turn"`
	Orders  []Order       `json:"orders"`
	Results []OrderResult `json:"results"`
}
