package ephemeral

import (
	"slices"
	"testing"
	"testing/synctest"
)

func TestNotifierTellsOnceAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told, proceed := []string{}, make(chan struct{})
		n := newNotifier(func(key string) {
			told = append(told, key)
			<-proceed
		})
		n.add("a")
		synctest.Wait() // a is being told
		for range 3 {
			n.add("b")
			n.add("a")
		}
		close(proceed)
		synctest.Wait()
		n.close()
		n.add("late")
		synctest.Wait()
		if want := []string{"a", "b", "a"}; !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}
