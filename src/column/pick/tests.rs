//! What is picked, compared with Arrow's kernels.

use arrow_array::types::Int32Type;
use arrow_array::{
    BinaryViewArray, BooleanArray, Decimal128Array, Decimal256Array, DictionaryArray, FixedSizeBinaryArray,
    Float32Array, Int8Array, Int16Array, Int64Array, LargeStringArray, StringArray, StringViewArray,
};

use arrow_buffer::{BooleanBuffer, Buffer};

use super::gathered::filtered;

use super::*;

const ROWS: usize = 300;

/// Arrays of all layouts, every fifth row null, cut so that they do not begin where their buffers do.
fn arrays(seed: usize) -> Vec<ArrayRef> {
    let valid = |row: &usize| row % 5 != seed % 5;
    let rows = || (seed..seed + ROWS + 7).map(|row| Some(row).filter(valid));
    let text = |row: usize| "x".repeat(row % 23) + &row.to_string();
    let texts = || rows().map(|row| row.map(text));
    let entries: ArrayRef = Arc::new(StringArray::from_iter_values((0..10).map(text)));
    let keys = rows().map(|row| row.map(|row| (row % 10) as i32));
    let fixed = rows().map(|row| row.map(|row| (row as u32).to_be_bytes()));
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(rows().map(|row| row.map(|row| row % 3 == 0)).collect::<BooleanArray>()),
        Arc::new(rows().map(|row| row.map(|row| row as i8)).collect::<Int8Array>()),
        Arc::new(rows().map(|row| row.map(|row| row as i16)).collect::<Int16Array>()),
        Arc::new(rows().map(|row| row.map(|row| row as f32)).collect::<Float32Array>()),
        Arc::new((seed..seed + ROWS + 7).map(|row| row as i64).collect::<Int64Array>()),
        Arc::new(rows().map(|row| row.map(|row| row as i128)).collect::<Decimal128Array>()),
        Arc::new(rows().map(|row| row.map(|row| (row as i128).into())).collect::<Decimal256Array>()),
        Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(fixed, 4).unwrap()),
        Arc::new(texts().collect::<StringArray>()),
        Arc::new(texts().collect::<LargeStringArray>()),
        Arc::new(texts().collect::<StringViewArray>()),
        Arc::new(texts().map(|text| text.map(String::into_bytes)).collect::<BinaryViewArray>()),
        Arc::new(DictionaryArray::<Int32Type>::new(keys.collect(), entries)),
    ];
    arrays.into_iter().map(|array| array.slice(7, ROWS)).collect()
}

fn mask(bits: BooleanBuffer) -> RowMask {
    let count = bits.count_set_bits();
    RowMask::new(bits, count)
}

/// All rows in one array, by Arrow's kernels.
fn by_arrow(pieces: &[Picked<'_>]) -> ArrayRef {
    let arrays: Vec<ArrayRef> = pieces.iter().map(|piece| filtered(piece).unwrap()).collect();
    arrow_select::concat::concat(&arrays.iter().map(|array| array.as_ref()).collect::<Vec<_>>()).unwrap()
}

/// Bitmaps from none to all rows, with rows alone and in runs.
fn bitmaps() -> Vec<Option<RowMask>> {
    let of = |picks: &dyn Fn(usize) -> bool| Some(mask(BooleanBuffer::collect_bool(ROWS + 3, picks).slice(3, ROWS)));
    vec![
        None,
        of(&|_| false),
        of(&|_| true),
        of(&|row| row % 97 == 0),
        of(&|row| row % 2 == 0),
        of(&|row| row % 10 != 0),
        of(&|row| !(70..170).contains(&row)),
        of(&|row| (130..131).contains(&row) || row >= 299),
    ]
}

#[test]
fn rows_are_picked_as_by_arrow() {
    let pool = Arc::default();
    let (bitmaps, one, other) = (bitmaps(), arrays(1), arrays(1000));
    for (first, second) in one.iter().zip(&other) {
        for (index, selected) in bitmaps.iter().enumerate() {
            let later = &bitmaps[(index + 3) % bitmaps.len()];
            let pieces = [
                Picked::new(first, selected.as_ref()),
                Picked::new(second, later.as_ref()),
                Picked::new(first, selected.as_ref()),
            ];
            for count in 1..=pieces.len() {
                let found = picked(&pieces[..count], &pool).unwrap();
                found.to_data().validate_full().unwrap();
                let expected = by_arrow(&pieces[..count]);
                assert_eq!(&found, &expected, "{} {index}, {count} pieces", first.data_type());
                // Memory for too few and for too many rows.
                let mut gathered = Gathered::new(index * 50, &pool);
                pieces[..count].iter().for_each(|piece| gathered.push(&[*piece]).unwrap());
                let found = gathered.finish().unwrap();
                found.to_data().validate_full().unwrap();
                assert_eq!(&found, &expected, "{} {index}, {count} pieces one by one", first.data_type());
            }
        }
    }
}

#[test]
fn one_long_string_does_not_make_room_for_many() {
    let pool = Arc::default();
    let array: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(8 << 20)]));
    // As many strings of this length are half a terabyte.
    let mut gathered = Gathered::new(1 << 16, &pool);
    gathered.push(&[Picked::new(&array, None)]).unwrap();
    assert_eq!(&gathered.finish().unwrap(), &array);
}

#[test]
fn values_left_of_large_pages_are_copied() {
    let pool = Arc::default();
    let long = |row: usize| format!("a value that does not lie in its view {row}");
    let array: ArrayRef = Arc::new(StringViewArray::from_iter_values((0..ROWS).map(long)));
    let dense = mask(BooleanBuffer::collect_bool(ROWS, |row| row % 2 == 0));
    let sparse = mask(BooleanBuffer::collect_bool(ROWS, |row| row % 50 == 7));
    let piece = |selected| Picked::new(&array, Some(selected));
    for (pieces, held) in [
        (vec![piece(&sparse), piece(&sparse)], 0),
        (vec![piece(&dense), piece(&dense)], 1),
        (vec![piece(&dense), piece(&sparse), piece(&dense)], 1),
    ] {
        let found = picked(&pieces, &pool).unwrap();
        found.to_data().validate_full().unwrap();
        assert_eq!(&found, &by_arrow(&pieces));
        let is_of_page = |buffer: &&Buffer| array.to_data().buffers()[1..].iter().any(|own| own.ptr_eq(buffer));
        assert_eq!(found.to_data().buffers()[1..].iter().filter(is_of_page).count(), held);
    }
}

#[test]
fn bytes_that_are_kept_besides_the_buffers_count() {
    let (pool, long) = (Arc::default(), |row: usize| format!("a value that does not lie in its view {row}"));
    let array: ArrayRef = Arc::new(StringViewArray::from_iter_values((0..ROWS).map(long)));
    let dense = mask(BooleanBuffer::collect_bool(ROWS, |row| row % 2 == 0));
    for (selected, kept_besides, is_copied) in
        [(None, 0, false), (None, 100 * ROWS, false), (None, 500 * ROWS, true), (Some(&dense), 300 * ROWS, true)]
    {
        let piece = Picked { kept_besides, ..Picked::new(&array, selected) };
        let mut gathered = Gathered::new(ROWS, &pool);
        gathered.push(&[piece]).unwrap();
        let found = gathered.finish().unwrap();
        assert_eq!(&found, &by_arrow(&[piece]));
        let own = array.to_data();
        assert_eq!(!found.to_data().buffers()[1].ptr_eq(&own.buffers()[1]), is_copied, "{kept_besides}");
        if selected.is_none() {
            assert_eq!(copied_views(&array, kept_besides, &pool).unwrap().is_some(), is_copied);
        }
    }
}

#[test]
fn copied_values_may_lie_in_several_buffers_and_in_views() {
    let pool = Arc::default();
    let text = |row: usize| {
        if row % 3 == 0 { format!("{row}") } else { format!("{row} lies in a buffer").repeat(row % 11 + 1) }
    };
    let halves: [ArrayRef; 2] = [0..ROWS / 3, ROWS / 3..ROWS]
        .map(|rows| Arc::new(StringViewArray::from_iter_values(rows.map(text))) as ArrayRef);
    let in_turn: Vec<(usize, usize)> = (0..ROWS).map(|row| (row % 2, row / 3)).collect();
    let [first, second] = &halves;
    let joined = arrow_select::concat::concat(&[first.as_ref(), second.as_ref()]).unwrap();
    let mixed = arrow_select::interleave::interleave(&[first.as_ref(), second.as_ref()], &in_turn).unwrap();
    let sparse = mask(BooleanBuffer::collect_bool(ROWS, |row| row % 50 == 7 || row % 51 == 9));
    for array in [joined, mixed] {
        let picks = [Picked::new(&array, Some(&sparse))];
        let found = picked(&picks, &pool).unwrap();
        found.to_data().validate_full().unwrap();
        assert_eq!(&found, &by_arrow(&picks));
        assert_eq!(found.to_data().buffers().len(), 2, "views and copies");
    }
}
