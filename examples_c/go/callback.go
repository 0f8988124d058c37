package pqpush

/*
#include <pqpush.h>
#include <stdint.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime/cgo"
	"sync"
	"unsafe"
)

// failureSlot keeps the first error that a function of the host returned: the library only hears that there was one.
type failureSlot struct {
	lock sync.Mutex
	err  error
}

func (s *failureSlot) set(err error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.err == nil {
		s.err = err
	}
}

// explain adds what the host's function said to an error that came of it.
func (s *failureSlot) explain(err error) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	var failed *Error
	if errors.As(err, &failed) && failed.Status == ErrCallback {
		failed.Cause = s.err
	}
	return err
}

type keyRetriever struct {
	retrieve func(keyMetadata []byte) ([]byte, error)
	slot     *failureSlot
}

type rowFilter struct {
	keep func(rows *Batch) ([]bool, error)
	slot *failureSlot
}

// guarded runs a function of the host; 1 where it failed or panicked, which C must not see.
func guarded(slot *failureSlot, function func() error) (status C.int) {
	defer func() {
		if panicked := recover(); panicked != nil {
			slot.set(fmt.Errorf("panic: %v", panicked))
			status = 1
		}
	}()
	if err := function(); err != nil {
		slot.set(err)
		return 1
	}
	return 0
}

//export goRetrieveKey
func goRetrieveKey(handle C.uintptr_t, metadata *C.uint8_t, length C.size_t, out *C.uint8_t, outLength *C.size_t) C.int {
	self := cgo.Handle(handle).Value().(*keyRetriever)
	return guarded(self.slot, func() error {
		key, err := self.retrieve(C.GoBytes(unsafe.Pointer(metadata), C.int(length)))
		if err != nil {
			return err
		}
		if len(key) > 32 {
			return fmt.Errorf("a key of %d bytes", len(key))
		}
		*outLength = C.size_t(copy(unsafe.Slice((*byte)(out), 32), key))
		return nil
	})
}

//export goKeepRows
func goKeepRows(handle C.uintptr_t, types *C.struct_ArrowSchema, rows, outKeep *C.struct_ArrowArray) C.int {
	self := cgo.Handle(handle).Value().(*rowFilter)
	return guarded(self.slot, func() error {
		batch := newBatch()
		defer batch.Release()
		batch.array = *rows
		rows.release = nil
		batch.types = &schema{schema: *types} // borrowed: it has no finaliser
		keep, err := self.keep(batch)
		if err != nil {
			return err
		}
		values := make([]any, len(keep))
		for i, is := range keep {
			values[i] = is
		}
		lists, err := flatten(values)
		if err != nil {
			return err
		}
		if len(lists) == 0 {
			lists = []*flat{{format: "b"}}
		}
		array, made := lists[0].arrow()
		(&schema{schema: made}).release()
		*outKeep = array
		return nil
	})
}

//export goDropHandle
func goDropHandle(handle C.uintptr_t) { cgo.Handle(handle).Delete() }
