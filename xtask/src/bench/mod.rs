#[derive(clap::Args)]
pub struct Options {}
pub fn run(_o: &Options) -> crate::Outcome { Ok(()) }
