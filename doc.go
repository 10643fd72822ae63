// Package zonecast has no code of its own: it holds the tests that look at the whole. Read pipeline_test.go for an
// event's way to an answer, floors_test.go for who may import whom, and ARCHITECTURE.md for why.
package zonecast
