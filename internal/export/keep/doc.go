// Package keep keeps an export's files current and has another server load them.
//
// In: verified releases (Source). Out: files, each replaced in one step when its content changes, and runs of a command
// after that. A file whose records are the same stays as it is, whatever the release's number: its SOA serials are those of
// the release that changed it last.
//
// P2: what is written is a whole verified release; a zone that was asked for and is not in it changes nothing. P5: while
// no release comes, the files stay. P3: a command that fails is tried again with growing pauses, and the next change does not
// wait for it. A run that a crash or a stop took away is made up for at the next start: what is written, and whether it was
// loaded, stands in a state file.
//
// When the floor below fails (a full disk, a file that cannot be read back) it is logged, and tried again.
package keep
