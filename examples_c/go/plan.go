package pqpush

/*
#include "bridge.h"
*/
import "C"

import (
	"io"
	"math"
	"runtime"
	"unsafe"
)

// Plan is one scan, cut into tasks for several goroutines.
type Plan struct {
	plan   *C.pqpush_plan
	reader io.ReaderAt
	slot   *failureSlot
}

// Task is a part of a plan.
type Task struct {
	RowGroup     int64 // -1: the task is the whole plan
	FirstRow     uint64
	Rows         uint64 // rows from there on that it covers, read or not
	Bytes        uint64 // that it reads at most
	SelectedRows uint64 // rows of those covered that are read, before predicates
}

// Plan cuts a scan into tasks of about targetRows rows; 0: a task for each row group.
func (f *File) Plan(options *ScanOptions, targetRows uint64) (*Plan, error) {
	defer runtime.KeepAlive(f)
	var memory arena
	defer memory.free()
	slot := &failureSlot{}
	c, predicate, err := options.fill(&memory, slot)
	if err != nil {
		return nil, err
	}
	defer C.pqpush_predicate_free(predicate)
	plan := &Plan{reader: f.reader, slot: slot}
	var cError *C.pqpush_error
	status := C.pqpush_plan_new(f.metadata, c, C.uint64_t(targetRows), &plan.plan, &cError)
	if err := failure(status, &cError); err != nil {
		return nil, slot.explain(err)
	}
	runtime.SetFinalizer(plan, (*Plan).Close)
	return plan, nil
}

// Close gives the memory back. The scans of its tasks go on.
func (p *Plan) Close() error {
	C.pqpush_plan_free(p.plan)
	p.plan = nil
	runtime.SetFinalizer(p, nil)
	return nil
}

// Len is the number of tasks.
func (p *Plan) Len() int {
	defer runtime.KeepAlive(p)
	return int(C.pqpush_plan_task_count(p.plan))
}

// Task describes a task.
func (p *Plan) Task(index int) (Task, error) {
	defer runtime.KeepAlive(p)
	var c C.pqpush_task
	var cError *C.pqpush_error
	c.struct_size = C.sizeof_pqpush_task
	status := C.pqpush_plan_task(p.plan, C.size_t(index), &c, &cError)
	task := Task{int64(c.row_group), uint64(c.first_row), uint64(c.row_count), uint64(c.byte_size), uint64(c.selected_rows)}
	if c.row_group == math.MaxUint64 {
		task.RowGroup = -1
	}
	return task, failure(status, &cError)
}

// Scan begins to read the rows of a task, in this or another goroutine: it needs nothing of the other tasks.
func (p *Plan) Scan(index int) (*Rows, error) {
	defer runtime.KeepAlive(p)
	var decoder *C.pqpush_decoder
	var cError *C.pqpush_error
	if err := failure(C.pqpush_plan_decoder(p.plan, C.size_t(index), &decoder, &cError), &cError); err != nil {
		return nil, err
	}
	return newRows(decoder, p.reader, p.slot)
}

// Explain says what is read, and why the rest is not, in words for people.
func (p *Plan) Explain() (string, error) {
	defer runtime.KeepAlive(p)
	var text C.pqpush_str
	var cError *C.pqpush_error
	status := C.pqpush_plan_explain(p.plan, &text, &cError)
	return goText(text), failure(status, &cError)
}

// RowSelection is the rows that are read, as ScanOptions.RowSelection for the same row groups.
func (p *Plan) RowSelection() ([]RowRun, error) {
	defer runtime.KeepAlive(p)
	var runs *C.pqpush_row_run
	var count C.size_t
	var cError *C.pqpush_error
	if err := failure(C.pqpush_plan_row_selection(p.plan, &runs, &count, &cError), &cError); err != nil {
		return nil, err
	}
	selection := make([]RowRun, 0, int(count))
	for _, run := range unsafe.Slice(runs, int(count)) {
		selection = append(selection, RowRun{uint64(run.row_count), run._select == 1})
	}
	return selection, nil
}

// Metrics is what was found out when the plan was made.
func (p *Plan) Metrics() (Metrics, error) {
	defer runtime.KeepAlive(p)
	var c C.pqpush_metrics
	var cError *C.pqpush_error
	c.struct_size = C.sizeof_pqpush_metrics
	status := C.pqpush_plan_metrics(p.plan, &c, &cError)
	return goMetrics(&c), failure(status, &cError)
}
