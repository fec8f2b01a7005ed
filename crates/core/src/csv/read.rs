//! Rows out of bytes, as they arrive. What is not as RFC 4180 says is refused with its line: a file that was read in another way than it
//! was meant would fill a workflow with rubbish.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::DELIMITERS;
use super::guard::unguard;
use crate::limits::{IMPORT_COLUMNS_MAX, IMPORT_ROW_BYTES_MAX};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A row and the line that it begins in, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub line: u64,
    /// Without the quotes that keep them from being formulas.
    pub cells: Vec<String>,
}

/// Why a file can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    pub line: u64,
    pub why: String,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}", self.why, self.line)
    }
}

pub struct Reader {
    delimiter: Option<u8>,
    /// The first line, until it is whole: it tells what divides the cells.
    opening: Option<Opening>,
    at: At,
    line: u64,
    /// Where the row began, and the last quote that is open.
    row_line: u64,
    quote_line: u64,
    cell: Vec<u8>,
    cells: Vec<String>,
    row_bytes: usize,
    columns: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    RowStart,
    CellStart,
    Plain,
    Quoted,
    /// Behind a quote in a quoted cell: its end, or the first half of a quote that belongs to it.
    Quote,
    /// Behind a carriage return: in a row, or in a line with nothing in it.
    Return,
    ReturnAtStart,
}

#[derive(Default)]
struct Opening {
    bytes: Vec<u8>,
    looked_at: usize,
    /// Something stands in it that is no line break.
    begun: bool,
    quoted: bool,
}

impl Reader {
    /// Without a delimiter it is what the first line has most of: a comma, a semicolon or a tab.
    pub fn new(delimiter: Option<u8>) -> Reader {
        Reader {
            delimiter,
            opening: Some(Opening::default()),
            at: At::RowStart,
            line: 1,
            row_line: 1,
            quote_line: 1,
            cell: Vec::new(),
            cells: Vec::new(),
            row_bytes: 0,
            columns: None,
        }
    }

    /// Adds the rows that are whole now.
    pub fn read(&mut self, bytes: &[u8], rows: &mut Vec<Row>) -> Result<(), Bad> {
        match &mut self.opening {
            None => self.take(bytes, rows),
            Some(opening) => {
                if !opening.is_whole_with(bytes) {
                    return if opening.bytes.len() > IMPORT_ROW_BYTES_MAX { Err(self.too_large()) } else { Ok(()) };
                }
                self.open(rows)
            }
        }
    }

    /// Nothing follows: the last row needs no line break.
    pub fn end(&mut self, rows: &mut Vec<Row>) -> Result<(), Bad> {
        self.open(rows)?;
        match self.at {
            At::RowStart => Ok(()),
            At::CellStart | At::Plain | At::Quote => self.end_row(rows),
            At::Quoted => Err(Bad { line: self.quote_line, why: "a quote is opened and never closed".to_owned() }),
            At::Return | At::ReturnAtStart => Err(self.bad("a carriage return stands without a line feed")),
        }
    }

    fn open(&mut self, rows: &mut Vec<Row>) -> Result<(), Bad> {
        let Some(opening) = self.opening.take() else { return Ok(()) };
        let bytes = opening.bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&opening.bytes);
        self.delimiter.get_or_insert_with(|| delimiter_of(bytes));
        self.take(bytes, rows)
    }

    fn take(&mut self, bytes: &[u8], rows: &mut Vec<Row>) -> Result<(), Bad> {
        let delimiter = self.delimiter.unwrap_or(b',');
        let mut left = bytes;
        while let Some(byte) = left.first().copied() {
            // Most bytes are no more than part of a cell.
            let run = match self.at {
                At::Plain => left.iter().position(|byte| *byte == delimiter || matches!(byte, b'"' | b'\r' | b'\n')),
                At::Quoted => left.iter().position(|byte| matches!(byte, b'"' | b'\n')),
                _ => Some(0),
            };
            let run = run.unwrap_or(left.len());
            if run > 0 {
                self.extend(&left[..run])?;
                left = &left[run..];
                continue;
            }
            left = &left[1..];
            self.step(byte, delimiter, rows)?;
        }
        Ok(())
    }

    fn step(&mut self, byte: u8, delimiter: u8, rows: &mut Vec<Row>) -> Result<(), Bad> {
        match (self.at, byte) {
            (At::RowStart, b'\n') => self.line += 1,
            (At::RowStart, b'\r') => self.at = At::ReturnAtStart,
            (At::ReturnAtStart, b'\n') => (self.at, self.line) = (At::RowStart, self.line + 1),
            (At::Quoted, b'"') => self.at = At::Quote,
            (At::Quoted, byte) => {
                self.extend(&[byte])?;
                self.line += u64::from(byte == b'\n');
            }
            (At::Quote, b'"') => {
                self.extend(b"\"")?;
                self.at = At::Quoted;
            }
            (At::RowStart | At::CellStart, b'"') => {
                self.begin();
                (self.at, self.quote_line) = (At::Quoted, self.line);
            }
            (At::RowStart | At::CellStart | At::Plain | At::Quote, byte) if byte == delimiter => {
                self.begin();
                self.end_cell()?;
                self.at = At::CellStart;
            }
            (At::CellStart | At::Plain | At::Quote, b'\r') => self.at = At::Return,
            (At::CellStart | At::Plain | At::Quote | At::Return, b'\n') => {
                self.end_row(rows)?;
                self.line += 1;
            }
            (At::Plain, b'"') => return Err(self.bad("a quote stands in a cell that does not begin with one")),
            (At::Quote, _) => return Err(self.bad("something follows a closing quote")),
            (At::Return | At::ReturnAtStart, _) => return Err(self.bad("a carriage return stands without a line feed")),
            (At::RowStart | At::CellStart | At::Plain, byte) => {
                self.begin();
                self.extend(&[byte])?;
                self.at = At::Plain;
            }
        }
        Ok(())
    }

    fn begin(&mut self) {
        if self.at == At::RowStart {
            self.row_line = self.line;
        }
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), Bad> {
        self.row_bytes += bytes.len();
        if self.row_bytes > IMPORT_ROW_BYTES_MAX {
            return Err(self.too_large());
        }
        self.cell.extend_from_slice(bytes);
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), Bad> {
        if self.cells.len() == self.columns.unwrap_or(IMPORT_COLUMNS_MAX) {
            return Err(self.wrong_count("more"));
        }
        let text = std::str::from_utf8(&self.cell).map_err(|_| Bad { line: self.row_line, why: "text must be UTF-8".to_owned() })?;
        self.cells.push(unguard(text).to_owned());
        self.cell.clear();
        Ok(())
    }

    fn end_row(&mut self, rows: &mut Vec<Row>) -> Result<(), Bad> {
        self.end_cell()?;
        if self.cells.len() < self.columns.unwrap_or(0) {
            return Err(self.wrong_count(&self.cells.len().to_string()));
        }
        let columns = *self.columns.get_or_insert(self.cells.len());
        rows.push(Row { line: self.row_line, cells: std::mem::replace(&mut self.cells, Vec::with_capacity(columns)) });
        (self.at, self.row_bytes) = (At::RowStart, 0);
        Ok(())
    }

    fn wrong_count(&self, has: &str) -> Bad {
        let why = match self.columns {
            Some(columns) => format!("a row has {has} cells where the header has {columns}"),
            None => format!("the header has more than {IMPORT_COLUMNS_MAX} columns"),
        };
        Bad { line: self.row_line, why }
    }

    fn too_large(&self) -> Bad {
        Bad { line: self.row_line, why: format!("a row is larger than {} MiB", IMPORT_ROW_BYTES_MAX / (1024 * 1024)) }
    }

    fn bad(&self, why: &str) -> Bad {
        Bad { line: self.line, why: why.to_owned() }
    }
}

impl Opening {
    /// Whether a line is whole that has something in it.
    fn is_whole_with(&mut self, bytes: &[u8]) -> bool {
        self.bytes.extend_from_slice(bytes);
        while let Some(byte) = self.bytes.get(self.looked_at) {
            self.looked_at += 1;
            match byte {
                b'"' => self.quoted = !self.quoted,
                b'\n' if !self.quoted && self.begun => return true,
                b'\r' | b'\n' => continue,
                _ => {}
            }
            self.begun = true;
        }
        false
    }
}

/// What the first line has most of, outside of quotes; a comma where it has none of them, or as many.
fn delimiter_of(bytes: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let (mut quoted, mut is_blank) = (false, true);
    for byte in bytes {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted && !is_blank => break,
            byte if !quoted => {
                if let Some(which) = DELIMITERS.iter().position(|delimiter| delimiter == byte) {
                    counts[which] += 1;
                }
            }
            _ => {}
        }
        is_blank &= matches!(byte, b'\r' | b'\n');
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let which = counts.iter().position(|count| *count == most).unwrap_or(0);
    DELIMITERS[which]
}
