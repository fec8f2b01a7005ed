//! The reference at `/api/docs`: pages made from what the endpoints say of themselves and from the documents of this repository.
//! Nothing on them comes from elsewhere, and all of it can be read without JavaScript.

mod documents;
mod endpoint;
mod frame;
mod html;
mod shapes;
mod start;

use std::collections::HashMap;

use bytes::Bytes;

use crate::openapi::nouns::NOUNS;
use crate::route::{ROUTES, Route};

pub struct Page {
    pub content_type: &'static str,
    pub body: Bytes,
}

pub type Pages = HashMap<&'static str, Page>;

const STYLE: &str = include_str!("style.css");
const SEARCH: &str = include_str!("search.js");

/// Every page by its name in the path; the first has none. Examples ask the server at `public_url`.
pub fn pages(public_url: &str) -> Pages {
    let mut pages = Pages::new();
    let mut add = |name, title: &str, content: String| {
        let body = frame::framed(name, title, &content.replace(crate::openapi::examples::HOST, &html::escaped(public_url)));
        pages.insert(name, Page { content_type: "text/html; charset=utf-8", body: body.into() });
    };
    add("", "Start", start::page());
    for noun in NOUNS {
        add(noun.page, noun.name, endpoint::page(noun));
    }
    add("shapes", "Shapes", shapes::page());
    for document in documents::DOCUMENTS {
        add(document.page, document.title, documents::page(document));
    }
    pages.insert("style.css", Page { content_type: "text/css; charset=utf-8", body: STYLE.into() });
    pages.insert("search.js", Page { content_type: "text/javascript; charset=utf-8", body: SEARCH.into() });
    pages
}

/// Endpoints under the noun of each, in the order of the table.
fn endpoints_of(page: &str) -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(move |route| (route.docs)().noun.page == page)
}
