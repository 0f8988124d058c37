package pqpush

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// table.parquet has the ids 0 to 999 in order, in row groups of 400, 400 and 200 rows; what else is in it
// c_tests/make_fixtures.rs says.

func fixture(t testing.TB, name string) []byte {
	directory := os.Getenv("PQPUSH_FIXTURES")
	if directory == "" {
		directory = "../../target/c-fixtures"
	}
	data, err := os.ReadFile(filepath.Join(directory, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func open(t testing.TB, name string) *File {
	data := fixture(t, name)
	file, err := Open(bytes.NewReader(data), int64(len(data)), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func ids(t testing.TB, rows *Rows) []int64 {
	defer rows.Close()
	var found []int64
	for rows.Next() {
		column, is := rows.Batch().ColumnByName("id")
		values, err := Values[int64](column)
		if !is || err != nil {
			t.Fatal(is, err)
		}
		found = append(found, values...)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

func idsWhere(t testing.TB, where Predicate) []int64 {
	rows, err := open(t, "table.parquet").Scan(&ScanOptions{Columns: []string{"id"}, Where: where})
	if err != nil {
		t.Fatal(err)
	}
	return ids(t, rows)
}

func fromTo(first, last int64) []int64 {
	var all []int64
	for i := first; i <= last; i++ {
		all = append(all, i)
	}
	return all
}

func equal(t testing.TB, found, expected any) {
	t.Helper()
	if !reflect.DeepEqual(found, expected) {
		t.Fatalf("found %v, expected %v", found, expected)
	}
}

func fails(t testing.TB, err error, status Status, text string) *Error {
	t.Helper()
	var failed *Error
	if !errors.Is(err, status) || !errors.As(err, &failed) || !strings.Contains(err.Error(), text) {
		t.Fatalf("found %v, expected %v with %q", err, status, text)
	}
	return failed
}

func TestMetadata(t *testing.T) {
	file := open(t, "table.parquet")
	equal(t, file.RowCount(), uint64(1000))
	equal(t, file.RowGroupCount(), 3)
	equal(t, file.ColumnCount(), 5)
	equal(t, file.CreatedBy(), "c_tests")
	equal(t, file.KeyValues()[:2], []KeyValue{{"purpose", "tests in C", true}, {"absent", "", false}})
	group, err := file.RowGroup(2)
	equal(t, err, nil)
	equal(t, group.Rows, uint64(200))
	_, err = file.RowGroup(3)
	fails(t, err, ErrInvalidArgument, "")
	at, err := file.FindColumn("price")
	equal(t, err, nil)
	column, err := file.Column(at)
	equal(t, err, nil)
	equal(t, column.LogicalType, "DECIMAL(15,2)")
	_, err = file.FindColumn("nothing")
	fails(t, err, ErrInvalidArgument, "nothing")
	chunk, err := file.ColumnChunk(0, 1)
	equal(t, err, nil)
	equal(t, [...]any{chunk.Codec, chunk.HasBloomFilter, chunk.HasOffsetIndex, chunk.IsEncrypted}, [...]any{"SNAPPY", true, true, false})
	equal(t, Version() != "", true)
}

func TestStatistics(t *testing.T) {
	file := open(t, "table.parquet")
	batch, err := file.ColumnStatistics(0)
	equal(t, err, nil)
	defer batch.Release()
	highest, _ := batch.ColumnByName("max")
	values, err := Values[int64](highest)
	equal(t, err, nil)
	equal(t, values, []int64{399, 799, 999})
	pages, err := file.PageStatistics(1)
	equal(t, err, nil)
	defer pages.Release()
	lowest, _ := pages.ColumnByName("min")
	equal(t, lowest.Text(0), "name-1")
	_, err = file.ColumnStatistics(5)
	fails(t, err, ErrInvalidArgument, "")
}

func TestScan(t *testing.T) {
	file := open(t, "table.parquet")
	rows, err := file.Scan(nil)
	equal(t, err, nil)
	equal(t, ids(t, rows), fromTo(0, 999))
	rows, err = file.Scan(&ScanOptions{Columns: []string{"name", "flag"}, BatchRows: 150})
	equal(t, err, nil)
	defer rows.Close()
	equal(t, rows.Next(), true)
	batch := rows.TakeBatch()
	equal(t, rows.Next(), true)
	equal(t, rows.Batch().RowGroup, int64(0))
	name, flag := batch.Column(0), batch.Column(1)
	equal(t, [...]any{name.Name(), name.Type(), name.Len(), name.IsNull(5), name.Text(7)}, [...]any{"name", "u", 150, true, "name-7"})
	equal(t, [...]any{flag.Type(), flag.Bool(3), flag.Bool(4), flag.IsNull(4)}, [...]any{"b", true, false, false})
	_, err = Values[int64](name)
	fails(t, err, ErrInvalidArgument, "int64")
	for _, wrong := range []func(){func() { name.Bool(0) }, func() { flag.Text(0) }, func() { name.Text(150) }, func() { name.IsNull(-1) }} {
		func() {
			defer func() { equal(t, recover() != nil, true) }()
			wrong()
		}()
	}
	batch.Release()
	batch.Release()
	equal(t, batch.RowCount()+batch.ColumnCount(), 0)
	rows.Close()
	equal(t, rows.Next(), false)
	equal(t, rows.Err(), nil)
}

func TestOptions(t *testing.T) {
	file := open(t, "table.parquet")
	read := func(options ScanOptions) []int64 {
		rows, err := file.Scan(&options)
		if err != nil {
			t.Fatal(err)
		}
		return ids(t, rows)
	}
	five, none := uint64(5), uint64(0)
	equal(t, read(ScanOptions{Offset: 10, Limit: &five}), fromTo(10, 14))
	equal(t, len(read(ScanOptions{Limit: &none})), 0)
	equal(t, read(ScanOptions{RowGroups: []uint32{2, 0}})[199:202], []int64{999, 0, 1})
	equal(t, len(read(ScanOptions{RowGroups: []uint32{}})), 0)
	equal(t, read(ScanOptions{RowGroups: []uint32{1}, RowSelection: []RowRun{{395, false}, {5, true}}}), fromTo(795, 799))
	equal(t, len(read(ScanOptions{MaxBufferedBytes: 4096, CoalesceGap: 100, Flags: VerifyChecksums})), 1000)
	for layout, kind := range map[StringType]string{StringsByFile: "u", StringsLarge: "U", StringsView: "vu"} {
		rows, err := file.Scan(&ScanOptions{Columns: []string{"name"}, StringType: layout})
		equal(t, err, nil)
		equal(t, rows.Next(), true)
		equal(t, rows.Batch().Column(0).Type(), kind)
		equal(t, rows.Batch().Column(0).Text(399), "name-399")
		rows.Close()
	}
	rows, err := file.Scan(&ScanOptions{Columns: []string{"name"}, KeepDictionaries: true})
	equal(t, err, nil)
	defer rows.Close()
	equal(t, rows.Next(), true)
	keys, err := Values[int32](rows.Batch().Column(0))
	equal(t, err, nil)
	names, is := rows.Batch().Column(0).Dictionary()
	equal(t, is, true)
	equal(t, names.Text(int(keys[7])), "name-7")
	rows, err = file.Scan(&ScanOptions{Columns: []string{}})
	equal(t, err, nil)
	defer rows.Close()
	equal(t, rows.Next(), true)
	equal(t, [...]int{rows.Batch().RowCount(), rows.Batch().ColumnCount()}, [...]int{400, 0})
	plain, err := open(t, "plain.parquet").Scan(&ScanOptions{Columns: []string{"text"}, StringType: StringsView, Offset: 4321})
	equal(t, err, nil)
	defer plain.Close()
	equal(t, plain.Next(), true)
	equal(t, plain.Batch().Column(0).Text(0), "a text that is too long for a view: 04321")
}

func TestPredicates(t *testing.T) {
	id, name := Col("id"), Col("name")
	second := time.Unix(5, 0)
	sql, err := SQL("id BETWEEN 5 AND 8 AND name IS NOT NULL")
	equal(t, err, nil)
	for i, test := range []struct {
		where    Predicate
		expected []int64
	}{
		{id.Gt(996), fromTo(997, 999)},
		{id.Ge(uint64(998)), fromTo(998, 999)},
		{id.Lt(int8(2)), fromTo(0, 1)},
		{id.Le(2.0), fromTo(0, 2)},
		{id.Eq(7).Or(id.Eq(9)), []int64{7, 9}},
		{id.Ne(7).And(id.Between(6, 8)), []int64{6, 8}},
		{id.In(3, 1, uint8(4), 999.0), []int64{1, 3, 4, 999}},
		{id.In(), nil},
		{name.In("name-3", "name-0", []byte("name-8")), []int64{3, 8}},
		{And(name.Like("name-_1"), Not(id.Gt(30))), []int64{11, 21}},
		{name.StartsWith("name-1").And(id.Lt(13)), []int64{1, 11, 12}},
		{Or(name.IsNull().And(id.Lt(6)), id.Eq(999)), []int64{0, 5, 999}},
		{And(Col("flag").Eq(true), id.Lt(4)), []int64{0, 3}},
		{Col("flag").In(true, false, true, false, true, true, true, true, true, true).And(id.Lt(3)), fromTo(0, 2)},
		{Col("price").Lt(1.5), fromTo(0, 1)},
		{Col("at").Lt(second), fromTo(0, 4)},
		{Col("at").In(second, second.Add(time.Second)), fromTo(5, 6)},
		{Col("at").Le(Date(0)), fromTo(0, 0)},
		{And(Predicate{}, id.Lt(1)), fromTo(0, 0)},
		{Predicate{}, fromTo(0, 999)},
		{sql, fromTo(6, 8)},
	} {
		if found := idsWhere(t, test.where); !reflect.DeepEqual(found, test.expected) {
			t.Errorf("predicate %d keeps %v, not %v", i, found, test.expected)
		}
	}
}

func TestRefusedPredicates(t *testing.T) {
	file := open(t, "table.parquet")
	for text, where := range map[string]Predicate{
		"nothing": Col("nothing").Eq(1),
		"id":      Col("id").Eq("text"),
		"struct":  Not(Col("id").Eq(struct{}{})),
		"<nil>":   Or(Col("id").Eq(1), Col("id").In(1, nil)),
		"":        And(Col("id").Eq(1), Col("name").Like(`\x`)),
	} {
		_, err := file.Scan(&ScanOptions{Where: where})
		fails(t, err, ErrInvalidArgument, text)
		_, err = file.Plan(&ScanOptions{Where: where}, 0)
		fails(t, err, ErrInvalidArgument, text)
	}
	_, err := SQL("id <")
	fails(t, err, ErrInvalidArgument, "")
}

func TestKeepIf(t *testing.T) {
	var calls atomic.Int32
	even := KeepIf([]string{"name", "id"}, func(rows *Batch) ([]bool, error) {
		calls.Add(1)
		values, err := Values[int64](rows.Column(1))
		keep := make([]bool, len(values))
		for i, id := range values {
			keep[i] = id%2 == 0 && !rows.Column(0).IsNull(i)
		}
		return keep, err
	})
	equal(t, idsWhere(t, even.And(Col("id").Lt(12))), []int64{2, 4, 6, 8})
	equal(t, len(idsWhere(t, even)), 400)
	equal(t, calls.Load() > 0, true)

	mine := errors.New("not today")
	for text, keep := range map[string]func(*Batch) ([]bool, error){
		"not today": func(*Batch) ([]bool, error) { return nil, mine },
		"oh no":     func(*Batch) ([]bool, error) { panic("oh no") },
		"":          func(rows *Batch) ([]bool, error) { return make([]bool, rows.RowCount()-1), nil },
	} {
		rows, err := open(t, "table.parquet").Scan(&ScanOptions{Where: KeepIf([]string{"id"}, keep)})
		equal(t, err, nil)
		defer rows.Close()
		equal(t, rows.Next(), false)
		fails(t, rows.Err(), ErrCallback, text)
		equal(t, errors.Is(rows.Err(), mine), text == "not today")
		equal(t, rows.Next(), false)
	}
}

func TestPlanOnGoroutines(t *testing.T) {
	file := open(t, "table.parquet")
	plan, err := file.Plan(&ScanOptions{Columns: []string{"id"}, Where: Col("id").Between(100, 899)}, 100)
	equal(t, err, nil)
	defer plan.Close()
	equal(t, plan.Len(), 8)
	task, err := plan.Task(7)
	equal(t, err, nil)
	equal(t, task.RowGroup, int64(2))
	metrics, err := plan.Metrics()
	equal(t, err, nil)
	equal(t, metrics.RowsPrunedByPages, uint64(200))
	text, err := plan.Explain()
	equal(t, err == nil && strings.Contains(text, "id"), true)
	_, err = plan.Scan(8)
	fails(t, err, ErrInvalidArgument, "8 tasks")

	parts := make([][]int64, plan.Len())
	var group sync.WaitGroup
	for task := range parts {
		group.Add(1)
		go func(task int) {
			defer group.Done()
			rows, err := plan.Scan(task)
			if err != nil {
				t.Error(err)
				return
			}
			defer rows.Close()
			for rows.Next() {
				runtime.Gosched()
				values, _ := Values[int64](rows.Batch().Column(0))
				parts[task] = append(parts[task], values...)
			}
			if rows.Err() != nil {
				t.Error(rows.Err())
			}
		}(task)
	}
	group.Wait()
	var all []int64
	for _, part := range parts {
		all = append(all, part...)
	}
	equal(t, all, fromTo(100, 899))

	selection, err := plan.RowSelection()
	equal(t, err, nil)
	equal(t, selection[0], RowRun{100, false})
	rows, err := file.Scan(&ScanOptions{RowSelection: selection})
	equal(t, err, nil)
	equal(t, ids(t, rows), fromTo(100, 899))

	small := uint64(3)
	plan, err = file.Plan(&ScanOptions{Where: Col("id").Gt(500), Limit: &small}, 10)
	equal(t, err, nil)
	defer plan.Close()
	task, err = plan.Task(0)
	equal(t, err, nil)
	equal(t, [...]int64{task.RowGroup, int64(plan.Len())}, [...]int64{-1, 1})
}

func TestErrors(t *testing.T) {
	rows, err := open(t, "corrupt_page.parquet").Scan(nil)
	equal(t, err, nil)
	defer rows.Close()
	equal(t, rows.Next(), true)
	equal(t, rows.Next(), false)
	failed := fails(t, rows.Err(), ErrCorrupt, "row group 1")
	equal(t, [...]int64{failed.RowGroup, failed.Column}, [...]int64{1, 0})
	equal(t, failed.FileOffset > 0 && !errors.Is(failed, ErrKey), true)
	equal(t, ErrCorrupt.Error(), "PQPUSH_ERR_CORRUPT")

	text := fixture(t, "text.parquet")
	_, err = Open(bytes.NewReader(text), int64(len(text)), nil)
	fails(t, err, ErrNotParquet, "")
	_, err = Open(bytes.NewReader(text), -1, nil)
	fails(t, err, ErrInvalidArgument, "-1")
	_, err = Open(bytes.NewReader(text), 1000, nil)
	equal(t, errors.Is(err, io.ErrUnexpectedEOF), true)
}

// A disk that fails after some reads.
type failing struct {
	io.ReaderAt
	left int
}

var errDisk = errors.New("the disk is on fire")

func (f *failing) ReadAt(data []byte, offset int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errDisk
	}
	return f.ReaderAt.ReadAt(data, offset)
}

func TestReaderFails(t *testing.T) {
	data := fixture(t, "table.parquet")
	_, err := Open(&failing{bytes.NewReader(data), 0}, int64(len(data)), nil)
	equal(t, errors.Is(err, errDisk), true)
	file, err := Open(&failing{bytes.NewReader(data), 2}, int64(len(data)), nil)
	equal(t, err, nil)
	defer file.Close()
	rows, err := file.Scan(nil)
	equal(t, err, nil)
	defer rows.Close()
	for rows.Next() {
	}
	equal(t, errors.Is(rows.Err(), errDisk), true)
}

func TestEncryption(t *testing.T) {
	data := fixture(t, "encrypted.parquet")
	read := func(options *OpenOptions, column string) ([]int64, error) {
		file, err := Open(bytes.NewReader(data), int64(len(data)), options)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		rows, err := file.Scan(&ScanOptions{Columns: []string{column}})
		if err != nil {
			return nil, err
		}
		return ids(t, rows), nil
	}
	_, err := read(nil, "id")
	fails(t, err, ErrKey, "")
	keys := map[string]string{"footer": "key of footer 16", "id": "key of column id"}
	given := &OpenOptions{FooterKey: []byte(keys["footer"]), AADPrefix: []byte("c_tests"),
		ColumnKeys: map[string][]byte{"id": []byte(keys["id"])}}
	found, err := read(given, "id")
	equal(t, err, nil)
	equal(t, found, fromTo(0, 999))
	_, err = read(given, "name")
	fails(t, err, ErrKey, "name")
	found, err = read(&OpenOptions{AADPrefix: []byte("c_tests"), KeyRetriever: func(metadata []byte) ([]byte, error) {
		return []byte(keys[string(metadata)]), nil
	}}, "id")
	equal(t, err, nil)
	equal(t, len(found), 1000)
	vault := errors.New("the vault is shut")
	_, err = read(&OpenOptions{AADPrefix: []byte("c_tests"), KeyRetriever: func([]byte) ([]byte, error) { return nil, vault }}, "id")
	fails(t, err, ErrCallback, "vault")
	equal(t, errors.Is(err, vault), true)
}

// What is lost is given back by the garbage collector, in any order, also while other goroutines scan.
func TestLostHandles(t *testing.T) {
	data := fixture(t, "table.parquet")
	var group sync.WaitGroup
	for worker := 0; worker < 4; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < 50; i++ {
				file, err := Open(bytes.NewReader(data), int64(len(data)), nil)
				if err != nil {
					t.Error(err)
					return
				}
				rows, err := file.Scan(&ScanOptions{Where: KeepIf([]string{"id"}, func(rows *Batch) ([]bool, error) {
					runtime.GC()
					return make([]bool, rows.RowCount()), nil
				}).Or(Col("id").Lt(int64(i)))})
				if err != nil || (i > 0 && !rows.Next()) {
					t.Error(i, err)
				}
				// one that is lost in the middle, and a column that keeps its batch
				if i > 0 {
					column := rows.TakeBatch().Column(0)
					runtime.GC()
					values, _ := Values[int64](column)
					if len(values) != i || values[i-1] != int64(i-1) {
						t.Error(i, values)
					}
					runtime.KeepAlive(column)
				}
			}
		}()
	}
	group.Wait()
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
}

func Example() {
	reader, err := os.Open("../../target/c-fixtures/table.parquet")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reader.Close()
	status, _ := reader.Stat()
	file, err := Open(reader, status.Size(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer file.Close()
	rows, err := file.Scan(&ScanOptions{
		Columns: []string{"id", "name"},
		Where:   Col("id").Gt(995).And(Col("name").In("name-997", "name-999")),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		id, _ := Values[int64](rows.Batch().Column(0))
		for row := range id {
			fmt.Println(id[row], rows.Batch().Column(1).Text(row))
		}
	}
	fmt.Println(rows.Err())
	// Output:
	// 997 name-997
	// 999 name-999
	// <nil>
}
