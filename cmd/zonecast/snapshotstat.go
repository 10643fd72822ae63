package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"

	"zonecast/internal/snapshot"
)

// fileStat is what `snapshot stat` tells of a file.
type fileStat struct {
	snapshot.Stat
	Seed      string        `json:"seed"` // hex
	PerRecord float64       `json:"octets_per_record"`
	Sections  []sectionStat `json:"sections"`
	ZoneTable []zoneStat    `json:"zone_table"`
}

type sectionStat struct {
	snapshot.Section
	PerRecord float64 `json:"octets_per_record"`
}

type zoneStat struct {
	snapshot.Zone
	Size int64 `json:"size"` // octets of the nodes at and below the apex
}

func statOf(s *snapshot.Snapshot) fileStat {
	seed := s.Seed()
	of := fileStat{Stat: s.Stat(), Seed: hex.EncodeToString(seed[:])}
	of.PerRecord = of.perRecord(of.Size)
	rest := of.Size
	for _, sec := range s.Layout() {
		of.Sections = append(of.Sections, sectionStat{sec, of.perRecord(sec.Size)})
		rest -= sec.Size
	}
	of.Sections = append(of.Sections, sectionStat{snapshot.Section{Name: "frame", Size: rest}, of.perRecord(rest)})
	of.ZoneTable = []zoneStat{} // of none: an empty list in JSON
	for i, z := range s.Zones() {
		of.ZoneTable = append(of.ZoneTable, zoneStat{z, s.NodesOf(i)})
	}
	return of
}

// perRecord is 0 without records.
func (f *fileStat) perRecord(octets int64) float64 {
	if f.Records == 0 {
		return 0
	}
	return float64(octets) / float64(f.Records)
}

// zonesShown is how many zones are printed: a file may have a hundred thousand, which JSON and a dump list.
const zonesShown = 20

func (f *fileStat) print(to io.Writer) error {
	w := bufio.NewWriter(to)
	fmt.Fprintf(w, "zones    %d\nnames    %d\nempty    %d (non-terminals without records)\nrrsets   %d\nrecords  %d\n",
		f.Zones, f.Names, f.Empty, f.Sets, f.Records)
	fmt.Fprintf(w, "size     %d octets, %.1f a record\nsha256   %s\nseed     %s\n\n", f.Size, f.PerRecord, f.SHA256, f.Seed)
	fmt.Fprintf(w, "%-8s %14s %10s\n", "section", "octets", "a record")
	for _, sec := range f.Sections {
		fmt.Fprintf(w, "%-8s %14d %10.1f\n", sec.Name, sec.Size, sec.PerRecord)
	}
	if len(f.ZoneTable) > 0 {
		fmt.Fprintf(w, "\nzone, facts and octets of its nodes (those of zones inside it, too)\n")
	}
	for i, z := range f.ZoneTable {
		if i == zonesShown {
			fmt.Fprintf(w, "and %d more (--json lists all)\n", len(f.ZoneTable)-i)
			break
		}
		fmt.Fprintf(w, "%s octets=%d\n", z.Describe(), z.Size)
	}
	return w.Flush()
}
