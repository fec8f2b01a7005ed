//! What the API says of itself: as one document, and as pages.

pub mod openapi;
pub mod page;
pub mod start;
