package keys

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

func roomKey(first, forwarded int64, verified bool, text string) RoomKey {
	return RoomKey{FirstIndex: &first, Forwarded: &forwarded, Verified: &verified, Data: fmt.Appendf(nil, `{"c":%q}`, text)}
}

var newBackup = NewBackup{Algorithm: "m.megolm_backup.v1.curve25519-aes-sha2", AuthData: json.RawMessage(`{"public_key": "x"}`)}

func (s *Service) createBackup(t *testing.T) string {
	t.Helper()
	version, err := s.CreateBackup(t.Context(), alice, newBackup)
	if err != nil {
		t.Fatal(err)
	}
	return version
}

func (s *Service) storeKey(t *testing.T, version, room, session string, k RoomKey) BackupState {
	t.Helper()
	st, err := s.StoreRoomKeys(t.Context(), alice, version, map[string]RoomKeys{room: {Sessions: map[string]RoomKey{session: k}}})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestBackupVersions(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A")
		if _, err := s.Backup(t.Context(), alice, ""); !mxerr.HasCode(err, mxerr.NotFound) {
			t.Errorf("no back-up: %v", err)
		}
		first, second := s.createBackup(t), s.createBackup(t)
		info, err := s.Backup(t.Context(), alice, "")
		if err != nil || info.Version != second || info.Count != 0 || string(info.AuthData) != `{"public_key":"x"}` {
			t.Fatalf("%+v, %v", info, err)
		}
		k := roomKey(0, 0, false, "x")
		_, err = s.StoreRoomKeys(t.Context(), alice, first, map[string]RoomKeys{"!r": {Sessions: map[string]RoomKey{"s": k}}})
		if !mxerr.HasCode(err, mxerr.WrongRoomKeysVersion) {
			t.Errorf("an old version: %v", err)
		}
		changed := newBackup
		changed.AuthData = json.RawMessage(`{"public_key":"y"}`)
		if err := s.UpdateBackup(t.Context(), alice, first, changed); err != nil {
			t.Error(err)
		}
		changed.Algorithm = "other"
		if err := s.UpdateBackup(t.Context(), alice, first, changed); !mxerr.HasCode(err, mxerr.InvalidParam) {
			t.Errorf("another algorithm: %v", err)
		}
		changed = newBackup
		changed.Version = second
		if err := s.UpdateBackup(t.Context(), alice, first, changed); !mxerr.HasCode(err, mxerr.InvalidParam) {
			t.Errorf("another version in the body: %v", err)
		}
		s.storeKey(t, second, "!r", "s", k)
		for range 2 {
			if err := s.DeleteBackup(t.Context(), alice, second); err != nil {
				t.Error(err)
			}
		}
		s.dropBackups()
		if err := s.DeleteBackup(t.Context(), alice, "99"); !mxerr.HasCode(err, mxerr.NotFound) {
			t.Errorf("deleting what there was not: %v", err)
		}
		if _, err := s.Backup(t.Context(), alice, second); !mxerr.HasCode(err, mxerr.NotFound) {
			t.Errorf("a deleted version: %v", err)
		}
		if info, err := s.Backup(t.Context(), alice, ""); err != nil || info.Version != first || string(info.AuthData) != `{"public_key":"y"}` {
			t.Errorf("%+v, %v", info, err)
		}
		if third := s.createBackup(t); third == first || third == second {
			t.Error("a version was used again")
		}
		if _, err := s.RoomKey(t.Context(), alice, second, "!r", "s"); !mxerr.HasCode(err, mxerr.NotFound) {
			t.Errorf("a key of a deleted version: %v", err)
		}
	})
}

func TestBetterKeyTakesThePlace(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A")
		v := s.createBackup(t)
		last := s.storeKey(t, v, "!r", "s", roomKey(5, 5, false, "a"))
		for _, step := range []struct {
			key  RoomKey
			want string
		}{
			{roomKey(5, 5, false, "same"), "a"},
			{roomKey(6, 0, false, "later"), "a"},
			{roomKey(5, 4, false, "b"), "b"},
			{roomKey(3, 9, false, "c"), "c"},
			{roomKey(9, 9, true, "d"), "d"},
			{roomKey(0, 0, false, "not verified"), "d"},
		} {
			st := s.storeKey(t, v, "!r", "s", step.key)
			got, err := s.RoomKey(t.Context(), alice, v, "!r", "s")
			if err != nil || string(got.Data) != fmt.Sprintf(`{"c":%q}`, step.want) {
				t.Errorf("%s: %s, %v", step.key.Data, got.Data, err)
			}
			if replaced := string(step.key.Data) == string(got.Data); replaced == (st.Etag == last.Etag) || st.Count != 1 {
				t.Errorf("%s: state %+v after %+v", step.key.Data, st, last)
			}
			last = st
		}
	})
}

// However keys are stored and deleted, count and etag tell the truth, and what is read is what a map would hold.
func TestBackupIsLikeAMap(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A")
		rapid.Check(t, func(rt *rapid.T) {
			v := s.createBackup(t)
			model := map[[2]string]store.BackupKey{}
			etag := "0"
			check := func(st BackupState, changed bool) {
				if st.Count != int64(len(model)) || (st.Etag != etag) != changed {
					rt.Fatalf("state %+v; there are %d keys, the etag was %s, changed: %v", st, len(model), etag, changed)
				}
				etag = st.Etag
			}
			rooms, sessions := []string{"!a", "!b", "!c"}, []string{"s1", "s2", "s3", "s4"}
			for range rapid.IntRange(1, 12).Draw(rt, "steps") {
				room, session := rapid.SampledFrom(rooms).Draw(rt, "room"), rapid.SampledFrom(sessions).Draw(rt, "session")
				at := [2]string{room, session}
				if rapid.IntRange(0, 3).Draw(rt, "kind") == 0 {
					_, had := model[at]
					delete(model, at)
					st, err := s.DeleteRoomKeys(t.Context(), alice, v, room, session)
					if err != nil {
						rt.Fatal(err)
					}
					check(st, had)
					continue
				}
				k := store.BackupKey{
					FirstIndex: rapid.Int64Range(0, 2).Draw(rt, "first"), Forwarded: rapid.Int64Range(0, 2).Draw(rt, "forwarded"),
					Verified: rapid.Bool().Draw(rt, "verified"),
				}
				old, had := model[at]
				changed := !had || better(k, old)
				if changed {
					model[at] = k
				}
				check(s.storeKey(t, v, room, session, roomKey(k.FirstIndex, k.Forwarded, k.Verified, "x")), changed)
			}
			found := 0
			err := s.EachRoomKey(t.Context(), alice, v, "", func() {}, func(room, session string, k RoomKey) error {
				found++
				want := model[[2]string{room, session}]
				if *k.FirstIndex != want.FirstIndex || *k.Forwarded != want.Forwarded || *k.Verified != want.Verified {
					rt.Fatalf("%s %s: %+v", room, session, want)
				}
				return nil
			})
			if err != nil || found != len(model) {
				rt.Fatalf("%d keys, %v", found, err)
			}
		})
	})
}

func TestLargeBackupIsReadInPages(t *testing.T) {
	each(t, func(t *testing.T, s *Service) {
		s.login(t, alice, "A")
		v := s.createBackup(t)
		rooms := map[string]RoomKeys{}
		for r := range 3 {
			sessions := map[string]RoomKey{}
			for i := range backupPage {
				sessions[fmt.Sprint("s", i)] = roomKey(int64(i), 0, true, "x")
			}
			rooms[fmt.Sprint("!", r)] = RoomKeys{Sessions: sessions}
		}
		if st, err := s.StoreRoomKeys(t.Context(), alice, v, rooms); err != nil || st.Count != 3*backupPage {
			t.Fatal(st, err)
		}
		for room, want := range map[string]int{"": 3 * backupPage, "!1": backupPage, "!9": 0} {
			seen := map[string]bool{}
			err := s.EachRoomKey(t.Context(), alice, v, room, func() {}, func(r, id string, _ RoomKey) error {
				seen[r+id] = true
				return nil
			})
			if err != nil || len(seen) != want {
				t.Errorf("%q: %d keys, %v", room, len(seen), err)
			}
		}
		if st, err := s.DeleteRoomKeys(t.Context(), alice, v, "!1", ""); err != nil || st.Count != 2*backupPage {
			t.Error(st, err)
		}
		if st, err := s.DeleteRoomKeys(t.Context(), alice, v, "", ""); err != nil || st.Count != 0 {
			t.Error(st, err)
		}
	})
}
