use super::print;
use crate::trouble::Trouble;

pub fn run() -> Result<(), Trouble> {
    print(&serde_json::to_string_pretty(baton_api::openapi_document()).expect("a document is JSON"))
}
