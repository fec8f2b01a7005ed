//! `POST /api/v1/workflows/<w>/imports`: a CSV of tasks, read and stored while it comes, and carried out by a job once it is whole.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use baton_core::csv::{Bad, Reader, Row, header};
use baton_core::ids::Id;
use baton_core::limits::{IMPORT_CELL_BYTES, IMPORT_CHUNK_BYTES, IMPORT_CHUNK_ROWS};
use baton_core::refusal::{Refusal, Refusals};
use baton_engine::commands::imports;
use baton_engine::{Ask, BodyHash, Engine, Failure, IdempotencyScope, Outcome, Replayed, StoreError};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::body::Incoming;
use crate::call::Call;
use crate::openapi::docs::{Docs, Done, Format, Given, Parameter, Refuses, Takes};
use crate::openapi::nouns::IMPORTS;
use crate::openapi::parameters::{DELIMITERS, DRY_RUN, LOCATION, of_query};
use crate::openapi::schemas;
use crate::problem::Problem;
use crate::query::{Query, bad};
use crate::reply;
use crate::route::{Handled, Policy, Route};

pub const ROUTE: Route = Route { method: Method::POST, path: "/api/v1/workflows/{workflow}/imports", policy: Policy::Write, handle, docs };

const MAPPING: Parameter = of_query(
    "_mapping",
    Takes::Text,
    "A JSON object: the name of a field by the name of a column, or null for a column to leave out. Columns that it does not name go to the \
     fields of the same name; also `Stage` and `Assigned To`.",
    r#"{"Mail":"Email","Remark":null}"#,
);
const DELIMITER: Parameter = of_query("_delimiter", DELIMITERS, "Left out, the first line tells.", ";");

fn docs() -> Docs {
    Docs {
        id: "create_import",
        noun: &IMPORTS,
        title: "Import a CSV",
        text: "Answered when all of the file has come; carried out in the background. A row whose Unique ID a task has changes that task, any other \
               makes one. UTF-8, with a header. A dry run asks the same of the key.",
        parameters: &[MAPPING, DELIMITER, DRY_RUN],
        body: Some(Given {
            schema: schemas::text(),
            format: Format::Texts(&["text/csv"]),
            required: true,
            text: "The file. A line for the names of the columns, then one for each task.",
        }),
        answers: vec![
            Done::json(202, "It is in line.", schemas::object(json!({ "id": schemas::id(), "status": schemas::one_of(&["Pending"]) })))
                .with(&[LOCATION]),
        ],
        refuses: &[
            Refuses::Plain(&["too_many_imports", "too_many_uploads"]),
            Refuses::Fields(&["column_unknown", "column_missing", "column_twice"]),
        ],
    }
}

/// While others fill the store's queue, a piece waits for so long, again and again; a file that has half come is not refused lightly.
const ADD_AGAIN: Duration = Duration::from_millis(200);
const ADD_ATTEMPTS: u32 = 50;

#[derive(Serialize)]
struct Accepted {
    id: Id,
    status: &'static str,
}

fn handle(mut call: Call) -> Handled {
    Box::pin(async move {
        let query = call.query()?;
        query.expect_only(&["_mapping", "_delimiter", "_dry_run"])?;
        let delimiter = query.delimiter()?;
        let mut upload = Upload {
            engine: call.engine().clone(),
            ask: call.ask(),
            key: call.idempotency_scope()?,
            workflow: call.part("workflow"),
            mapping: mapping(&query)?,
            dry_run: query.flag("_dry_run")?,
            begun: None,
            rows: Vec::new(),
            bytes: 0,
        };
        let (mut incoming, place) = call.file("text/csv").await?;
        let hash = match upload.take(&mut incoming, Reader::new(delimiter)).await {
            Ok(hash) => hash,
            Err(problem) => {
                upload.give_up().await;
                drop(place);
                incoming.discard().await;
                return Err(problem);
            }
        };
        let Upload { begun: Some(begun), workflow, engine, ask, key, .. } = &upload else { unreachable!("a file that is whole has begun") };
        let (begun, workflow, key) = (begun.clone(), workflow.clone(), key.clone());
        let command = move |cx: &mut baton_engine::Cx<'_>| {
            let id = begun.clone()?;
            let import = imports::accept(cx, &workflow, id)?;
            let path = format!("/api/v1/workflows/{workflow}/imports/{}", import.id);
            let accepted = Accepted { id: import.id, status: import.status.name() };
            Ok(reply::located(reply::answer(StatusCode::ACCEPTED, &accepted), path))
        };
        let answered = engine.write_once(ask.clone(), key.map(|key| key.with(hash)), command).await;
        if !matches!(answered, Ok((_, Replayed(false)))) {
            upload.give_up().await;
        }
        Ok(reply::from_answer(answered?))
    })
}

fn mapping(query: &Query) -> Result<IndexMap<String, Option<String>>, Refusal> {
    let Some(text) = query.get("_mapping") else { return Ok(IndexMap::new()) };
    let wrong = || bad("_mapping", text, "a JSON object that has the name of a field, or null, by the name of a column");
    let Ok(Json::Object(mapping)) = crate::json::parse(text.as_bytes()) else { return Err(wrong()) };
    let target = |(column, target): (String, Json)| match target {
        Json::Null => Ok((column, None)),
        Json::String(name) => Ok((column, Some(name))),
        _ => Err(wrong()),
    };
    mapping.into_iter().map(target).collect()
}

/// A file on its way into the store.
struct Upload {
    engine: Engine,
    ask: Ask,
    key: Option<IdempotencyScope>,
    workflow: String,
    mapping: IndexMap<String, Option<String>>,
    dry_run: bool,
    /// The import, once the header is there; or why there is none, where the key has an answer already. Whether that is for this file
    /// shows at its end, and until then nothing of it is stored.
    begun: Option<Result<Id, Refusals>>,
    /// Those that are not stored yet, and what they take.
    rows: Vec<Row>,
    bytes: usize,
}

impl Upload {
    async fn take(&mut self, incoming: &mut Incoming<'_>, mut reader: Reader) -> Result<BodyHash, Problem> {
        incoming.check_size()?;
        let (mut hash, mut come, mut rows) = (BodyHash::default(), 0, Vec::new());
        while let Some(piece) = incoming.piece().await? {
            come += piece.len();
            if come > incoming.bytes_max {
                return Err(Refusal::TooLarge { bytes_max: incoming.bytes_max }.into());
            }
            hash.add(&piece);
            reader.read(&piece, &mut rows).map_err(invalid)?;
            self.keep(&mut rows).await?;
        }
        reader.end(&mut rows).map_err(invalid)?;
        self.keep(&mut rows).await?;
        if self.begun.is_none() {
            return Err(invalid(Bad { line: 1, why: "there is no header".to_owned() }).into());
        }
        self.store().await?;
        Ok(hash)
    }

    async fn keep(&mut self, rows: &mut Vec<Row>) -> Result<(), Problem> {
        for row in rows.drain(..) {
            match self.begun {
                None => {
                    self.begin(header(row).map_err(invalid)?).await?;
                    continue;
                }
                Some(Err(_)) => continue,
                Some(Ok(_)) => {}
            }
            let bytes: usize = row.cells.iter().map(|cell| cell.len() + IMPORT_CELL_BYTES).sum();
            if self.rows.len() == IMPORT_CHUNK_ROWS || (!self.rows.is_empty() && self.bytes + bytes > IMPORT_CHUNK_BYTES) {
                self.store().await?;
            }
            self.bytes += bytes;
            self.rows.push(row);
        }
        Ok(())
    }

    async fn begin(&mut self, header: Vec<String>) -> Outcome<()> {
        let (workflow, mapping, dry_run) = (self.workflow.clone(), self.mapping.clone(), self.dry_run);
        let begin = move |cx: &mut baton_engine::Cx<'_>| imports::begin(cx, &workflow, &header, &mapping, dry_run);
        self.begun = Some(match self.engine.write(self.ask.clone(), begin).await {
            Ok(id) => Ok(id),
            Err(Failure::Refused(refusals)) if self.has_answer().await? => Err(refusals),
            Err(failure) => return Err(failure),
        });
        Ok(())
    }

    /// A refusal that has come up since is none for who asks again.
    async fn has_answer(&self) -> Outcome<bool> {
        match &self.key {
            Some(key) => self.engine.has_answered(self.ask.clone(), key.clone()).await,
            None => Ok(false),
        }
    }

    /// The rows that have come since the last time.
    async fn store(&mut self) -> Outcome<()> {
        let Some(Ok(id)) = self.begun else { return Ok(()) };
        if self.rows.is_empty() {
            return Ok(());
        }
        let (count, content) = (self.rows.len(), Arc::new(imports::content(&self.rows)));
        self.rows.clear();
        self.bytes = 0;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let content = content.clone();
            let added = self.engine.write(self.ask.clone(), move |cx| imports::add(cx, id, count, &content)).await;
            match added {
                Err(Failure::Store(StoreError::Overloaded)) if attempts < ADD_ATTEMPTS => tokio::time::sleep(ADD_AGAIN).await,
                added => return added,
            }
        }
    }

    /// Nobody misses it: what this fails to do is done later by itself.
    async fn give_up(&self) {
        if let Some(Ok(id)) = self.begun {
            drop(self.engine.write(self.ask.clone(), move |cx| imports::give_up(cx, id)).await);
        }
    }
}

fn invalid(bad: Bad) -> Refusal {
    Refusal::BodyInvalid { format: "CSV", reason: bad.to_string() }
}
