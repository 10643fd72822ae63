package gomodule_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBuiltIntoZonecast builds the program with the list of modules.go.txt in place of its own, and has it run the module's tests.
func TestBuiltIntoZonecast(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(here, "../../cmd/zonecast/modules.go")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{list: filepath.Join(here, "modules.go.txt")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "zonecast")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "../../cmd/zonecast").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(program, "check", "-c", "zonecast.yaml").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "no problems") {
		t.Fatalf("%v\n%s", err, out)
	}
}
