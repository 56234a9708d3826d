//! What a device writes by itself: `(rows, now) -> acts`.
