//! One column.
mod conversion;
mod pages;
