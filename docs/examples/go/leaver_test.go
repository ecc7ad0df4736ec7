// Somebody leaves: a Go test that drives a running lab with steps and expectations of the scenario language.
package leaver

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const startingTime = 30 * time.Second

// lab is a running "entra-sim up": where it listens, and the key of its API.
type lab struct {
	AdminURL string `json:"admin_url"`
	TaptURL  string `json:"tapt_url"`
	Key      string `json:"key"`
}

// answer is what POST /api/steps sends back: Error when the step is refused, Failure when an expectation does not hold.
type answer struct {
	Error   string `json:"error"`
	Outcome string `json:"outcome"`
	Failure *struct {
		Message  string `json:"message"`
		Expected string `json:"expected"`
		Actual   string `json:"actual"`
	} `json:"failure"`
}

// startLab starts an empty lab with a frozen clock on free ports; it is stopped when the test ends.
func startLab(t *testing.T) lab {
	t.Helper()
	folder := t.TempDir()
	ready := filepath.Join(folder, "ready.json")
	up := exec.Command("entra-sim", "up", "--data", filepath.Join(folder, "data"), "--ready-file", ready,
		"--empty", "--clock", "frozen", "--port", "0", "--tapt-port", "0")
	up.Stderr = os.Stderr
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- up.Wait() }()
	t.Cleanup(func() {
		_ = up.Process.Signal(os.Interrupt)
		<-ended
	})
	for deadline := time.Now().Add(startingTime); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("entra-sim up ended while it started: %v", err)
		default:
		}
		content, err := os.ReadFile(ready)
		var running lab
		if err == nil && json.Unmarshal(content, &running) == nil {
			return running
		}
	}
	t.Fatal("entra-sim up was not ready in time")
	return lab{}
}

// step does one step, or checks one expectation; the test ends when it is refused or does not hold.
func (l lab) step(t *testing.T, text string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"step": text})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, l.AdminURL+"/api/steps", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+l.Key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got answer
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatalf("%s: status %d: %v", text, response.StatusCode, err)
	}
	if got.Error != "" {
		t.Fatalf("%s: %s", text, got.Error)
	}
	if got.Failure != nil {
		t.Fatalf("%s: %s\nexpected: %s\nactual:   %s", text, got.Failure.Message, got.Failure.Expected, got.Failure.Actual)
	}
}

func TestALeaverIsDisabled(t *testing.T) {
	running := startLab(t)
	for _, text := range []string{
		"create user: {userPrincipalName: ada@contoso.example, displayName: Ada Park}",
		"create application: Tapt Integration",
		"set mode: Automatic",
		"save credentials: tapt",
		"assign: ada@contoso.example",
		"start provisioning",
		"expect: {target users: [{userName: ada@contoso.example, active: true}]}",
		"unassign: ada@contoso.example",
		"advance: 40m",
		"expect: {target users: [{userName: ada@contoso.example, active: false}]}",
	} {
		running.step(t, text)
	}
}
