// Command bench compares the cost of the product with the cost of a bare server on
// the same libraries (the anchor), in the same run.
//
//	make bench                       every goal
//	cd bench && go run . -only G3    some of them
//
// The figure is CPU time per unit: the server's and all of Postgres', as accounted
// by the operating system, at 32 connections. Rounds are interleaved, first
// the anchor, then the product; the ratio is taken within each round, and the
// median counts. Wall time is printed for information only, unless the goal is
// one of wall time.
//
// What always holds: both sides are processes of their own, on one private
// Postgres cluster with durable settings; the product is the real binary with
// production settings, its own migrations and its own caches. The database is
// populated before the product starts, with thousands of its own commands, and
// analyzed: for tables that were empty a moment ago Postgres plans sequential
// scans. Deferred work of a slot (mail) is completed before the next one begins.
// Every answer of the product has to be a success, else the goal has failed.
package main
