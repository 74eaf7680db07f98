package httpx

import "fmt"

// Role is what an operator may do. A higher role may do all that a lower may.
type Role uint8

// The roles: a viewer reads, an operator acts on users, games and mail, an
// administrator manages operators as well. The zero value may do nothing.
const (
	NoRole Role = iota
	Viewer
	Operator
	Administrator
)

var roleNames = [...]string{NoRole: "", Viewer: "viewer", Operator: "operator", Administrator: "admin"}

// String is the role's name in the API and the database.
func (r Role) String() string {
	if int(r) >= len(roleNames) {
		return fmt.Sprintf("role(%d)", uint8(r))
	}
	return roleNames[r]
}

// ParseRole reads a role's name.
func ParseRole(name string) (Role, error) {
	for r := Viewer; int(r) < len(roleNames); r++ {
		if roleNames[r] == name {
			return r, nil
		}
	}
	return NoRole, fmt.Errorf("role %q is unknown", name)
}

// MarshalText renders the name.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the name.
func (r *Role) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRole(string(text))
	return err
}

// Principal is the operator behind an admin request.
type Principal struct {
	Username string
	Role     Role
}
