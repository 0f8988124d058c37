package pqpush

/*
#include "bridge.h"
#include <stdlib.h>
*/
import "C"

import (
	"io"
	"math"
	"runtime"
	"unsafe"
)

// StringType says how strings and binaries are laid out.
type StringType int32

const (
	StringsByFile StringType = 0 // with 32-bit offsets, or as the writer asked for
	StringsLarge  StringType = 1 // with 64-bit offsets
	StringsView   StringType = 2
)

// Flags of a scan; ScanLimit is set by ScanOptions.Limit.
type Flags uint32

const (
	VerifyChecksums   Flags = C.PQPUSH_SCAN_VERIFY_CHECKSUMS
	NoStatsPruning    Flags = C.PQPUSH_SCAN_NO_STATS_PRUNING
	NoPagePruning     Flags = C.PQPUSH_SCAN_NO_PAGE_PRUNING
	NoBloom           Flags = C.PQPUSH_SCAN_NO_BLOOM
	RowNumbers        Flags = C.PQPUSH_SCAN_ROW_NUMBERS
	RowGroupIndex     Flags = C.PQPUSH_SCAN_ROW_GROUP_INDEX
	FillBatches       Flags = C.PQPUSH_SCAN_FILL_BATCHES
	IgnoreArrowSchema Flags = C.PQPUSH_SCAN_IGNORE_ARROW_SCHEMA
)

// RowRun is so many rows to read or to pass over.
type RowRun struct {
	Rows   uint64
	Select bool
}

// ScanOptions say what to decode and how, as pqpush_scan_options of the C header. Zero is the default of every field.
type ScanOptions struct {
	BatchRows    uint64   // rows of a batch at most; 0: 8192
	Columns      []string // dotted paths; nil: all; empty: none, only rows
	RowGroups    []uint32 // in the order in which to read them; nil: all
	RowSelection []RowRun // runs that cover the chosen row groups; nil: all rows
	Where        Predicate
	Offset       uint64  // rows to pass over first, counted after Where
	Limit        *uint64 // rows to hand out at most

	StringType       StringType
	KeepDictionaries bool // strings that the file stores with a dictionary stay so

	MaxBufferedBytes    uint64 // bytes asked for and held at a time; 0: no bound
	CoalesceGap         uint64 // ranges that lie no further apart are read as one
	PredicateCacheBytes uint64 // 0: 100 MiB
	Flags               Flags
}

// fill writes the options as C takes them, and builds the predicate, which the caller frees.
func (o *ScanOptions) fill(memory *arena, slot *failureSlot) (*C.pqpush_scan_options, *C.pqpush_predicate, error) {
	c := (*C.pqpush_scan_options)(memory.zeroed(1, C.sizeof_pqpush_scan_options))
	c.struct_size = C.sizeof_pqpush_scan_options
	if o == nil {
		return c, nil, nil
	}
	c.batch_rows = C.uint64_t(o.BatchRows)
	if o.Columns != nil {
		c.columns, c.column_count = memory.texts(o.Columns), C.size_t(len(o.Columns))
	}
	if o.RowGroups != nil {
		c.row_groups = (*C.uint32_t)(memory.zeroed(len(o.RowGroups), 4))
		c.row_group_count = C.size_t(copy(unsafe.Slice((*uint32)(c.row_groups), len(o.RowGroups)), o.RowGroups))
	}
	if o.RowSelection != nil {
		c.row_selection = (*C.pqpush_row_run)(memory.zeroed(len(o.RowSelection), C.sizeof_pqpush_row_run))
		c.row_selection_count = C.size_t(len(o.RowSelection))
		for i, run := range o.RowSelection {
			place := &unsafe.Slice(c.row_selection, len(o.RowSelection))[i]
			place.row_count = C.uint64_t(run.Rows)
			if run.Select {
				place._select = 1
			}
		}
	}
	c.offset, c.limit = C.uint64_t(o.Offset), math.MaxUint64
	c.flags = C.uint32_t(o.Flags)
	if o.Limit != nil {
		c.limit = C.uint64_t(*o.Limit)
		c.flags |= C.PQPUSH_SCAN_LIMIT
	}
	c.string_type = C.int32_t(o.StringType)
	if o.KeepDictionaries {
		c.dictionary = 1
	}
	c.max_buffered_bytes = C.uint64_t(o.MaxBufferedBytes)
	c.coalesce_gap = C.uint64_t(o.CoalesceGap)
	c.predicate_cache_bytes = C.uint64_t(o.PredicateCacheBytes)
	if o.Where.build == nil {
		return c, nil, nil
	}
	predicate, err := o.Where.build(slot)
	if err != nil {
		return nil, nil, err
	}
	c.predicates = (**C.pqpush_predicate)(memory.zeroed(1, unsafe.Sizeof(predicate)))
	*c.predicates = predicate
	c.predicate_count = 1
	return c, predicate, nil
}

// Rows is a scan of a file, batch by batch.
type Rows struct {
	decoder *C.pqpush_decoder
	reader  io.ReaderAt
	types   *schema
	batch   *Batch
	slot    *failureSlot
	err     error
}

func newRows(decoder *C.pqpush_decoder, reader io.ReaderAt, slot *failureSlot) (*Rows, error) {
	rows := &Rows{decoder: decoder, reader: reader, types: newSchema(), slot: slot}
	runtime.SetFinalizer(rows, (*Rows).Close)
	var cError *C.pqpush_error
	if err := failure(C.pqpush_decoder_schema(decoder, &rows.types.schema, &cError), &cError); err != nil {
		rows.Close()
		return nil, err
	}
	return rows, nil
}

// Scan begins to read the rows that the options choose; nil: all rows and columns.
func (f *File) Scan(options *ScanOptions) (*Rows, error) {
	defer runtime.KeepAlive(f)
	var memory arena
	defer memory.free()
	slot := &failureSlot{}
	c, predicate, err := options.fill(&memory, slot)
	if err != nil {
		return nil, err
	}
	defer C.pqpush_predicate_free(predicate)
	var decoder *C.pqpush_decoder
	var cError *C.pqpush_error
	if err := failure(C.pqpush_decoder_new(f.metadata, c, &decoder, &cError), &cError); err != nil {
		return nil, slot.explain(err)
	}
	return newRows(decoder, f.reader, slot)
}

// Next reads the next batch. False at the end, and where it fails: Err tells. The batch before it is released.
func (r *Rows) Next() bool {
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
	if r.err == nil && r.decoder != nil {
		r.batch, r.err = r.step()
	}
	return r.batch != nil
}

// Batch is the one that Next read. It belongs to the Rows: see TakeBatch.
func (r *Rows) Batch() *Batch { return r.batch }

// TakeBatch is the batch that Next read, for the caller to keep and release.
func (r *Rows) TakeBatch() *Batch {
	batch := r.batch
	r.batch = nil
	return batch
}

// Err is why Next ended; nil at the end of the scan.
func (r *Rows) Err() error { return r.err }

// step is the next batch, nil at the end.
func (r *Rows) step() (*Batch, error) {
	defer runtime.KeepAlive(r)
	batch := newBatch()
	for {
		var event C.pqpush_event
		event.struct_size = C.sizeof_pqpush_event
		var cError *C.pqpush_error
		status := C.pqpush_decoder_try_decode(r.decoder, &event, &batch.array, &cError)
		if err := failure(status, &cError); err != nil {
			return nil, r.slot.explain(err)
		}
		switch event.kind {
		case C.PQPUSH_EVENT_BATCH:
			batch.RowGroup = int64(event.row_group)
			return batch.with(r.types, nil)
		case C.PQPUSH_EVENT_FINISHED:
			return nil, nil
		}
		for _, wanted := range unsafe.Slice(event.ranges, int(event.range_count)) {
			data, err := readRange(r.reader, wanted)
			if err != nil {
				return nil, err
			}
			status := C.bridge_push(r.decoder, wanted.offset, data, C.size_t(wanted.length), &cError)
			if err := failure(status, &cError); err != nil {
				return nil, err
			}
		}
	}
}

// ExportSchema writes the schema of the batches to a struct ArrowSchema, which the caller owns.
func (r *Rows) ExportSchema(schema unsafe.Pointer) error {
	defer runtime.KeepAlive(r)
	var cError *C.pqpush_error
	return failure(C.pqpush_decoder_schema(r.decoder, (*C.struct_ArrowSchema)(schema), &cError), &cError)
}

// Close gives the memory back, also of the batch that Next read. It may be called more than once, and ends the scan.
func (r *Rows) Close() error {
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
	C.pqpush_decoder_free(r.decoder)
	r.decoder = nil
	runtime.SetFinalizer(r, nil)
	return nil
}

// Metrics is what was done, as pqpush_metrics of the C header.
type Metrics struct {
	RowsTotal, RowsPrunedByStats, RowsPrunedByPages, RowsPrunedByBloom, RowsPrunedByDictionary uint64
	RowsFiltered, RowsOut, Batches                                                             uint64
	RowGroupsTotal, RowGroupsPruned                                                            uint64
	PagesTotal, PagesSkipped, PagesDecompressed                                                uint64
	BytesRequested, BytesPushed, BytesDecompressed, BufferedPeakBytes                          uint64
}

// Metrics of the scan so far.
func (r *Rows) Metrics() (Metrics, error) {
	defer runtime.KeepAlive(r)
	var c C.pqpush_metrics
	var cError *C.pqpush_error
	c.struct_size = C.sizeof_pqpush_metrics
	status := C.pqpush_decoder_metrics(r.decoder, &c, &cError)
	return goMetrics(&c), failure(status, &cError)
}

func goMetrics(c *C.pqpush_metrics) Metrics {
	return Metrics{
		RowsTotal: uint64(c.rows_total), RowsPrunedByStats: uint64(c.rows_pruned_by_stats),
		RowsPrunedByPages: uint64(c.rows_pruned_by_pages), RowsPrunedByBloom: uint64(c.rows_pruned_by_bloom),
		RowsPrunedByDictionary: uint64(c.rows_pruned_by_dictionary), RowsFiltered: uint64(c.rows_filtered),
		RowsOut: uint64(c.rows_out), Batches: uint64(c.batches), RowGroupsTotal: uint64(c.row_groups_total),
		RowGroupsPruned: uint64(c.row_groups_pruned), PagesTotal: uint64(c.pages_total),
		PagesSkipped: uint64(c.pages_skipped), PagesDecompressed: uint64(c.pages_decompressed),
		BytesRequested: uint64(c.bytes_requested), BytesPushed: uint64(c.bytes_pushed),
		BytesDecompressed: uint64(c.bytes_decompressed), BufferedPeakBytes: uint64(c.buffered_peak_bytes),
	}
}
