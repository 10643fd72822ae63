// Package process runs rule modules that are programs of their own: it starts them, asks them over their standard streams,
// and starts them again when they fail.
//
// The protocol, version 1, is a line of JSON at a time. The program speaks first, once: {"zonecast":1,"version":"7"}, where version
// is its own and changes whenever the same entity gives other records. Then each line on its standard input,
//
//	{"id":1,"module":"racks","entity":{"kind":"server","id":"web001","attrs":{…}},"vars":{…}}
//
// wants one line on its standard output, in any order, flushed:
//
//	{"id":1,"records":[{"name":"web001.example.com.","type":"A","ttl":300,"value":"192.0.2.10"}]}
//	{"id":1,"error":"no such rack"}
//
// Many requests are under way at once, so a program need not be asked and waited for a hundred thousand times. It ends when its standard
// input does. Standard error is logged.
//
// Promises: P3, a program that hangs, dies or prints what is none of the above is killed with all its children and
// started again, later and later; the request that it was at is blamed, the others are to be asked again. P9, time, lines,
// records and what is logged are bounded; memory and processor time are for the unit that zonecast runs in.
package process
