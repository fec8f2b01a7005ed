//! The query of a request: names and values as they were meant, every one accounted for.

use axum::http::HeaderValue;
use baton_core::limits::{PAGE_ROWS_MAX, QUERY_PARAMETERS_MAX};
use baton_core::refusal::Refusal;
use indexmap::IndexMap;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const PAGE_ROWS: usize = 50;

/// What each endpoint must say of every parameter: nothing is silently ignored.
#[derive(Clone, Debug, Default)]
pub struct Query {
    parameters: Vec<(String, String)>,
}

impl Query {
    pub fn parse(query: Option<&str>) -> Result<Query, Refusal> {
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let count = pairs.clone().count();
        if count > QUERY_PARAMETERS_MAX {
            return Err(bad("query", &format!("{count} parameters"), &format!("at most {QUERY_PARAMETERS_MAX} parameters")));
        }
        let parameters = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        Ok(Query { parameters: parameters.collect::<Result<_, Refusal>>()? })
    }

    /// For endpoints without parameters.
    pub fn expect_empty(&self) -> Result<(), Refusal> {
        self.expect_only(&[])
    }

    /// Refuses every parameter that is not named here, and a second value for one that is.
    pub fn expect_only(&self, names: &[&str]) -> Result<(), Refusal> {
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            if !names.contains(&name.as_str()) {
                return Err(Refusal::NotAParameter { name: name.clone() });
            }
            if self.parameters[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(bad(name, value, "one value"));
            }
        }
        Ok(())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(value) => Err(bad(name, value, "true or false")),
        }
    }

    /// A whole number of 1 to `max`.
    pub fn number(&self, name: &str, max: i64) -> Result<Option<i64>, Refusal> {
        self.number_from(name, 1, max)
    }

    pub fn number_from(&self, name: &str, least: i64, max: i64) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.parse().ok().filter(|number| (least..=max).contains(number) && digits);
        number.map(Some).ok_or_else(|| bad(name, value, &format!("a whole number from {least} to {max}")))
    }

    /// What divides the cells of a CSV.
    pub fn delimiter(&self) -> Result<Option<u8>, Refusal> {
        match self.get("_delimiter") {
            None => Ok(None),
            Some(",") => Ok(Some(b',')),
            Some(";") => Ok(Some(b';')),
            Some("tab" | "\t") => Ok(Some(b'\t')),
            Some(other) => Err(bad("_delimiter", other, "`,`, `;` or tab")),
        }
    }

    /// Takes out the parameters named here, each of which has one value at most; the others stay.
    pub fn take(&mut self, names: &[&str]) -> Result<Query, Refusal> {
        let (taken, others) = std::mem::take(&mut self.parameters).into_iter().partition(|(name, _)| names.contains(&name.as_str()));
        self.parameters = others;
        let taken = Query { parameters: taken };
        taken.expect_only(names)?;
        Ok(taken)
    }

    /// How many rows a page has.
    pub fn page_rows(&self) -> Result<usize, Refusal> {
        Ok(self.rows()?.unwrap_or(PAGE_ROWS))
    }

    /// The same where there need be no pages.
    pub fn rows(&self) -> Result<Option<usize>, Refusal> {
        Ok(self.number("_limit", PAGE_ROWS_MAX)?.and_then(|rows| usize::try_from(rows).ok()))
    }

    /// The `Link` to the next page: the same question, from `cursor` on.
    pub fn link_to_next(&self, path: &str, rows: usize, cursor: &str) -> HeaderValue {
        self.link_to_page(path, rows, "_cursor", cursor)
    }

    /// `name` says in which way `place` is where that page begins.
    pub fn link_to_page(&self, path: &str, rows: usize, name: &str, place: &str) -> HeaderValue {
        let mut next = format!("<{path}?_limit={rows}");
        for (name, value) in self.parameters.iter().filter(|(name, _)| !["_limit", "_cursor", "_offset"].contains(&name.as_str())) {
            next.push_str(&format!("&{}={}", encode(name), encode(value)));
        }
        next.push_str(&format!("&{name}={place}>; rel=\"next\""));
        HeaderValue::try_from(next).expect("a path, ids and what is percent-encoded are ASCII")
    }

    /// Names with all their values, in the order given. Names that begin with `_` are ours and never a column.
    pub fn columns(self) -> Result<Vec<(String, Vec<String>)>, Refusal> {
        let mut columns: IndexMap<String, Vec<String>> = IndexMap::new();
        for (name, value) in self.parameters {
            if name.starts_with('_') {
                return Err(Refusal::NotAParameter { name });
            }
            columns.entry(name).or_default().push(value);
        }
        Ok(columns.into_iter().collect())
    }
}

pub fn bad(name: &str, value: &str, allowed: &str) -> Refusal {
    Refusal::BadParameter { name: name.to_owned(), value: value.to_owned(), allowed: allowed.to_owned() }
}

/// `_` needs none, and our own names have it.
fn encode(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, const { &NON_ALPHANUMERIC.remove(b'_') })
}

/// As forms encode: `+` is a space.
fn decode(text: &str) -> Result<String, Refusal> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| bad("query", text, "percent-encoded UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_arrive_as_meant() {
        for (query, name, value) in [
            ("a=b", "a", "b"),
            ("a", "a", ""),
            ("a=b=c", "a", "b=c"),
            ("Company+Name=Acme%20%26+Co%2B", "Company Name", "Acme & Co+"),
            ("International%3F=true", "International?", "true"),
            ("&&%C3%A9=%F0%9F%8C%8A&", "é", "🌊"),
        ] {
            assert_eq!(Query::parse(Some(query)).unwrap().parameters, [(name.to_owned(), value.to_owned())], "{query}");
        }
        assert_eq!(Query::parse(Some("a=%ff")).unwrap_err(), bad("query", "%ff", "percent-encoded UTF-8"));
        assert!(Query::parse(None).unwrap().parameters.is_empty());
        let many = |count: usize| Query::parse(Some(&"a=b&".repeat(count)));
        assert_eq!(many(1000).unwrap().parameters.len(), 1000);
        assert_eq!(many(1001).unwrap_err(), bad("query", "1001 parameters", "at most 1000 parameters"));
    }

    #[test]
    fn what_nobody_asked_for_is_refused() {
        let query = |text: &str| Query::parse(Some(text)).unwrap();
        let unknown = |name: &str| Err(Refusal::NotAParameter { name: name.to_owned() });
        assert_eq!(query("x=1").expect_empty(), unknown("x"));
        assert_eq!(query("_limit=1&_x=2").expect_only(&["_limit"]), unknown("_x"));
        assert_eq!(query("_limit=1&_limit=2").expect_only(&["_limit"]), Err(bad("_limit", "2", "one value")));
        assert_eq!(query("Name=a&_sort=b").columns(), Err(Refusal::NotAParameter { name: "_sort".to_owned() }));
        assert_eq!(
            query("Name=a&Stage=x&Name=b").columns(),
            Ok(vec![("Name".to_owned(), vec!["a".to_owned(), "b".to_owned()]), ("Stage".to_owned(), vec!["x".to_owned()])])
        );
    }

    #[test]
    fn the_next_page_asks_the_same() {
        let query = Query::parse(Some("_cursor=9&_task=A%2f1+%E2%82%AC&_limit=2&_status=Fail")).unwrap();
        let link = query.link_to_next("/x", 2, "7");
        assert_eq!(link, "</x?_limit=2&_task=A%2F1%20%E2%82%AC&_status=Fail&_cursor=7>; rel=\"next\"");
    }

    #[test]
    fn numbers_and_flags_are_exact() {
        let query = |text: &str| Query::parse(Some(text)).unwrap();
        assert_eq!(query("_n=7").number("_n", 200), Ok(Some(7)));
        assert_eq!(query("").number("_n", 200), Ok(None));
        for value in ["0", "201", "-1", "+1", "1.0", "", "x", "99999999999999999999"] {
            let told = query(&format!("_n={}", value.replace('+', "%2B"))).number("_n", 200);
            assert_eq!(told, Err(bad("_n", value, "a whole number from 1 to 200")), "{value}");
        }
        assert_eq!(query("_f=true").flag("_f"), Ok(true));
        assert_eq!(query("_f=false").flag("_f"), Ok(false));
        assert_eq!(query("_f=1").flag("_f"), Err(bad("_f", "1", "true or false")));
    }
}
