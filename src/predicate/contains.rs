//! Which values contain a text: one search through many values that lie one behind the other, not one a value.

use std::ops::Range;

use arrow_array::types::{ByteArrayType, ByteViewType};
use arrow_array::{Array, GenericByteArray, GenericByteViewArray};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer};
use arrow_data::ByteView;

use super::bytes::INLINE;
use crate::simd::TextFinder;

/// Values in one buffer are searched together where no more bytes than this are between them: lengths, and values that
/// are in their views.
const MAX_GAP: usize = 64;

/// Values with offsets.
pub(super) fn in_offsets<T: ByteArrayType>(array: &GenericByteArray<T>, finder: &TextFinder) -> BooleanBuffer {
    let offsets = array.value_offsets();
    let places = offsets.iter().zip(offsets.iter().skip(1)).map(|(start, end)| start.as_usize()..end.as_usize());
    let text = array.value_data().get(..offsets.last().map_or(0, |end| end.as_usize())).unwrap_or_default();
    let mut found = Found::new(array.len());
    found.mark(text, places.enumerate(), finder);
    found.finish()
}

/// Values with views.
pub(super) fn in_views<T: ByteViewType>(array: &GenericByteViewArray<T>, finder: &TextFinder) -> BooleanBuffer {
    let views = array.views();
    let mut found = Found::new(views.len());
    let mut run = Run::default();
    for (row, view) in views.iter().enumerate() {
        match place(*view) {
            Some((buffer, place)) if run.takes(buffer, &place) => run.end = place.end,
            Some((buffer, place)) => {
                found.mark_run(array, &run, row, finder);
                run = Run { buffer, first_row: row, end: place.end };
            }
            None if finder.text().len() > INLINE => {}
            None => found.set_if(row, finder.find(array.value(row).as_ref()).is_some()),
        }
    }
    found.mark_run(array, &run, views.len(), finder);
    found.finish()
}

/// Buffer and place of a value that is not in its view.
fn place(view: u128) -> Option<(usize, Range<usize>)> {
    let ByteView { length, buffer_index, offset, .. } = ByteView::from(view);
    let (length, start) = (length as usize, offset as usize);
    (length > INLINE).then(|| (buffer_index as usize, start..start.saturating_add(length)))
}

/// Values that lie one behind the other in a buffer; those that are in their views may be between them.
#[derive(Default)]
struct Run {
    buffer: usize,
    first_row: usize,
    /// Where the last one ends, 0 without values.
    end: usize,
}

impl Run {
    fn takes(&self, buffer: usize, place: &Range<usize>) -> bool {
        self.end > 0 && buffer == self.buffer && place.start.checked_sub(self.end).is_some_and(|gap| gap <= MAX_GAP)
    }
}

/// The bitmap of the values in which the text was found.
struct Found {
    words: Vec<u64>,
    rows: usize,
}

impl Found {
    fn new(rows: usize) -> Self {
        Self { words: vec![0; rows.div_ceil(64)], rows }
    }

    fn set_if(&mut self, row: usize, is_found: bool) {
        if let Some(word) = self.words.get_mut(row / 64) {
            *word |= u64::from(is_found) << (row % 64);
        }
    }

    /// Searches the values of a run that ends before `end_row`.
    fn mark_run<T: ByteViewType>(
        &mut self,
        array: &GenericByteViewArray<T>,
        run: &Run,
        end_row: usize,
        finder: &TextFinder,
    ) {
        let buffer = array.data_buffers().get(run.buffer).map(Buffer::as_slice).unwrap_or_default();
        let views = array.views().get(run.first_row..end_row).unwrap_or_default();
        let places = (run.first_row..).zip(views).filter_map(|(row, view)| Some((row, place(*view)?.1)));
        self.mark(buffer.get(..run.end).unwrap_or_default(), places, finder);
    }

    /// Searches `text` in which rows have ascending places.
    fn mark(&mut self, text: &[u8], places: impl Iterator<Item = (usize, Range<usize>)>, finder: &TextFinder) {
        let length = finder.text().len();
        // The first place behind the values looked at where the text is, be it in one value or not.
        let mut hit = None;
        for (row, place) in places {
            if hit.is_none_or(|hit| hit < place.start) {
                let behind = text.get(place.start..).and_then(|text| finder.find(text));
                let Some(distance) = behind else { return };
                hit = Some(place.start.saturating_add(distance));
            }
            self.set_if(row, hit.is_some_and(|hit| hit.saturating_add(length) <= place.end));
        }
    }

    fn finish(self) -> BooleanBuffer {
        BooleanBuffer::new(Buffer::from_vec(self.words), 0, self.rows)
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{StringArray, StringViewArray};

    use super::*;
    use crate::predicate::testing::Random;

    #[test]
    fn values_that_contain_a_text_are_found_wherever_they_lie() {
        let mut random = Random::new(11);
        for case in 0..3000 {
            let most = [3, 20, 200][case % 3];
            let mut text = |most| (0..random.below(most)).map(|_| random.pick(&['a', 'b'])).collect::<String>();
            let mut values: Vec<Option<String>> = (0..150).map(|row| (row % 7 != 3).then(|| text(most))).collect();
            let needle = format!("a{}", text(most.min(17)));
            let strings: StringArray = values.iter().cloned().collect();
            // Behind each other, and again in some other order.
            let views: StringViewArray = values.iter().cloned().collect();
            let order = arrow_array::UInt32Array::from_iter_values((0..150).map(|row| row * 37 % 150));
            let turned = arrow_select::take::take(&views, &order, None).unwrap();
            let finder = TextFinder::new(needle.as_bytes());
            let (start, rows) = (case % 5, 140);
            let expected = |values: &[Option<String>]| -> Vec<bool> {
                let values = values.iter().skip(start).take(rows);
                values.map(|value| value.as_ref().is_some_and(|value| value.contains(&needle))).collect()
            };
            let found = in_offsets(&strings.slice(start, rows), &finder);
            assert_eq!(found.iter().collect::<Vec<_>>(), expected(&values), "{needle} in {values:?}");
            let found = in_views(&views.slice(start, rows), &finder);
            assert_eq!(found.iter().collect::<Vec<_>>(), expected(&values), "{needle} in {values:?}");
            let found = in_views(&StringViewArray::from(turned.to_data()).slice(start, rows), &finder);
            values = order.values().iter().map(|row| values[*row as usize].clone()).collect();
            assert_eq!(found.iter().collect::<Vec<_>>(), expected(&values), "{needle} in {values:?}");
        }
    }
}
