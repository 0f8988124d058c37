//! One column.
mod boolean;
mod conversion;
mod decoder;
mod fixed;
mod fixed_binary;
mod null;
mod pages;
mod strings;
mod views;
