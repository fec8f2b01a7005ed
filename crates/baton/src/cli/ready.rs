//! `baton ready`

use crate::remote::check_ready;
use crate::settings::Settings;
use crate::trouble::Trouble;
use crate::wiring;

pub fn run(settings: &Settings) -> Result<(), Trouble> {
    wiring::small_runtime()?.block_on(check_ready(settings))
}
