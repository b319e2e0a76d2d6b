package testdb

import (
	"context"
	"os"
	osexec "os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestPostgresGivesEmptySeparateDatabases(t *testing.T) {
	a, b := Postgres(t), Postgres(t)
	if a == b {
		t.Fatalf("two tests share %s", a)
	}
	if err := exec(a, "CREATE TABLE only_in_a (n int)"); err != nil {
		t.Fatal(err)
	}
	if err := exec(b, "SELECT * FROM only_in_a"); err == nil {
		t.Fatal("a table of one database shows in the other")
	}
}

func TestFsyncOptionSetsFsync(t *testing.T) {
	if os.Getenv("BONGSU_TEST_POSTGRES") != "" {
		t.Log("the server of BONGSU_TEST_POSTGRES keeps its own setting")
		return
	}
	for want, url := range map[string]string{"on": Postgres(t, Fsync()), "off": Postgres(t)} {
		conn, err := pgx.Connect(context.Background(), url)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := conn.QueryRow(context.Background(), "SHOW fsync").Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("fsync is %s, want %s", got, want)
		}
		_ = conn.Close(context.Background())
	}
}

func TestEachRunsBothKinds(t *testing.T) {
	var seen []string
	Each(t, func(_ *testing.T, url string) { seen = append(seen, url) })
	if len(seen) != 2 || seen[0] != "" || !strings.HasPrefix(seen[1], "postgres://") {
		t.Fatalf("urls %q", seen)
	}
}

// The test runs itself as a child that takes a database and then is killed; its cluster must go too.
func TestClusterDiesWithItsProcess(t *testing.T) {
	if os.Getenv("TESTDB_CHILD") != "" {
		_, _ = os.Stdout.WriteString(Postgres(t) + "\n")
		select {}
	}
	cmd := osexec.Command(os.Args[0], "-test.run=^TestClusterDiesWithItsProcess$")
	cmd.Env = append(os.Environ(), "TESTDB_CHILD=1", "BONGSU_TEST_POSTGRES=")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1024)
	n, err := out.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(string(buf[:n]))
	if err := exec(url, "SELECT 1"); err != nil {
		t.Fatalf("the child's database does not answer: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for end := time.Now().Add(timeout); exec(url, "SELECT 1") == nil; {
		if time.Now().After(end) {
			t.Fatal("the cluster outlived its process")
		}
	}
}
