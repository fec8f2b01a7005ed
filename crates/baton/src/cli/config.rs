use super::print;
use crate::settings::{self, Settings};
use crate::trouble::Trouble;

pub fn run(settings: &Settings) -> Result<(), Trouble> {
    print(settings::show(settings).trim_end())
}
