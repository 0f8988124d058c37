//! Batches as the Arrow C Data Interface has them.
//!
//! A narrow column of some thousand values is decoded in less time than `FFI_ArrowArray::new` takes to describe it, so the
//! struct of a batch and its columns of single values are described here: one allocation for what a column owns, three where
//! its views point to many buffers, as many for the struct, or one where it has one column. Columns of other types are left to
//! `FFI_ArrowArray`.

use std::ffi::c_void;
use std::mem::transmute;
use std::ptr::{null, null_mut};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{BinaryType, ByteArrayType, ByteViewType, LargeBinaryType, LargeUtf8Type, Utf8Type};
use arrow_array::{Array, ArrayRef, GenericByteViewArray, RecordBatch, downcast_primitive_array};
use arrow_buffer::Buffer;
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::DataType;

/// `struct ArrowArray`, all fields of it.
#[repr(C)]
struct RawArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *const *const c_void,
    children: *const *mut FFI_ArrowArray,
    dictionary: *mut FFI_ArrowArray,
    release: Option<unsafe extern "C" fn(*mut RawArray)>,
    private_data: *mut c_void,
}

impl RawArray {
    fn export(self) -> FFI_ArrowArray {
        // SAFETY: both are `struct ArrowArray` of the C Data Interface, whose layout is fixed.
        unsafe { transmute(self) }
    }
}

/// A length of Rust, which is never more than `isize::MAX`.
fn number(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// What the struct of a batch owns.
struct Columns<A, P> {
    /// Those that the host moved out are marked as released.
    arrays: A,
    /// Where they are.
    places: P,
    /// There are no nulls.
    buffers: [*const c_void; 1],
}

/// A batch as a struct array. It owns what it points to, each child too, so that a host may move children out.
pub(super) fn export_batch(rows: RecordBatch) -> FFI_ArrowArray {
    let (_, columns, length) = rows.into_parts();
    match <[ArrayRef; 1]>::try_from(columns) {
        Ok([column]) => export_struct(length, [export_column(column)], [null_mut()]),
        Err(columns) => {
            let arrays: Vec<FFI_ArrowArray> = columns.into_iter().map(export_column).collect();
            let places = vec![null_mut(); arrays.len()];
            export_struct(length, arrays, places)
        }
    }
}

/// A struct of `arrays`, with room for as many `places`.
fn export_struct<A, P>(length: usize, arrays: A, places: P) -> FFI_ArrowArray
where
    A: AsMut<[FFI_ArrowArray]>,
    P: AsMut<[*mut FFI_ArrowArray]>,
{
    let owned = Box::into_raw(Box::new(Columns { arrays, places, buffers: [null()] }));
    // SAFETY: made just now, and nobody else has it.
    let columns = unsafe { &mut *owned };
    let (first, places) = (columns.arrays.as_mut().as_mut_ptr(), columns.places.as_mut());
    places.iter_mut().enumerate().for_each(|(index, place)| *place = first.wrapping_add(index));
    RawArray {
        length: number(length),
        null_count: 0,
        offset: 0,
        n_buffers: 1,
        n_children: number(places.len()),
        buffers: columns.buffers.as_ptr(),
        children: places.as_ptr(),
        dictionary: null_mut(),
        release: Some(release::<Columns<A, P>>),
        private_data: owned.cast(),
    }
    .export()
}

/// Gives up what an exported array owns.
///
/// # Safety
/// `array` is one that was exported with a `T` as its private data, and was not released.
unsafe extern "C" fn release<T>(array: *mut RawArray) {
    // SAFETY: as the caller says; the private data came from `Box::into_raw`, and is forgotten with this call.
    unsafe {
        drop(Box::from_raw((*array).private_data.cast::<T>()));
        (*array).release = None;
        (*array).private_data = null_mut();
    }
}

/// What a column owns.
struct Column {
    buffers: [*const c_void; 3],
    /// Keeps the buffers alive.
    _array: ArrayRef,
}

fn export_column(array: ArrayRef) -> FFI_ArrowArray {
    match array.data_type() {
        DataType::Utf8View => return export_views(array.as_string_view(), &array),
        DataType::BinaryView => return export_views(array.as_binary_view(), &array),
        _ => {}
    }
    let Some(ValueBuffers { offset, count, buffers: [first, second] }) = value_buffers(&array) else {
        return FFI_ArrowArray::new(&array.to_data());
    };
    let Some(validity) = validity(&array, offset) else { return FFI_ArrowArray::new(&array.to_data()) };
    let facts = Facts { length: number(array.len()), null_count: number(array.null_count()), offset: number(offset) };
    let owned = Box::into_raw(Box::new(Column { buffers: [validity, first, second], _array: array }));
    // SAFETY: made just now.
    facts.export(unsafe { &raw const (*owned).buffers }.cast(), count, owned)
}

/// Where the bitmap of an array is whose values begin at `offset` of their buffer, NULL where it has none. `None` where the
/// bitmap begins elsewhere: the interface has one offset for both, so that it must be copied.
fn validity(array: &dyn Array, offset: usize) -> Option<*const c_void> {
    match array.nulls() {
        None => Some(null()),
        Some(nulls) => (nulls.offset() == offset).then(|| nulls.validity().as_ptr().cast()),
    }
}

/// What a column of single values says of itself.
struct Facts {
    length: i64,
    null_count: i64,
    offset: i64,
}

impl Facts {
    /// Of a column that owns `owned`, in which its `count` buffers are.
    fn export<T>(self, buffers: *const *const c_void, count: i64, owned: *mut T) -> FFI_ArrowArray {
        RawArray {
            length: self.length,
            null_count: self.null_count,
            offset: self.offset,
            n_buffers: count,
            n_children: 0,
            buffers,
            children: null(),
            dictionary: null_mut(),
            release: Some(release::<T>),
            private_data: owned.cast(),
        }
        .export()
    }
}

/// Buffers that views may point to without an allocation for where these are.
const FEW_BUFFERS: usize = 4;

/// What a column of views owns.
struct ViewColumn<B, L> {
    buffers: B,
    /// Of the buffers that views point to; the last of `buffers`.
    lengths: L,
    /// Keeps the buffers alive.
    _array: ArrayRef,
}

fn export_views<T: ByteViewType>(views: &GenericByteViewArray<T>, array: &ArrayRef) -> FFI_ArrowArray {
    let Some(validity) = validity(array, 0) else { return FFI_ArrowArray::new(&array.to_data()) };
    let count = views.data_buffers().len();
    if count <= FEW_BUFFERS {
        return export_view_buffers(views, array, validity, [null(); FEW_BUFFERS + 3], [0; FEW_BUFFERS]);
    }
    export_view_buffers(views, array, validity, vec![null(); count.saturating_add(3)], vec![0; count])
}

/// The same with room for the buffers and for the lengths of those that views point to.
fn export_view_buffers<T: ByteViewType, B, L>(
    views: &GenericByteViewArray<T>,
    array: &ArrayRef,
    validity: *const c_void,
    buffers: B,
    lengths: L,
) -> FFI_ArrowArray
where
    B: AsMut<[*const c_void]>,
    L: AsMut<[i64]>,
{
    let owned = Box::into_raw(Box::new(ViewColumn { buffers, lengths, _array: Arc::clone(array) }));
    // SAFETY: made just now, and nobody else has it.
    let column = unsafe { &mut *owned };
    let (data, lengths): (&[Buffer], _) = (views.data_buffers(), column.lengths.as_mut());
    lengths.iter_mut().zip(data).for_each(|(length, buffer)| *length = number(buffer.len()));
    let own = [validity, views.views().inner().as_ptr().cast()].into_iter();
    let all = own.chain(data.iter().map(|buffer| buffer.as_ptr().cast())).chain([lengths.as_ptr().cast()]);
    let buffers = column.buffers.as_mut();
    buffers.iter_mut().zip(all).for_each(|(place, buffer)| *place = buffer);
    let facts = Facts { length: number(views.len()), null_count: number(views.null_count()), offset: 0 };
    facts.export(buffers.as_ptr(), number(data.len().saturating_add(3)), owned)
}

/// Where the values of an array are.
struct ValueBuffers {
    /// Of the first value in its buffer.
    offset: usize,
    /// Buffers, that of the nulls counted.
    count: i64,
    /// Those behind that of the nulls.
    buffers: [*const c_void; 2],
}

/// The buffers of an array of single values; `None` for other types.
fn value_buffers(array: &dyn Array) -> Option<ValueBuffers> {
    let one = |offset, values: *const u8| Some(ValueBuffers { offset, count: 2, buffers: [values.cast(), null()] });
    downcast_primitive_array!(
        array => one(0, array.values().inner().as_ptr()),
        DataType::Boolean => {
            let bits = array.as_boolean().values();
            one(bits.offset(), bits.values().as_ptr())
        }
        DataType::Utf8 => Some(byte_buffers::<Utf8Type>(array)),
        DataType::LargeUtf8 => Some(byte_buffers::<LargeUtf8Type>(array)),
        DataType::Binary => Some(byte_buffers::<BinaryType>(array)),
        DataType::LargeBinary => Some(byte_buffers::<LargeBinaryType>(array)),
        _ => None,
    )
}

fn byte_buffers<T: ByteArrayType>(array: &dyn Array) -> ValueBuffers {
    let array = array.as_bytes::<T>();
    let buffers = [array.value_offsets().as_ptr().cast(), array.value_data().as_ptr().cast()];
    ValueBuffers { offset: 0, count: 3, buffers }
}

#[cfg(test)]
mod tests {
    use arrow_array::ffi::from_ffi;
    use arrow_array::types::Int32Type;
    use arrow_array::*;
    use arrow_schema::ffi::FFI_ArrowSchema;
    use arrow_schema::{IntervalUnit, TimeUnit};

    use super::*;

    fn columns() -> Vec<ArrayRef> {
        let texts = || [Some("a"), None, Some("a text that is longer than a view"), Some("")].into_iter();
        let bits = || BooleanArray::from(vec![Some(true), None, Some(false), Some(true), None, Some(true)]);
        let numbers = || Int64Array::from_iter([Some(1), None, Some(-3), Some(4), None]);
        let wide = Decimal256Array::from_iter([1, 2, 3, 4].map(arrow_buffer::i256::from_i128));
        vec![
            Arc::new(Int8Array::from(vec![1, 2, 3, 4])),
            Arc::new(numbers().slice(0, 4)),
            Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5]).slice(1, 4)),
            // Its nulls begin at another bit than its values.
            Arc::new(numbers().slice(1, 4)),
            Arc::new(bits().slice(0, 4)),
            Arc::new(bits().slice(1, 4)),
            Arc::new(BooleanArray::new(bits().values().slice(0, 4), bits().nulls().map(|nulls| nulls.slice(2, 4)))),
            Arc::new(wide.with_data_type(DataType::Decimal256(40, 2))),
            Arc::new(TimestampMicrosecondArray::from(vec![1, 2, 3, 4]).with_timezone("UTC")),
            new_null_array(&DataType::Interval(IntervalUnit::MonthDayNano), 4),
            new_null_array(&DataType::Time64(TimeUnit::Nanosecond), 4),
            Arc::new(StringArray::from_iter(texts())),
            Arc::new(StringArray::from_iter(texts().chain(texts())).slice(2, 4)),
            Arc::new(LargeStringArray::from_iter(texts())),
            Arc::new(BinaryArray::from_iter(texts().map(|text| text.map(str::as_bytes)))),
            Arc::new(LargeBinaryArray::from_iter(texts().map(|text| text.map(str::as_bytes)))),
            Arc::new(StringViewArray::from_iter(texts())),
            Arc::new(StringViewArray::from_iter(texts().chain(texts())).slice(2, 4)),
            Arc::new(StringViewArray::from(vec!["a", "b", "c", "d"])),
            views_of_buffers(FEW_BUFFERS),
            views_of_buffers(FEW_BUFFERS + 1),
            Arc::new(BinaryViewArray::from_iter(texts().map(|text| text.map(str::as_bytes)))),
            Arc::new(DictionaryArray::<Int32Type>::from_iter(texts())),
            Arc::new(NullArray::new(4)),
            new_null_array(&DataType::FixedSizeBinary(3), 4),
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([
                None,
                Some(vec![Some(1)]),
                None,
                Some(vec![]),
            ])),
        ]
    }

    /// Four views that point to the last of so many buffers.
    fn views_of_buffers(count: usize) -> ArrayRef {
        let mut builder = arrow_array::builder::StringViewBuilder::new();
        for buffer in 0..count {
            let number = builder.append_block(format!("buffer {buffer} has a text").into_bytes().into());
            if buffer + 1 == count {
                (0..4).for_each(|start| builder.try_append_view(number, start, 15).unwrap());
            }
        }
        Arc::new(builder.finish())
    }

    fn imported(array: FFI_ArrowArray, data_type: &DataType) -> ArrayRef {
        let schema = FFI_ArrowSchema::try_from(data_type).unwrap();
        // SAFETY: an exported array of this type.
        let data = unsafe { from_ffi(array, &schema) }.unwrap();
        data.validate_full().unwrap();
        make_array(data)
    }

    #[test]
    fn a_batch_is_imported_as_it_was() {
        let names = (0..).map(|index: usize| index.to_string());
        let rows = RecordBatch::try_from_iter(names.zip(columns())).unwrap();
        let data_type = DataType::Struct(rows.schema().fields().clone());
        let exported = export_batch(rows.clone());
        assert_eq!((exported.len(), exported.offset(), exported.null_count(), exported.num_buffers()), (4, 0, 0, 1));
        let back = imported(exported, &data_type);
        assert_eq!(back.as_struct(), &StructArray::from(rows));
    }

    #[test]
    fn a_column_is_described_as_arrow_does() {
        for column in columns() {
            let (own, arrow) = (export_column(Arc::clone(&column)), FFI_ArrowArray::new(&column.to_data()));
            let facts = |array: &FFI_ArrowArray| (array.len(), array.offset(), array.null_count(), array.num_buffers());
            assert_eq!(facts(&own), facts(&arrow), "{}", column.data_type());
            assert_eq!(imported(own, column.data_type()).as_ref(), column.as_ref());
        }
    }

    #[test]
    fn columns_that_were_moved_out_outlive_the_batch() {
        let column: ArrayRef = Arc::new(Int32Array::from(vec![5, 6]));
        let other: ArrayRef = Arc::new(Int32Array::from(vec![7, 8]));
        let rows = [("a", Arc::clone(&column)), ("b", Arc::clone(&other))];
        let mut exported = export_batch(RecordBatch::try_from_iter(rows).unwrap());
        assert_eq!((Arc::strong_count(&column), Arc::strong_count(&other)), (2, 2));
        // SAFETY: the layout is that of C, and the batch has two children.
        let moved = unsafe {
            let raw = &mut *(&raw mut exported).cast::<RawArray>();
            FFI_ArrowArray::from_raw(*raw.children.add(1))
        };
        drop(exported);
        assert_eq!((Arc::strong_count(&column), Arc::strong_count(&other)), (1, 2));
        assert_eq!(imported(moved, &DataType::Int32).as_primitive::<Int32Type>().values(), &[7, 8]);
        assert_eq!(Arc::strong_count(&other), 1);
    }

    #[test]
    fn a_batch_without_columns_has_its_rows() {
        let options = RecordBatchOptions::new().with_row_count(Some(3));
        let rows =
            RecordBatch::try_new_with_options(Arc::new(arrow_schema::Schema::empty()), vec![], &options).unwrap();
        let exported = export_batch(rows);
        assert_eq!((exported.len(), exported.num_children()), (3, 0));
    }
}
