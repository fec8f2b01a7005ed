//! Rows as bytes.

use super::guard::guard;

/// One line of a file: guarded, and quoted where it must be.
pub fn write_row<T: AsRef<str>>(out: &mut Vec<u8>, delimiter: u8, cells: impl IntoIterator<Item = T>) {
    let begin = out.len();
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            out.push(delimiter);
        }
        write_cell(out, &guard(cell.as_ref()));
    }
    // A line with nothing in it would be none.
    if out.len() == begin {
        out.extend_from_slice(b"\"\"");
    }
    out.extend_from_slice(b"\r\n");
}

fn write_cell(out: &mut Vec<u8>, cell: &str) {
    // Who finds out the delimiter must not see another one, nor what begins a file.
    let is_plain = !cell.contains([',', ';', '\t', '"', '\r', '\n', '\u{feff}']);
    if is_plain {
        return out.extend_from_slice(cell.as_bytes());
    }
    out.push(b'"');
    for (index, part) in cell.split('"').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'"');
}
