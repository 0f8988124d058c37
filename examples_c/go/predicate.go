package pqpush

/*
#include "bridge.h"
#include <stdlib.h>
*/
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

// Predicate is a condition on rows. It never changes, can be combined more than once, and used by any number of scans and
// goroutines. The zero Predicate keeps all rows. Logic is that of SQL. Columns are looked up, and values made values of
// their types, by Scan and Plan; that is where what does not fit is an error.
type Predicate struct {
	build func(slot *failureSlot) (*C.pqpush_predicate, error)
}

// Name is a column by its dotted path, to be compared with a value: a bool, a number, string, []byte, Date or time.Time.
type Name string

// Date is a day, counted from 1970-01-01.
type Date int32

// Col is the column with this dotted path.
func Col(path string) Name { return Name(path) }

func (n Name) Eq(value any) Predicate { return n.compare(C.PQPUSH_EQ, value) }
func (n Name) Ne(value any) Predicate { return n.compare(C.PQPUSH_NE, value) }
func (n Name) Lt(value any) Predicate { return n.compare(C.PQPUSH_LT, value) }
func (n Name) Le(value any) Predicate { return n.compare(C.PQPUSH_LE, value) }
func (n Name) Gt(value any) Predicate { return n.compare(C.PQPUSH_GT, value) }
func (n Name) Ge(value any) Predicate { return n.compare(C.PQPUSH_GE, value) }

// Between keeps rows whose value is neither below low nor above high.
func (n Name) Between(low, high any) Predicate { return n.Ge(low).And(n.Le(high)) }

// In keeps rows whose value is one of these.
func (n Name) In(values ...any) Predicate {
	return Predicate{func(*failureSlot) (*C.pqpush_predicate, error) {
		lists, err := flatten(values)
		if err != nil {
			return nil, err
		}
		// An Arrow array has values of one type: values of several are several lists, one of which has the value.
		return combine(len(lists), func(i int) (*C.pqpush_predicate, error) {
			return n.with(func(path C.pqpush_str, out **C.pqpush_predicate, cError **C.pqpush_error) C.pqpush_status {
				array, schema := lists[i].arrow()
				return C.pqpush_predicate_in(path, &array, &schema, out, cError)
			})
		}, func(operands **C.pqpush_predicate, out **C.pqpush_predicate, cError **C.pqpush_error) C.pqpush_status {
			return C.pqpush_predicate_or(operands, C.size_t(len(lists)), out, cError)
		})
	}}
}

func (n Name) compare(op C.int32_t, value any) Predicate {
	return Predicate{func(*failureSlot) (*C.pqpush_predicate, error) {
		list, err := flatten([]any{value})
		if err != nil {
			return nil, err
		}
		return n.with(func(path C.pqpush_str, out **C.pqpush_predicate, cError **C.pqpush_error) C.pqpush_status {
			array, schema := list[0].arrow()
			return C.pqpush_predicate_compare(path, op, &array, &schema, out, cError)
		})
	}}
}

// IsNull keeps rows whose value is null.
func (n Name) IsNull() Predicate {
	return Predicate{func(*failureSlot) (*C.pqpush_predicate, error) {
		return n.with(func(path C.pqpush_str, out **C.pqpush_predicate, cError **C.pqpush_error) C.pqpush_status {
			return C.pqpush_predicate_is_null(path, out, cError)
		})
	}}
}

// StartsWith keeps rows whose value, a string or binary, begins so.
func (n Name) StartsWith(prefix string) Predicate {
	return Predicate{func(*failureSlot) (*C.pqpush_predicate, error) {
		return n.with(func(path C.pqpush_str, out **C.pqpush_predicate, cError **C.pqpush_error) C.pqpush_status {
			var memory arena
			defer memory.free()
			return C.pqpush_predicate_starts_with(path, memory.text(prefix), out, cError)
		})
	}}
}

// Like keeps rows whose value matches an SQL LIKE pattern, in which % is any text and _ any character.
func (n Name) Like(pattern string) Predicate {
	return Predicate{func(*failureSlot) (*C.pqpush_predicate, error) {
		return n.with(func(path C.pqpush_str, out **C.pqpush_predicate, cError **C.pqpush_error) C.pqpush_status {
			var memory arena
			defer memory.free()
			return C.pqpush_predicate_like(path, memory.text(pattern), out, cError)
		})
	}}
}

type maker func(path C.pqpush_str, out **C.pqpush_predicate, cError **C.pqpush_error) C.pqpush_status

func (n Name) with(make maker) (*C.pqpush_predicate, error) {
	var memory arena
	defer memory.free()
	var out *C.pqpush_predicate
	var cError *C.pqpush_error
	status := make(memory.text(string(n)), &out, &cError)
	return out, failure(status, &cError)
}

// And keeps rows for which both are true.
func (p Predicate) And(other Predicate) Predicate { return And(p, other) }

// Or keeps rows for which one is true.
func (p Predicate) Or(other Predicate) Predicate { return Or(p, other) }

// And keeps rows for which every operand is true.
func And(operands ...Predicate) Predicate {
	return Predicate{func(slot *failureSlot) (*C.pqpush_predicate, error) {
		return combine(len(operands), func(i int) (*C.pqpush_predicate, error) { return operands[i].built(slot) },
			func(c **C.pqpush_predicate, out **C.pqpush_predicate, cError **C.pqpush_error) C.pqpush_status {
				return C.pqpush_predicate_and(c, C.size_t(len(operands)), out, cError)
			})
	}}
}

// Or keeps rows for which an operand is true.
func Or(operands ...Predicate) Predicate {
	return Predicate{func(slot *failureSlot) (*C.pqpush_predicate, error) {
		return combine(len(operands), func(i int) (*C.pqpush_predicate, error) { return operands[i].built(slot) },
			func(c **C.pqpush_predicate, out **C.pqpush_predicate, cError **C.pqpush_error) C.pqpush_status {
				return C.pqpush_predicate_or(c, C.size_t(len(operands)), out, cError)
			})
	}}
}

// Not keeps rows for which the operand is false.
func Not(operand Predicate) Predicate {
	return Predicate{func(slot *failureSlot) (*C.pqpush_predicate, error) {
		inner, err := operand.built(slot)
		if err != nil {
			return nil, err
		}
		var out *C.pqpush_predicate
		var cError *C.pqpush_error
		status := C.pqpush_predicate_not(inner, &out, &cError)
		return out, failure(status, &cError)
	}}
}

// built is the predicate of C; of the zero Predicate one that keeps all rows.
func (p Predicate) built(slot *failureSlot) (*C.pqpush_predicate, error) {
	if p.build == nil {
		return And().build(slot)
	}
	return p.build(slot)
}

// combine builds so many operands, which join consumes.
func combine(count int, build func(i int) (*C.pqpush_predicate, error),
	join func(operands **C.pqpush_predicate, out **C.pqpush_predicate, cError **C.pqpush_error) C.pqpush_status,
) (*C.pqpush_predicate, error) {
	var memory arena
	defer memory.free()
	place := (**C.pqpush_predicate)(memory.zeroed(count, unsafe.Sizeof(uintptr(0))))
	operands := unsafe.Slice(place, count)
	for i := range operands {
		built, err := build(i)
		if err != nil {
			for _, operand := range operands[:i] {
				C.pqpush_predicate_free(operand)
			}
			return nil, err
		}
		operands[i] = built
	}
	var out *C.pqpush_predicate
	var cError *C.pqpush_error
	status := join(place, &out, &cError)
	return out, failure(status, &cError)
}

// SQL reads a condition as it stands behind WHERE, as pqpush_predicate_parse does.
func SQL(text string) (Predicate, error) {
	parsed := Predicate{func(*failureSlot) (*C.pqpush_predicate, error) {
		var memory arena
		defer memory.free()
		var out *C.pqpush_predicate
		var cError *C.pqpush_error
		status := C.pqpush_predicate_parse(memory.text(text), &out, &cError)
		return out, failure(status, &cError)
	}}
	built, err := parsed.build(nil)
	C.pqpush_predicate_free(built)
	return parsed, err
}

// KeepIf keeps rows that a function keeps: it is given a batch of the columns in the order in which they are named, and
// answers with as many bools as that has rows. It may be called by any goroutine that scans, also at the same time. The batch
// is released when it returns.
func KeepIf(columns []string, keep func(rows *Batch) ([]bool, error)) Predicate {
	return Predicate{func(slot *failureSlot) (*C.pqpush_predicate, error) {
		var memory arena
		defer memory.free()
		handle := cgo.NewHandle(&rowFilter{keep, slot})
		var out *C.pqpush_predicate
		var cError *C.pqpush_error
		status := C.bridge_predicate(memory.texts(columns), C.size_t(len(columns)), C.bridge_handle_new(C.uintptr_t(handle)),
			&out, &cError)
		return out, failure(status, &cError)
	}}
}
