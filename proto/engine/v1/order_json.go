package enginev1

import (
	"bytes"
	"encoding/json"
	"errors"
)

// GroupRef refers to a group by its number, or by an alias ("$a") that an earlier
// order of the same list has given it. The zero value refers to no group.
type GroupRef struct {
	Number int
	Alias  string
}

// Group refers to a group by number.
func Group(number int) GroupRef { return GroupRef{Number: number} }

// Alias refers to a group by the alias of an earlier order.
func Alias(name string) GroupRef { return GroupRef{Alias: name} }

// MarshalJSON writes a number or a string.
func (g GroupRef) MarshalJSON() ([]byte, error) {
	if g.Alias != "" {
		return json.Marshal(g.Alias)
	}
	return json.Marshal(g.Number)
}

// UnmarshalJSON reads a number or a string.
func (g *GroupRef) UnmarshalJSON(raw []byte) error {
	*g = GroupRef{}
	if isString(raw) {
		return json.Unmarshal(raw, &g.Alias)
	}
	if isNull(raw) {
		return errors.New("group must be a number or an alias")
	}
	return json.Unmarshal(raw, &g.Number)
}

// CargoField is the mass of a cargo bay in ship_type.create and a cargo kind
// elsewhere. The zero value is an absent field.
type CargoField struct {
	Kind    Cargo
	Mass    float64
	Present bool
}

// CargoMass is a cargo bay of the given mass.
func CargoMass(mass float64) CargoField { return CargoField{Mass: mass, Present: true} }

// CargoKind is a kind of cargo.
func CargoKind(kind Cargo) CargoField { return CargoField{Kind: kind, Present: true} }

// MarshalJSON writes a number or a kind.
func (c CargoField) MarshalJSON() ([]byte, error) {
	if c.Kind != "" {
		return json.Marshal(c.Kind)
	}
	return json.Marshal(c.Mass)
}

// UnmarshalJSON reads a number or a kind.
func (c *CargoField) UnmarshalJSON(raw []byte) error {
	*c = CargoField{Present: true}
	var err error
	if isString(raw) {
		err = json.Unmarshal(raw, &c.Kind)
	} else {
		err = json.Unmarshal(raw, &c.Mass)
	}
	if err == nil && (isNull(raw) || isString(raw) && c.Kind == "") {
		return errors.New("cargo must be a number or a kind")
	}
	return err
}

// Destination is where a route leads. Present with planet 0 is JSON null and
// clears the route; the zero value is an absent field.
type Destination struct {
	Present bool
	Planet  int
}

// MarshalJSON writes a planet number or null.
func (d Destination) MarshalJSON() ([]byte, error) {
	if d.Planet == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(d.Planet)
}

// UnmarshalJSON reads a planet number or null. Zero is no planet's number, and
// is kept apart from null as -1.
func (d *Destination) UnmarshalJSON(raw []byte) error {
	*d = Destination{Present: true}
	if isNull(raw) {
		return nil
	}
	if err := json.Unmarshal(raw, &d.Planet); err != nil {
		return err
	}
	if d.Planet == 0 {
		d.Planet = -1
	}
	return nil
}

func isString(raw []byte) bool { return len(raw) > 0 && raw[0] == '"' }

func isNull(raw []byte) bool { return bytes.Equal(raw, []byte("null")) }
