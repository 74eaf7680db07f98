// Command bench prints what the product costs beside what a bare server of the
// same libraries costs in the same run.
//
//	make bench                       every goal
//	cd bench && go run . -only G3    some of them
//
// The figure is CPU time per unit: the server's and all of Postgres', from the
// operating system's own books, at 32 connections. Rounds are interleaved, first
// the anchor, then the product; the ratio is taken within each round, and the
// median counts. Wall time is printed for information only, but where a goal is
// one of wall time.
//
// What always holds: both sides are processes of their own, on one private
// Postgres cluster with durable settings; the product is the real binary with
// production settings, its own migrations and its own caches, and the rows that
// it starts on are in it before it starts, thousands of its own commands among
// them, counted by Postgres: on tables that were empty a moment ago statements
// are planned to read them whole. What a slot leaves to be done (mail) is waited
// for before the next one begins. Every answer of the product has to
// be a success, else the goal has failed.
package main
