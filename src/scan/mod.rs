pub mod options;
pub use options::ScanOptions;
