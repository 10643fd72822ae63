// Command makezone writes the bench zone (ci/benchzone) and questions for it, for measurements by hand:
//
//	go run ./ci/makezone --records 924000 --zone bench.zone --data data --queries queries.txt
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"zonecast/ci/benchzone"
)

func main() {
	records := flag.Int("records", 924_000, "`number` of records, about")
	zone := flag.String("zone", "", "RFC 1035 zone `file` to write")
	data := flag.String("data", "", "tinydns-data source `file` to write")
	queries := flag.String("queries", "", "dnsperf query `file` to write")
	n := flag.Int("n", 500_000, "`number` of queries")
	seed := flag.Uint64("seed", 1, "`seed` of the queries")
	flag.Parse()
	hosts := benchzone.HostsFor(*records)
	for _, f := range []struct {
		path  string
		write func(io.Writer) error
	}{
		{*zone, func(w io.Writer) error { return benchzone.WriteZone(w, hosts) }},
		{*data, func(w io.Writer) error { return benchzone.WriteData(w, hosts) }},
		{*queries, func(w io.Writer) error {
			return benchzone.WriteQuestions(w, benchzone.Questions(hosts, *n, *seed))
		}},
	} {
		if f.path == "" {
			continue
		}
		if err := write(f.path, f.write); err != nil {
			fmt.Fprintln(os.Stderr, "makezone:", err)
			os.Exit(1)
		}
	}
}

func write(path string, fill func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := fill(file); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
