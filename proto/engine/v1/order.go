package enginev1

// Order types. Those from OrderUpgrade on are reserved; an engine of contract
// version 1 refuses them with not_supported.
const (
	OrderCreateType = "ship_type.create"
	OrderRemoveType = "ship_type.remove"
	OrderProduction = "planet.production"
	OrderRename     = "planet.rename"
	OrderRoute      = "planet.route"
	OrderSplit      = "group.split"
	OrderMerge      = "group.merge"
	OrderLoad       = "group.load"
	OrderUnload     = "group.unload"
	OrderSend       = "group.send"
	OrderScrap      = "group.scrap"
	OrderUpgrade    = "group.upgrade"
	OrderTransfer   = "group.transfer"
	OrderJoinFleet  = "fleet.join"
	OrderSendFleet  = "fleet.send"
	OrderCreateSci  = "science.create"
	OrderRemoveSci  = "science.remove"
)

// Product kinds.
const (
	ProduceCapital   = "capital"
	ProduceMaterials = "materials"
	ProduceDrive     = "drive"
	ProduceWeapons   = "weapons"
	ProduceShields   = "shields"
	ProduceCargo     = "cargo"
	ProduceShip      = "ship"
	ProduceScience   = "science" // reserved
)

// Modes of an order list: lenient stores the valid part, strict all or nothing.
const (
	ModeLenient = "lenient"
	ModeStrict  = "strict"
)

// OrderRequest replaces a race's whole order list for the turn.
type OrderRequest struct {
	RaceName string  `json:"race_name"`
	Turn     int     `json:"turn"`
	Mode     string  `json:"mode,omitempty"`
	Orders   []Order `json:"orders"`
}

// OrderResponse is the result of each order in a trial run.
type OrderResponse struct {
	RaceName  string        `json:"race_name"`
	Turn      int           `json:"turn"`
	Stored    bool          `json:"stored"`
	OrderHash string        `json:"order_hash"`
	Accepted  int           `json:"accepted"`
	Rejected  int           `json:"rejected"`
	Results   []OrderResult `json:"results"`
}

// Statuses of an OrderResult.
const (
	ResultOK      = "ok"
	ResultWarning = "warning"
	ResultError   = "error"
)

// OrderResult is the outcome of the order at Index. Group is the number of a
// group that was split off; distance, speed and turns describe a flight.
type OrderResult struct {
	Index    int       `json:"index"`
	Status   string    `json:"status"`
	Code     OrderCode `json:"code,omitempty"`
	Message  string    `json:"message,omitempty"`
	Group    int       `json:"group,omitempty"`
	Distance float64   `json:"distance,omitempty"`
	Speed    float64   `json:"speed,omitempty"`
	Turns    int       `json:"turns,omitempty"`
}

// Product is what a planet produces. Name is the ship type, else nil.
type Product struct {
	Kind string  `json:"kind"`
	Name *string `json:"name"`
}

// Order is one entry of an order list. Which fields a type needs and allows is
// given by the constructors below; a field that a type does not know is refused.
type Order struct {
	Type        string      `json:"type"`
	Name        *string     `json:"name,omitempty"`
	Drive       *float64    `json:"drive,omitempty"`
	Armament    *int        `json:"armament,omitempty"`
	Weapons     *float64    `json:"weapons,omitempty"`
	Shields     *float64    `json:"shields,omitempty"`
	Cargo       CargoField  `json:"cargo,omitzero"`
	Planet      *int        `json:"planet,omitempty"`
	Destination Destination `json:"destination,omitzero"`
	Product     *Product    `json:"product,omitempty"`
	Group       GroupRef    `json:"group,omitzero"`
	Ships       *int        `json:"ships,omitempty"`
	Amount      *float64    `json:"amount,omitempty"`
	As          *string     `json:"as,omitempty"`
	Technology  *string     `json:"technology,omitempty"`
	Level       *float64    `json:"level,omitempty"`
	Race        *string     `json:"race,omitempty"`
	Fleet       *string     `json:"fleet,omitempty"`
}

// CreateType designs a ship type.
func CreateType(name string, drive float64, armament int, weapons, shields, cargo float64) Order {
	return Order{
		Type: OrderCreateType, Name: &name, Drive: &drive, Armament: &armament,
		Weapons: &weapons, Shields: &shields, Cargo: CargoMass(cargo),
	}
}

// RemoveType removes a ship type that is neither in use nor in production.
func RemoveType(name string) Order { return Order{Type: OrderRemoveType, Name: &name} }

// Produce sets a planet's product; name is the ship type for ProduceShip, else "".
func Produce(planet int, kind, name string) Order {
	product := &Product{Kind: kind}
	if name != "" {
		product.Name = &name
	}
	return Order{Type: OrderProduction, Planet: &planet, Product: product}
}

// Rename names an own planet.
func Rename(planet int, name string) Order {
	return Order{Type: OrderRename, Planet: &planet, Name: &name}
}

// Route transports cargo from planet to destination every turn; 0 clears it.
func Route(planet int, cargo Cargo, destination int) Order {
	return Order{
		Type: OrderRoute, Planet: &planet, Cargo: CargoKind(cargo),
		Destination: Destination{Present: true, Planet: destination},
	}
}

// Split moves ships of a group to a new one.
func Split(group GroupRef, ships int) Order {
	return Order{Type: OrderSplit, Group: group, Ships: &ships}
}

// Merge joins all equal groups of the race.
func Merge() Order { return Order{Type: OrderMerge} }

// Load takes cargo aboard from an own planet, as much as fits.
func Load(group GroupRef, cargo Cargo) Order {
	return Order{Type: OrderLoad, Group: group, Cargo: CargoKind(cargo)}
}

// Unload unloads all cargo of a group.
func Unload(group GroupRef) Order { return Order{Type: OrderUnload, Group: group} }

// Send starts a group's flight to a planet.
func Send(group GroupRef, planet int) Order {
	return Order{Type: OrderSend, Group: group, Planet: &planet}
}

// Scrap dismantles ships; their mass becomes materials.
func Scrap(group GroupRef) Order { return Order{Type: OrderScrap, Group: group} }

// OnlyShips limits the order to part of the group, which is split off.
func (o Order) OnlyShips(n int) Order {
	o.Ships = &n
	return o
}

// OnlyAmount limits a load or unload to a total amount.
func (o Order) OnlyAmount(total float64) Order {
	o.Amount = &total
	return o
}

// Named gives the resulting group an alias for later orders.
func (o Order) Named(alias string) Order {
	o.As = &alias
	return o
}
