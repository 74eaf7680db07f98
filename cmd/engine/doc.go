// Command engine is the reference game engine: one process, one game, one state
// directory.
//
//	engine [serve]                                 serve the contract over HTTP
//	engine healthcheck                             probe a running engine, exit 0 or 1
//	engine rewind --state-dir D --turn N           archive newer turns of a stopped game
//	engine replay --state-dir D [--verify]         generate all turns again and compare
//	engine version                                 print the version
//
// serve and healthcheck are configured by the environment: ENGINE_LISTEN_ADDR,
// ENGINE_STATE_DIR, ENGINE_GAME_ID, ENGINE_ADMIN_TOKEN, ENGINE_LOG_LEVEL,
// ENGINE_SHUTDOWN_TIMEOUT.
package main
