//! `baton export`

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::fields;
use super::partial::{self, Partial};
use crate::remote::{Call, Remote, fresh_key};
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::wiring;

#[derive(clap::Args)]
pub struct Export {
    /// By name or id
    #[arg(long)]
    workflow: String,
    /// Where to write it [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only those with this value in a field, in Stage or in Assigned To; several fields must all hold, of several values of one any, and
    /// an empty value is blank
    #[arg(long, value_name = "NAME=VALUE", value_parser = fields::pair)]
    filter: Vec<(String, String)>,
    /// Only those that are not in an end stage
    #[arg(long)]
    active: bool,
    /// What divides the cells: what the spreadsheet that opens it divides by [default: ,]
    #[arg(long, value_parser = [",", ";", "tab"])]
    delimiter: Option<String>,
}

impl Export {
    pub fn run(self, settings: &Settings) -> Result<(), Trouble> {
        wiring::small_runtime()?.block_on(async {
            let remote = Remote::open(settings)?;
            let workflow = remote.workflow(&self.workflow).await?;
            let path = ["workflows", &workflow.id, "tasks", "active"];
            let call = Call::list(if self.active { &path[..] } else { &path[..3] }).query("_format", "csv");
            let call = self.delimiter.iter().fold(call, |call, delimiter| call.query("_delimiter", delimiter));
            let call = self.filter.iter().fold(call, |call, (name, value)| call.query(name, value));
            match &self.output {
                Some(path) => to_file(&remote, &call, path).await,
                None => remote.download(&call, &mut Stdout, "stdout").await,
            }
        })
    }
}

/// Under its name only once it is whole, and for those alone who could see what stood there. What is no file (a terminal, `/dev/null`) gets
/// it as it comes.
pub(super) async fn to_file(remote: &Remote, call: &Call, path: &Path) -> Result<(), Trouble> {
    let name = path.display().to_string();
    let unwritten = |error: io::Error| Trouble::unwritten(&name, &error);
    // Where a link leads to, for the link stays.
    let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let before = place.metadata().ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        return remote.download(call, &mut File::options().write(true).open(&place).map_err(unwritten)?, &name).await;
    }
    let mut partial = begin(&place, before.as_ref()).map_err(unwritten)?;
    remote.download(call, &mut partial.file, &name).await?;
    partial.keep(&place).map_err(unwritten)
}

/// Beside it, under a name that nobody else gives a file.
fn begin(place: &Path, before: Option<&Metadata>) -> io::Result<Partial> {
    let mut path = place.as_os_str().to_owned();
    path.push(format!(".{:.8}.part", fresh_key()));
    let path = PathBuf::from(path);
    let file = partial::create(&path, if before.is_some() { 0o600 } else { 0o666 })?;
    let partial = Partial::new(file, path);
    if let Some(before) = before {
        partial.file.set_permissions(before.permissions())?;
    }
    Ok(partial)
}

/// Who reads it may have seen enough.
struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match io::stdout().write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}
