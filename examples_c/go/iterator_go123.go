//go:build go1.23

package pqpush

import "iter"

// All is the scan as a range loop has it: for batch, err := range rows.All(). A batch is released when the next one is read;
// the Rows are closed when the loop ends.
func (r *Rows) All() iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		defer r.Close()
		for r.Next() {
			if !yield(r.Batch(), nil) {
				return
			}
		}
		if r.Err() != nil {
			yield(nil, r.Err())
		}
	}
}
