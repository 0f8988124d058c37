//go:build go1.23

package pqpush

import "testing"

func TestAll(t *testing.T) {
	file := open(t, "table.parquet")
	rows, err := file.Scan(&ScanOptions{BatchRows: 150})
	equal(t, err, nil)
	count := 0
	for batch, err := range rows.All() {
		equal(t, err, nil)
		count += batch.RowCount()
		if count > 500 {
			break
		}
	}
	equal(t, count, 550)
	equal(t, rows.Next(), false)
	rows, err = open(t, "corrupt_page.parquet").Scan(nil)
	equal(t, err, nil)
	var last error
	for _, err := range rows.All() {
		last = err
	}
	fails(t, last, ErrCorrupt, "")
}
