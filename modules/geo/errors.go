package geo

import "galaxy/backend/platform/fault"

var (
	errAddress = fault.New(fault.Invalid, "invalid_request", "the request is malformed").
			At(fault.Field{Name: "ip", Code: "invalid_format", Message: "an IPv4 or IPv6 address is needed"})
	errNoDatabase = fault.New(fault.Unavailable, "unavailable", "no country database is loaded")
)
