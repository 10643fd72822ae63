package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"zonecast/internal/checkout"
	"zonecast/internal/durable"
	"zonecast/presenter/zonefile"
	"zonecast/presenter/zonefile/format"
)

func fmtCommand() *cobra.Command {
	var flags stageFlags
	var f formatter
	cmd := &cobra.Command{
		Use:   "fmt [FILE | DIR | -]...",
		Short: "Bring zone files into canonical order and style",
		Long: `Writes zone files in one layout: names and keys in the natural order that octoDNS enforces ('' first, web2 before web10),
values sorted, two spaces indent, quotes only where YAML needs them, value for one and values for more. Every comment stays with what it
was written for. What a file means never changes: the result is read again and compared before anything is written.

Without arguments it takes the config's zones folder; - reads standard input and writes standard output. Files that cannot be read as zone
files are reported and left, and so are those with tags (!include), anchors or aliases. Rule modules are not formatted.

Exit status: 0 done, 1 --check or --diff found files in another layout, or a file is broken; 2 could not run.`,
		Example: `  zonecast fmt
  zonecast fmt --check zones            # in CI: lists files in another layout, changes none
  zonecast fmt --diff zones/prod.example.yaml
  zonecast fmt - < draft.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				cfg, _, err := flags.load(cmd)
				if err != nil {
					return exitCode{2, err}
				}
				if cfg.Presenter.Zones == "" {
					return exitCode{2, errors.New("nothing to format: the config names no zones folder (presenter.zones), and no file or folder is given")}
				}
				args = []string{cfg.Presenter.Zones}
			}
			f.out, f.errs = cmd.OutOrStdout(), cmd.ErrOrStderr()
			for _, arg := range args {
				if err := f.argument(cmd, arg); err != nil {
					return exitCode{2, err}
				}
			}
			if f.listed > 0 {
				fmt.Fprintf(f.errs, "%s in another layout: zonecast fmt writes the canonical one, --diff shows it\n", count(f.listed, "file"))
			}
			if f.found {
				return exitCode{code: 1}
			}
			return nil
		},
	}
	flags.config(cmd)
	cmd.Flags().BoolVar(&f.check, "check", false, "list the files that are in another layout; write nothing")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "print what would change; write nothing")
	return cmd
}

// formatter works on one file after the other.
type formatter struct {
	check, diff bool
	found       bool // something that the exit status has to tell
	listed      int  // files of --check
	out, errs   io.Writer
}

func (f *formatter) argument(cmd *cobra.Command, arg string) error {
	if arg == "-" {
		text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), checkout.MaxFile+1))
		if err == nil && len(text) > checkout.MaxFile {
			err = fmt.Errorf("standard input: larger than %d MiB", checkout.MaxFile>>20)
		}
		if err != nil {
			return err
		}
		return f.file("standard input", "stdin.yaml", text, func(made []byte) error {
			_, err := f.out.Write(made)
			return err
		})
	}
	info, err := os.Stat(arg)
	if err != nil {
		return err
	}
	if info.IsDir() {
		set, err := checkout.Read(cmd.Context(), arg)
		if err != nil {
			return err
		}
		layout := zonefile.LayoutOf(set.Files)
		for _, file := range set.Files {
			if !layout.Own(file.Path) {
				fmt.Fprintf(f.errs, "%s: %v: it is no zone's own file, others include it or it is octoDNS's configuration\n", filepath.Join(arg, filepath.FromSlash(file.Path)), format.ErrKept)
				continue
			}
			if err := f.onDisk(filepath.Join(arg, filepath.FromSlash(file.Path)), file.Path, file.Data); err != nil {
				return err
			}
		}
		return nil
	}
	if info.Size() > checkout.MaxFile {
		return fmt.Errorf("%s: larger than %d MiB", arg, checkout.MaxFile>>20)
	}
	text, err := os.ReadFile(arg)
	if err != nil {
		return err
	}
	return f.onDisk(arg, filepath.Base(arg), text)
}

// onDisk formats a file in place: whole or not at all, with its mode, and through a link.
func (f *formatter) onDisk(path, inside string, text []byte) error {
	return f.file(path, inside, text, func(made []byte) error {
		if bytes.Equal(made, text) {
			return nil
		}
		target, err := filepath.EvalSymlinks(path)
		if err != nil {
			return err
		}
		info, err := os.Stat(target)
		if err != nil {
			return err
		}
		if now, err := os.ReadFile(target); err != nil || !bytes.Equal(now, text) {
			return fmt.Errorf("%s changed meanwhile: run it again", path)
		}
		if err := durable.WriteFile(target, made, info.Mode().Perm()); err != nil {
			return err
		}
		fmt.Fprintln(f.out, path)
		return nil
	})
}

// file formats one text, shown under a name, and hands the result to write unless it is only asked for.
func (f *formatter) file(name, inside string, text []byte, write func([]byte) error) error {
	made, err := format.Format(inside, text)
	var broken *format.Broken
	switch {
	case errors.As(err, &broken):
		f.found = true
		for _, p := range broken.Problems {
			p.File = name
			fmt.Fprintln(f.errs, p.Error())
		}
		fmt.Fprintf(f.errs, "%s: left as it is, it has %s\n", name, count(len(broken.Problems), "error"))
		return nil
	case err != nil: // ErrKept
		fmt.Fprintf(f.errs, "%s: %v\n", name, err)
		made = text
	}
	if !f.check && !f.diff {
		return write(made)
	}
	if bytes.Equal(made, text) {
		return nil
	}
	f.found = true
	if f.diff {
		_, err := f.out.Write(diff.Diff(name, text, name+" (formatted)", made))
		return err
	}
	f.listed++
	fmt.Fprintln(f.out, name)
	return nil
}
