// Package ruleset is the rules language.
package ruleset
