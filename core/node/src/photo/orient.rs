//! Which way up: the only thing that is read from what a camera writes beside a picture.

use exif::{In, Reader, Tag};

/// The EXIF orientation, 1 (upright) if none can be read.
pub(super) fn of(exif: Option<&[u8]>) -> u32 {
    let Some(exif) = exif else { return 1 };
    // Cameras' own fields are often not quite right; what was read before them counts.
    let read = Reader::new()
        .continue_on_error(true)
        .read_raw(exif.to_vec())
        .or_else(|error| error.distill_partial_result(|_| {}));
    read.ok()
        .and_then(|fields| fields.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0))
        .filter(|orientation| (1..=8).contains(orientation))
        .unwrap_or(1)
}
