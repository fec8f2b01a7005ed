use super::print;
use crate::trouble::Trouble;

pub fn run() -> Result<(), Trouble> {
    print(&serde_json::to_string_pretty(baton_core::definition::schema()).expect("a schema is JSON"))
}
