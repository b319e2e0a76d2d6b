//go:build goolm

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix/id"
)

// agent is a Node process (js/agent.js) that drives devices of matrix-js-sdk as it is told.
type agent struct {
	in    io.WriteCloser
	mu    sync.Mutex
	calls map[int64]chan gjson.Result
	last  int64
}

// agentPatience bounds a command: longer than the agent itself waits for anything.
const agentPatience = 3 * time.Minute

// Agent starts an agent that talks to the suite's server, and ends it with the test.
func (s *Suite) Agent(t *testing.T) *agent {
	t.Helper()
	cmd := exec.Command(Node(t, "js"), "--import", "./quiet.js", "agent.js")
	cmd.Dir = "js"
	cmd.Env = append(os.Environ(), "BONGSU_E2E_URL="+s.Server.URL)
	var noise bytes.Buffer
	cmd.Stderr = &noise
	in, out := must[io.WriteCloser](t)(cmd.StdinPipe()), must[io.ReadCloser](t)(cmd.StdoutPipe())
	if err := startBound(cmd); err != nil {
		t.Fatalf("starting Node: %v", err)
	}
	a := &agent{in: in, calls: map[int64]chan gjson.Result{}}
	heard := make(chan struct{})
	go a.listen(out, heard)
	t.Cleanup(func() {
		_ = in.Close() // ends it
		<-heard
		if err := cmd.Wait(); err != nil {
			t.Errorf("the agent: %v\n%s", err, noise.String())
		}
	})
	return a
}

func (a *agent) listen(out io.Reader, heard chan<- struct{}) {
	defer close(heard)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		answer := gjson.Parse(lines.Text())
		a.mu.Lock()
		call := a.calls[answer.Get("id").Int()]
		a.mu.Unlock()
		if call != nil {
			call <- answer
		}
	}
}

// begin sends a command and returns where the answer comes.
func (a *agent) begin(t *testing.T, what string, args Obj) <-chan gjson.Result {
	t.Helper()
	a.mu.Lock()
	a.last++
	n, call := a.last, make(chan gjson.Result, 1)
	a.calls[n] = call
	a.mu.Unlock()
	command := Obj{"id": n, "do": what}
	for k, v := range args {
		command[k] = v
	}
	line := must[[]byte](t)(json.Marshal(command))
	if _, err := a.in.Write(append(line, '\n')); err != nil {
		t.Fatalf("telling the agent: %v", err)
	}
	return call
}

// do sends a command and returns the answer.
func (a *agent) do(t *testing.T, what string, args Obj) gjson.Result {
	t.Helper()
	return a.end(t, what, a.begin(t, what, args))
}

func (a *agent) end(t *testing.T, what string, call <-chan gjson.Result) gjson.Result {
	t.Helper()
	select {
	case answer := <-call:
		if message := answer.Get("error").Str; message != "" {
			t.Fatalf("the agent: %s", message)
		}
		return answer.Get("ok")
	case <-time.After(agentPatience):
		t.Fatalf("the agent did not answer to %s", what)
	}
	return gjson.Result{}
}

// browser is a device of matrix-js-sdk.
type browser struct {
	*agent
	name   string
	UserID id.UserID
	Device id.DeviceID
}

// Browser logs a user in on a new device of matrix-js-sdk that encrypts.
func (a *agent) Browser(t *testing.T, user string) *browser {
	t.Helper()
	r := a.do(t, "login", Obj{"user": user, "password": cryptoPassword})
	return &browser{agent: a, name: r.Get("client").Str, UserID: id.UserID(r.Get("user").Str), Device: id.DeviceID(r.Get("device").Str)}
}

// tell has the device do something.
func (b *browser) tell(t *testing.T, what string, args Obj) gjson.Result {
	t.Helper()
	return b.end(t, what, b.start(t, what, args))
}

func (b *browser) start(t *testing.T, what string, args Obj) <-chan gjson.Result {
	t.Helper()
	all := Obj{"client": b.name}
	for k, v := range args {
		all[k] = v
	}
	return b.begin(t, what, all)
}

func (b *browser) say(t *testing.T, room id.RoomID, text string) id.EventID {
	t.Helper()
	return id.EventID(b.tell(t, "say", Obj{"roomId": room, "text": text}).Str)
}

func (b *browser) reads(t *testing.T, room id.RoomID, message id.EventID, text string) {
	t.Helper()
	if got := b.tell(t, "reads", Obj{"roomId": room, "eventId": message}).Str; got != text {
		t.Errorf("%s %s read %q, not %q", b.UserID, b.Device, got, text)
	}
}

// sees does something by which the device shows emoji, and returns them.
func (b *browser) sees(t *testing.T, what, verification string) []string {
	t.Helper()
	var out []string
	for _, e := range b.tell(t, what, Obj{"verification": verification}).Array() {
		out = append(out, plainEmoji(e.Str))
	}
	return out
}
