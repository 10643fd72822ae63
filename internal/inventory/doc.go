// Package inventory is what is known of machines and services: entities, the events that change them, the feeds
// that events and full lists come from, and the rows that keep them. It reads bytes from outside, so everything in it
// is bounded (P9), and it decides about revisions, tombstones and ownership without looking at a clock or a table.
package inventory
