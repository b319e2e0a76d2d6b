package account

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestMemoryIsGivenBackWhenHashingIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var freed atomic.Int32
		h := newHashMemory()
		h.free = func() { freed.Add(1) }
		for range 5 {
			h.used()
			<-time.After(quiet / 2)
		}
		synctest.Wait()
		if freed.Load() != 0 {
			t.Fatal("given back while passwords were being hashed")
		}
		<-time.After(quiet)
		synctest.Wait()
		if freed.Load() != 1 {
			t.Fatalf("given back %d times, want 1", freed.Load())
		}
		h.used()
		<-time.After(quiet)
		synctest.Wait()
		if freed.Load() != 1 {
			t.Fatal("given back twice in a short time")
		}
		<-time.After(releaseGap)
		synctest.Wait()
		if freed.Load() != 2 {
			t.Fatalf("given back %d times, want 2", freed.Load())
		}
		h.used()
		h.stop()
		<-time.After(2 * releaseGap)
		synctest.Wait()
		if freed.Load() != 2 {
			t.Fatal("given back after the end")
		}
	})
}
