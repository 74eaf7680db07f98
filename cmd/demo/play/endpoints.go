package play

// Endpoints are the addresses of a running platform, as devstack -json prints them.
type Endpoints struct {
	REST  string `json:"rest"`  // base URL
	Push  string `json:"push"`  // host:port of the gRPC stream
	Inbox string `json:"inbox"` // base URL of the mail inbox
	Admin struct {
		Username string `json:"username"`
		Password string `json:"password"`
	} `json:"admin"`
	Engine struct {
		Driver  string `json:"driver"`
		Version string `json:"version"`
	} `json:"engine"`
}
