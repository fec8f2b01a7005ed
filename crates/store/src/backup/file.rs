//! The format: gzip around lines of JSON, so that `zcat` and `jq` can read it.
//!
//! First a line with the origin. Then each table: a line with its name and columns, and a line for each row, which is a list of the
//! columns; bytes are in Base64. The last line has the number of rows and the SHA-256 of all the lines before it: what is cut off or
//! changed is noticed before anything is written. It is no signature: whoever can change a file on purpose can also say its sum anew.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use baton_core::time::{Timestamp, parse_datetime};
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Cell, Kind, Origin, Table};
use crate::{Row, StoreError};

const FORMAT: u32 = 1;
/// Of one row; nothing that Baton stores comes near it. Longer lines are no backup's.
const LINE_BYTES_MAX: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Mark {
    Backup { format: u32, schema: i64, program: String, made_at: String },
    Table { name: String, columns: Vec<String> },
    End { rows: u64, sha256: String },
}

pub(super) struct Writer<W: Write> {
    out: GzEncoder<W>,
    sum: Sha256,
    line: Vec<u8>,
    rows: u64,
}

impl<W: Write> Writer<W> {
    pub fn begin(out: W, origin: &Origin) -> Result<Writer<W>, StoreError> {
        // Whatever compresses better takes several times as long.
        let out = GzEncoder::new(out, Compression::fast());
        let mut writer = Writer { out, sum: Sha256::new(), line: Vec::new(), rows: 0 };
        let (program, made_at) = (origin.program.clone(), origin.made_at.to_string());
        writer.mark(&Mark::Backup { format: FORMAT, schema: origin.schema, program, made_at })?;
        Ok(writer)
    }

    pub fn table(&mut self, table: &Table) -> Result<(), StoreError> {
        self.mark(&Mark::Table { name: table.name.clone(), columns: table.column_names() })
    }

    pub fn row(&mut self, row: &dyn Row, table: &Table) -> Result<(), StoreError> {
        self.line.push(b'[');
        for (place, (_, kind)) in table.columns.iter().enumerate() {
            if place > 0 {
                self.line.push(b',');
            }
            let line = &mut self.line;
            match kind {
                Kind::Int => put(line, &row.opt_int(place)?)?,
                Kind::Text => put(line, &row.opt_text(place)?)?,
                Kind::Bytes => put(line, &row.opt_bytes(place)?.map(|bytes| BASE64.encode(bytes)))?,
            }
        }
        self.line.push(b']');
        self.rows += 1;
        self.end_line()
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    pub fn end(mut self) -> Result<u64, StoreError> {
        let (rows, sha256) = (self.rows, hex(&self.sum.clone().finalize()));
        self.mark(&Mark::End { rows, sha256 })?;
        self.out.finish().and_then(|mut out| out.flush()).map_err(|error| unwritten(&error))?;
        Ok(rows)
    }

    fn mark(&mut self, mark: &Mark) -> Result<(), StoreError> {
        put(&mut self.line, mark)?;
        self.end_line()
    }

    fn end_line(&mut self) -> Result<(), StoreError> {
        self.line.push(b'\n');
        self.sum.update(&self.line);
        let written = self.out.write_all(&self.line);
        self.line.clear();
        written.map_err(|error| unwritten(&error))
    }
}

fn put(line: &mut Vec<u8>, value: &impl Serialize) -> Result<(), StoreError> {
    serde_json::to_writer(line, value).map_err(|error| StoreError::Sql(format!("a row can't be written: {error}")))
}

fn unwritten(error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::Refused(format!("there is no room for the backup: {error}"))
        }
        _ => StoreError::Refused(format!("the backup can't be written: {error}")),
    }
}

pub(super) struct Reader<'p> {
    path: &'p Path,
    lines: BufReader<GzDecoder<BufReader<Counted>>>,
    sum: Sha256,
    line: Vec<u8>,
    rows: u64,
    read: Arc<AtomicU64>,
}

#[derive(Debug)]
pub(super) enum Entry<'a> {
    Table { name: String, columns: Vec<String> },
    Row(Cells<'a>),
    End,
}

/// A row that is not yet read.
#[derive(Debug)]
pub(super) struct Cells<'a>(&'a [u8]);

impl<'p> Reader<'p> {
    pub fn begin(path: &'p Path) -> Result<(Reader<'p>, Origin), StoreError> {
        let unread = |error: io::Error| StoreError::Refused(format!("{} can't be read: {error}", path.display()));
        let file = File::open(path).map_err(unread)?;
        let read = Arc::new(AtomicU64::new(0));
        let counted = BufReader::with_capacity(1 << 16, Counted { file, read: read.clone() });
        let lines = BufReader::with_capacity(1 << 16, GzDecoder::new(counted));
        let mut reader = Reader { path, lines, sum: Sha256::new(), line: Vec::new(), rows: 0, read };
        let no_backup = |what: &str| StoreError::Refused(format!("{} is no backup of Baton: {what}", path.display()));
        reader.next_line().map_err(|error| no_backup(&error.to_string()))?;
        let Ok(Mark::Backup { format, schema, program, made_at }) = serde_json::from_slice(&reader.line) else {
            return Err(no_backup("it does not begin like one"));
        };
        if format != FORMAT {
            let what = format!(
                "{} has format {format}, written by Baton {program}; this one reads format {FORMAT}: use the newer one",
                path.display()
            );
            return Err(StoreError::Refused(what));
        }
        let made_at: Timestamp = parse_datetime(&made_at).ok_or_else(|| no_backup("it does not say when it was made"))?;
        reader.sum.update(&reader.line);
        Ok((reader, Origin { schema, program, made_at }))
    }

    /// After [`Entry::End`], which is told only where all before it is as it was written, there is nothing more.
    pub fn next(&mut self) -> Result<Entry<'_>, StoreError> {
        self.next_line().map_err(|error| self.damaged(&error.to_string()))?;
        if self.line.starts_with(b"[") {
            self.sum.update(&self.line);
            self.rows += 1;
            return Ok(Entry::Row(Cells(&self.line)));
        }
        match serde_json::from_slice(&self.line) {
            Ok(Mark::Table { name, columns }) => {
                self.sum.update(&self.line);
                Ok(Entry::Table { name, columns })
            }
            Ok(Mark::End { rows, sha256 }) => self.check_end(rows, &sha256).map(|()| Entry::End),
            _ => Err(self.damaged("a line is neither a table nor a row")),
        }
    }

    fn check_end(&mut self, rows: u64, sha256: &str) -> Result<(), StoreError> {
        if rows != self.rows || sha256 != hex(&self.sum.clone().finalize()) {
            return Err(self.damaged("its checksum is another"));
        }
        // The end of the gzip too, with the sum that it has itself.
        let mut byte = [0];
        let more = self.lines.read(&mut byte).map_err(|error| self.damaged(&error.to_string()))?;
        let behind = self.lines.get_mut().get_mut().read(&mut byte).map_err(|error| self.damaged(&error.to_string()))?;
        if more + behind > 0 { Err(self.damaged("it goes on behind its end")) } else { Ok(()) }
    }

    /// Bytes of the file.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    pub fn damaged(&self, what: &str) -> StoreError {
        StoreError::Refused(format!("{} is damaged or cut off: {what}; nothing of it was restored", self.path.display()))
    }

    fn next_line(&mut self) -> io::Result<()> {
        self.line.clear();
        (&mut self.lines).take(LINE_BYTES_MAX).read_until(b'\n', &mut self.line)?;
        if self.line.ends_with(b"\n") { Ok(()) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof)) }
    }
}

/// A file that tells, from anywhere, how much of it has been read.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Cells<'_> {
    pub fn read(&self, columns: &[(String, Kind)]) -> Result<Vec<Cell>, String> {
        let mut json = serde_json::Deserializer::from_slice(self.0);
        RowOf(columns).deserialize(&mut json).and_then(|cells| json.end().map(|()| cells)).map_err(|error| error.to_string())
    }
}

struct RowOf<'c>(&'c [(String, Kind)]);

impl<'de> DeserializeSeed<'de> for RowOf<'_> {
    type Value = Vec<Cell>;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Vec<Cell>, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowOf<'_> {
    type Value = Vec<Cell>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a row of {} columns", self.0.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<Vec<Cell>, A::Error> {
        let mut cells = Vec::with_capacity(self.0.len());
        for (name, kind) in self.0 {
            let missing = || A::Error::custom(format!("column {name} is missing"));
            cells.push(match kind {
                Kind::Int => row.next_element::<Option<i64>>()?.ok_or_else(missing)?.map_or(Cell::Null, Cell::Int),
                Kind::Text => row.next_element::<Option<String>>()?.ok_or_else(missing)?.map_or(Cell::Null, Cell::Text),
                Kind::Bytes => match row.next_element::<Option<String>>()?.ok_or_else(missing)? {
                    None => Cell::Null,
                    Some(text) => Cell::Bytes(BASE64.decode(text).map_err(|error| A::Error::custom(format!("{name}: {error}")))?),
                },
            });
        }
        Ok(cells)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
