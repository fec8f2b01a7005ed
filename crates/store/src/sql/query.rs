//! A statement in the making, with its parameters numbered as they appear. Everything that a caller wrote is a parameter, never text.

use crate::Param;

pub(super) struct Query<'a> {
    pub sql: String,
    pub params: Vec<Param<'a>>,
}

impl<'a> Query<'a> {
    pub fn new(sql: &str) -> Query<'a> {
        Query { sql: sql.to_owned(), params: Vec::new() }
    }

    pub fn text(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    pub fn param(&mut self, param: impl Into<Param<'a>>) {
        self.params.push(param.into());
        self.sql.push_str(&format!("${}", self.params.len()));
    }

    pub fn list(&mut self, params: impl IntoIterator<Item = Param<'a>>) {
        self.text("(");
        for (index, param) in params.into_iter().enumerate() {
            self.text(if index == 0 { "" } else { ", " });
            self.param(param);
        }
        self.text(")");
    }
}
