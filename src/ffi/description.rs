//! What describes a batch in the Arrow C Data Interface, and who owns it.
//!
//! A narrow column of some thousand values is decoded in less time than the allocator takes for its description. So the
//! structs of a batch, of its columns and of their buffers are in one [`Description`], which serves another batch when all
//! of them are released.

use std::ffi::c_void;
use std::mem::transmute;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{Array, ArrayRef};
use arrow_data::ffi::FFI_ArrowArray;

/// Descriptions that nobody uses are kept up to this number: hosts seldom hold more batches at a time.
const MOST_IDLE: usize = 4;

/// `struct ArrowArray`, all fields of it.
#[repr(C)]
pub(super) struct RawArray {
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
pub(super) fn number(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// What an array says of itself besides its buffers.
pub(super) struct Facts {
    pub length: i64,
    pub null_count: i64,
    /// Of the first value in each buffer.
    pub offset: i64,
}

/// Where the buffers of a column are.
#[derive(Default)]
pub(super) struct Buffers {
    pub places: Vec<*const c_void>,
    /// Of the buffers that views point to: what the last of `places` is, of a column of views.
    pub lengths: Vec<i64>,
}

/// A column that is described here.
struct Column {
    /// That it is part of.
    description: *mut Description,
    buffers: Buffers,
    /// Keeps the buffers alive until the column is released.
    array: Option<ArrayRef>,
}

impl Default for Column {
    /// One that nobody uses.
    fn default() -> Self {
        Self { description: null_mut(), buffers: Buffers::default(), array: None }
    }
}

/// Descriptions that nobody uses.
type Idle = Mutex<Vec<Box<Description>>>;

/// A batch as the C Data Interface has it, and each of its columns, which a host may move out of it and keep.
struct Description {
    /// The batch and those of `columns` that are in use and not released: who comes to none gives the description back.
    users: AtomicUsize,
    /// The children of the batch. Those that the host moved out are marked as released.
    children: Vec<FFI_ArrowArray>,
    /// Where they are.
    places: Vec<*mut FFI_ArrowArray>,
    /// Of the batch, which has no nulls.
    buffers: [*const c_void; 1],
    /// Behind the children that are described here, at their places.
    columns: Vec<Column>,
    /// Where it goes when it has no users. Nowhere while it is there, so that it does not own itself.
    home: Option<Arc<Idle>>,
}

// SAFETY: the pointers lead to what the description itself owns, and are followed only by those who use it.
unsafe impl Send for Description {}

/// The descriptions of the batches of one decoder.
#[derive(Default)]
pub(super) struct Descriptions {
    idle: Arc<Idle>,
}

impl Descriptions {
    /// A struct array of `columns` of `length` rows. `find_buffers` tells where the buffers of a column are, by adding them
    /// to what is empty; it gives `None`, and adds nothing, for a column that `FFI_ArrowArray` is to describe.
    pub(super) fn describe(
        &self,
        length: usize,
        columns: Vec<ArrayRef>,
        find_buffers: fn(&ArrayRef, &mut Buffers) -> Option<Facts>,
    ) -> FFI_ArrowArray {
        let recycled = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let description = Box::into_raw(recycled.unwrap_or_else(Description::unused));
        // SAFETY: it is used by nobody else yet, and no pointer into it was given away.
        let own = unsafe { &mut *description };
        own.home = Some(Arc::clone(&self.idle));
        if own.columns.len() < columns.len() {
            own.columns.resize_with(columns.len(), Column::default);
        }
        own.children.reserve(columns.len());
        let mut users = 1usize;
        for (array, column) in columns.into_iter().zip(&mut own.columns) {
            let child = match find_buffers(&array, &mut column.buffers) {
                Some(facts) => {
                    users = users.saturating_add(1);
                    (column.description, column.array) = (description, Some(array));
                    column.export(facts)
                }
                None => FFI_ArrowArray::new(&array.to_data()),
            };
            own.children.push(child);
        }
        own.users = AtomicUsize::new(users);
        let first = own.children.as_mut_ptr();
        own.places.clear();
        own.places.extend((0..own.children.len()).map(|index| first.wrapping_add(index)));
        RawArray {
            length: number(length),
            null_count: 0,
            offset: 0,
            n_buffers: 1,
            n_children: number(own.places.len()),
            buffers: own.buffers.as_ptr(),
            children: own.places.as_ptr(),
            dictionary: null_mut(),
            release: Some(release_batch),
            private_data: description.cast(),
        }
        .export()
    }
}

impl Column {
    fn export(&mut self, facts: Facts) -> FFI_ArrowArray {
        let Facts { length, null_count, offset } = facts;
        let places = &self.buffers.places;
        RawArray {
            length,
            null_count,
            offset,
            n_buffers: number(places.len()),
            n_children: 0,
            buffers: places.as_ptr(),
            children: null(),
            dictionary: null_mut(),
            release: Some(release_column),
            private_data: (&raw mut *self).cast(),
        }
        .export()
    }

    /// Forgets its values, and keeps its memory.
    fn let_go(&mut self) {
        self.buffers.places.clear();
        self.buffers.lengths.clear();
        self.array = None;
    }
}

impl Description {
    fn unused() -> Box<Self> {
        Box::new(Self {
            users: AtomicUsize::new(0),
            children: Vec::new(),
            places: Vec::new(),
            buffers: [null()],
            columns: Vec::new(),
            home: None,
        })
    }

    /// So many users less.
    ///
    /// # Safety
    /// `description` is in use, and the caller, who acts for these users of it, does not use it again.
    unsafe fn leave(description: *mut Self, users: usize) {
        // SAFETY: as the caller says, it is alive, and who is the last has it alone.
        unsafe {
            // What the others did with it was before what is done with it from here on.
            if (*description).users.fetch_sub(users, Ordering::AcqRel) == users {
                Box::from_raw(description).recycle();
            }
        }
    }

    /// Goes where it came from, as long as there is room.
    fn recycle(mut self: Box<Self>) {
        if let Some(home) = self.home.take() {
            let mut idle = home.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < MOST_IDLE {
                idle.push(self);
            }
        }
    }
}

/// Releases a batch, and those of its columns that the host did not move out.
///
/// # Safety
/// `array` is one that [`Descriptions::describe`] made, and was not released.
unsafe extern "C" fn release_batch(array: *mut RawArray) {
    // SAFETY: as the caller says, its description is in use, and the children with it. So are the columns of those that were
    // not released; others may be in the hands of other threads, and are not touched. There are as many columns at least.
    unsafe {
        let description = (*array).private_data.cast::<Description>();
        (*array).release = None;
        (*array).private_data = null_mut();
        let columns = (*description).columns.as_mut_ptr();
        // The columns leave the description together with the batch, instead of one by one.
        let mut users = 1usize;
        for (index, child) in (*description).children.drain(..).enumerate() {
            let column = columns.wrapping_add(index);
            // What is not that column releases itself.
            if !child.is_released() && child.private_data().cast() == column {
                std::mem::forget(child);
                (*column).let_go();
                users = users.saturating_add(1);
            }
        }
        Description::leave(description, users);
    }
}

/// Releases a column by itself, in its batch or moved out.
///
/// # Safety
/// `array` is one that [`Column::export`] made, and was not released.
unsafe extern "C" fn release_column(array: *mut RawArray) {
    // SAFETY: as the caller says, the column is in use, by the caller alone, and its description with it.
    unsafe {
        let column = (*array).private_data.cast::<Column>();
        (*array).release = None;
        (*array).private_data = null_mut();
        (*column).let_go();
        Description::leave((*column).description, 1);
    }
}

/// A child that the host moves out of its batch.
#[cfg(test)]
pub(super) fn moved_out(batch: &mut FFI_ArrowArray, child: usize) -> FFI_ArrowArray {
    // SAFETY: the layout is that of C, and the batch has this child.
    unsafe {
        let raw = &mut *(&raw mut *batch).cast::<RawArray>();
        FFI_ArrowArray::from_raw(*raw.children.add(child))
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::Int32Array;

    use super::*;

    fn values(array: &ArrayRef, buffers: &mut Buffers) -> Option<Facts> {
        buffers.places.extend([null(), array.to_data().buffers()[0].as_ptr().cast()]);
        Some(Facts { length: number(array.len()), null_count: 0, offset: 0 })
    }

    fn numbers(value: i32) -> ArrayRef {
        Arc::new(Int32Array::from(vec![value; 3]))
    }

    fn idle(descriptions: &Descriptions) -> usize {
        descriptions.idle.lock().unwrap().len()
    }

    #[test]
    fn a_description_serves_the_next_batch_once_all_of_it_is_released() {
        let descriptions = Descriptions::default();
        let (kept, other) = (numbers(5), numbers(6));
        let mut batch = descriptions.describe(3, vec![Arc::clone(&kept), Arc::clone(&other)], values);
        let moved = moved_out(&mut batch, 0);
        drop(batch);
        assert_eq!((Arc::strong_count(&kept), Arc::strong_count(&other), idle(&descriptions)), (2, 1, 0));
        drop(moved);
        assert_eq!((Arc::strong_count(&kept), idle(&descriptions)), (1, 1));
        let again = descriptions.describe(3, vec![Arc::clone(&kept)], values);
        assert_eq!((again.num_children(), again.child(0).num_buffers(), idle(&descriptions)), (1, 2, 0));
        drop(again);
        assert_eq!((Arc::strong_count(&kept), idle(&descriptions)), (1, 1));
    }

    #[test]
    fn a_few_descriptions_are_kept() {
        let descriptions = Descriptions::default();
        let describe = |_| descriptions.describe(3, vec![numbers(7)], values);
        let batches: Vec<FFI_ArrowArray> = (0..MOST_IDLE + 3).map(describe).collect();
        drop(batches);
        assert_eq!(idle(&descriptions), MOST_IDLE);
    }

    #[test]
    fn batches_outlive_their_decoder() {
        let (descriptions, column) = (Descriptions::default(), numbers(8));
        let home = Arc::downgrade(&descriptions.idle);
        let first = descriptions.describe(3, vec![Arc::clone(&column)], values);
        let second = descriptions.describe(3, vec![Arc::clone(&column)], values);
        drop(descriptions);
        drop(first);
        assert_eq!((Arc::strong_count(&column), home.strong_count()), (2, 1));
        drop(second);
        assert_eq!((Arc::strong_count(&column), home.strong_count()), (1, 0));
    }

    #[test]
    fn columns_are_released_on_many_threads() {
        let descriptions = Descriptions::default();
        let columns: Vec<ArrayRef> = (0..8).map(numbers).collect();
        for _ in 0..200 {
            let mut batch = descriptions.describe(3, columns.clone(), values);
            let moved: Vec<FFI_ArrowArray> = (0..4).map(|child| moved_out(&mut batch, child)).collect();
            std::thread::scope(|scope| {
                scope.spawn(|| drop(moved));
                scope.spawn(|| drop(batch));
            });
            assert!(columns.iter().all(|column| Arc::strong_count(column) == 1));
            assert_eq!(idle(&descriptions), 1);
        }
    }
}
