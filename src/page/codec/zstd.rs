//! ZSTD: one frame or several.

use super::Outcome;
use super::exact::exactly;

#[derive(Default)]
pub(super) struct Context(Option<zstd_safe::DCtx<'static>>);

impl Context {
    pub(super) fn decompress(&mut self, source: &[u8], target: &mut [u8]) -> Outcome {
        let context = match &mut self.0 {
            Some(context) => context,
            empty => empty.insert(zstd_safe::DCtx::try_create().ok_or("no memory for a context")?),
        };
        let size = target.len();
        let written = context.decompress(target, source).map_err(|code| zstd_safe::get_error_name(code).to_owned())?;
        exactly(written, size)
    }
}

/// The size that the first frame says it becomes. Of several frames, all of them become more.
pub(super) fn stated_size(source: &[u8]) -> Option<u64> {
    zstd_safe::get_frame_content_size(source).ok().flatten()
}
