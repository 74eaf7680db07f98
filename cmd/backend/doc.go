// Command backend is the consolidated service of the Galaxy platform.
//
//	backend [serve]      run the service (the default)
//	backend config       print the effective configuration, secrets masked
//	backend migrate      bring the database's schema up to date and exit
//	backend healthcheck  ask a running backend on this machine for /readyz
//	backend version      print version and build
//	backend --help       list every variable
//
// All configuration is in the environment. Exit codes: 0 a clean end, 1 a
// failure, 2 a wrong configuration or command line, 3 another backend took
// over, restart.
package main

//go:generate go test -run TestGeneratedDocumentsAreUpToDate -update .
