// Package measure is what the measuring commands in ci share: one inventory and its project folder, addresses that are
// free, how long a list of durations is, and how much memory a process took.
package measure
