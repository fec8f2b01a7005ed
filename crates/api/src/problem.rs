//! What goes wrong, as HTTP says it: the one place that gives a refusal its status.

use axum::body::Body;
use axum::http::header::{ALLOW, CONNECTION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{Response, StatusCode};
use baton_core::limits::UPLOADS_MAX;
use baton_core::refusal::{Refusal, Refusals};
use baton_engine::{Failure, StoreError};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::reply;

/// Why a request was not done.
#[derive(Debug)]
pub enum Problem {
    /// Found in the request before it was known who calls; a stranger is told only that.
    Request(Refusals),
    Command(Failure),
    /// Other large bodies take up the memory that is set aside for them.
    NoRoom,
    /// The node takes in as many files as it may.
    NoPlace,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem::Request(refusal.into())
    }
}

impl From<Refusals> for Problem {
    fn from(refusals: Refusals) -> Problem {
        Problem::Request(refusals)
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        Problem::Command(failure)
    }
}

/// Seconds that a caller is asked to wait.
const RETRY_SOON: &str = "1";
const RETRY_LATER: &str = "5";
/// A file takes long to be sent in vain, and those before it take longer.
const RETRY_WITH_FILE: &str = "10";

pub fn response(failure: Failure, request_id: &str) -> Response<Body> {
    match failure {
        Failure::Refused(refusals) => refused(&refusals),
        Failure::Store(error) => store_failed(&error, request_id),
    }
}

/// The codes of what was refused, beside an answer: words can't be told apart by program, and tests hold codes to the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalCodes(pub Vec<&'static str>);

pub fn refused(refusals: &Refusals) -> Response<Body> {
    let (status, body) = match refusals {
        Refusals::Plain(refusal) => (status(refusal), json!({ "errors": [refusal.to_string()] })),
        Refusals::Fields(fields) => (StatusCode::UNPROCESSABLE_ENTITY, json!({ "errors": by_name(fields) })),
        Refusals::Items(items) => {
            let errors: Map<String, Json> = items.iter().map(|(item, fields)| (item.to_string(), by_name(fields))).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, json!({ "errors": errors }))
        }
        Refusals::Action(refusals) => (action_status(refusals), json!({ "status": "Fail", "errors": as_json(refusals) })),
    };
    let mut response = reply::json(status, &body);
    response.extensions_mut().insert(RefusalCodes(refusals.codes()));
    match refusals {
        _ if status == StatusCode::UNAUTHORIZED => {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Refusals::Plain(Refusal::TooManyRequests { seconds, .. }) => {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        Refusals::Plain(Refusal::TooManyImports | Refusal::TooManyUploads) => {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_WITH_FILE));
        }
        _ if status == StatusCode::TOO_MANY_REQUESTS => {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SOON));
        }
        // The rest of its body may still come, and is not the next request.
        _ if status == StatusCode::REQUEST_TIMEOUT => {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Refusals::Plain(Refusal::WrongMethod { allowed, .. }) => {
            response.headers_mut().insert(ALLOW, HeaderValue::from_str(allowed).expect("methods are ASCII"));
        }
        _ => {}
    }
    response
}

/// What HTTP says of a refusal where the path is concerned, for the documents.
pub fn status_of(refusal: &Refusal) -> u16 {
    status(refusal).as_u16()
}

fn by_name(fields: &IndexMap<String, Vec<Refusal>>) -> Json {
    fields.iter().map(|(name, refusals)| (name.clone(), as_json(refusals))).collect()
}

fn as_json(refusals: &[Refusal]) -> Json {
    refusals.iter().map(|refusal| Json::String(refusal.to_string())).collect()
}

/// Taking an action names its task and action in the body, so that one not found is a wrong body, not a wrong path.
fn action_status(refusals: &[Refusal]) -> StatusCode {
    match refusals.first() {
        None | Some(Refusal::NotFound { .. }) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(refusal) => status(refusal),
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::KeyMissing | Refusal::KeyMalformed | Refusal::KeyUnknown | Refusal::KeyRevoked | Refusal::KeyExpired => {
            StatusCode::UNAUTHORIZED
        }
        Refusal::KeyReadOnly | Refusal::KeyLacksRight { .. } | Refusal::MayNotPerform { .. } => StatusCode::FORBIDDEN,
        Refusal::NotFound { .. } => StatusCode::NOT_FOUND,
        Refusal::TooManyWaiting | Refusal::TooManyImports | Refusal::TooManyUploads | Refusal::TooManyRequests { .. } => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Refusal::BodyInvalid { .. } | Refusal::BodyBroken => StatusCode::BAD_REQUEST,
        Refusal::BodyTooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
        Refusal::WrongMethod { .. } => StatusCode::METHOD_NOT_ALLOWED,
        Refusal::WrongContentType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Refusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::VersionMoved { .. } => StatusCode::PRECONDITION_FAILED,
        Refusal::RowsGone => StatusCode::GONE,
        Refusal::HasEnded
        | Refusal::ImportHasEnded
        | Refusal::HasNotFailed
        | Refusal::RetryPending { .. }
        | Refusal::RetrySucceeded { .. }
        | Refusal::QuoteInvalid
        | Refusal::QuoteExpired
        | Refusal::NotAsQuoted { .. }
        | Refusal::ChangedSinceQuote { .. }
        | Refusal::OtherExecution => StatusCode::CONFLICT,
        Refusal::IdRequired { .. }
        | Refusal::NotOfWorkflow { .. }
        | Refusal::WrongStage { .. }
        | Refusal::FieldRequired { .. }
        | Refusal::ChecklistIncomplete
        | Refusal::NotAssigned
        | Refusal::NotAssignedToYou
        | Refusal::SomebodyElse
        | Refusal::Custom { .. }
        | Refusal::QuoteRequired { .. }
        | Refusal::IsInvalid
        | Refusal::IsRequired
        | Refusal::IsNotAField
        | Refusal::IsNotEditable
        | Refusal::IsNotAnOption
        | Refusal::IsTaken
        | Refusal::IsNotAUserOfWorkspace
        | Refusal::IsNotAUserOfWorkflow
        | Refusal::IsNotAStage
        | Refusal::IsTooLong { .. }
        | Refusal::NoPerson
        | Refusal::NobodyLeft
        | Refusal::NoTask
        | Refusal::PartGone { .. }
        | Refusal::UserGone { .. }
        | Refusal::FieldRefused { .. }
        | Refusal::Interrupted { .. }
        | Refusal::Panicked { .. }
        | Refusal::WorkflowGone
        | Refusal::CallFailed { .. }
        | Refusal::OutcomeUnknown
        | Refusal::AnswerInvalid { .. }
        | Refusal::NotInAnswer { .. }
        | Refusal::NotAnEmail { .. }
        | Refusal::NoRecipient
        | Refusal::NoMailServer
        | Refusal::SecretMissing { .. }
        | Refusal::SecretUnfit
        | Refusal::TimeIsUp
        | Refusal::Cancelled { .. }
        | Refusal::ColumnUnknown { .. }
        | Refusal::ColumnMissing { .. }
        | Refusal::ColumnTwice { .. }
        | Refusal::RowsRefused { .. }
        | Refusal::RowHeldBack
        | Refusal::RowNotReached
        | Refusal::ImportInterrupted { .. }
        | Refusal::BodyShape { .. }
        | Refusal::WorkflowArchived
        | Refusal::KeyReused
        | Refusal::NotAParameter { .. }
        | Refusal::BadParameter { .. }
        | Refusal::ListHasChanged
        | Refusal::InCondition { .. }
        | Refusal::IsNotSortable
        | Refusal::IsNamedTwice
        | Refusal::ItemFromTemplate { .. }
        | Refusal::LastAdministrator
        | Refusal::AccountKeepsPassword
        | Refusal::LastAdmin
        | Refusal::IsDeactivated
        | Refusal::Definition { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// The log has what happened; the caller is told what to do, and nothing of the inside.
fn store_failed(error: &StoreError, request_id: &str) -> Response<Body> {
    log(error);
    match sentence_of(error) {
        Some((sentence, retry_after)) => unavailable(sentence, retry_after),
        None => fault(request_id),
    }
}

fn log(error: &StoreError) {
    tracing::error!(%error, "a request failed in the store");
}

/// `None`: a mistake of ours.
fn sentence_of(error: &StoreError) -> Option<(&'static str, &'static str)> {
    match error {
        StoreError::Unavailable(_) => Some(("The store can't be reached; nothing has happened, try again later", RETRY_LATER)),
        StoreError::Full(_) => Some(("The store is full; nothing has happened, try again when there is room", RETRY_LATER)),
        StoreError::Overloaded => Some(("Too much waits to be done; nothing has happened, try again later", RETRY_SOON)),
        StoreError::OutcomeUnknown(_) => Some((
            "The connection to the store broke while saving; ask again with the same Idempotency-Key to learn the outcome",
            RETRY_SOON,
        )),
        StoreError::Duplicate { .. }
        | StoreError::LeaseLost
        | StoreError::Corrupt { .. }
        | StoreError::InUse(_)
        | StoreError::Refused(_)
        | StoreError::Newer { .. }
        | StoreError::Sql(_) => None,
    }
}

/// A failure as it is told of one among many, in the words that it would have had alone.
pub fn sentences(failure: &Failure, request_id: &str) -> Vec<String> {
    match failure {
        Failure::Refused(refusals) => sentences_of(refusals),
        Failure::Store(error) => {
            log(error);
            vec![sentence_of(error).map_or_else(|| fault_sentence(request_id), |(sentence, _)| sentence.to_owned())]
        }
    }
}

pub fn sentences_of(refusals: &Refusals) -> Vec<String> {
    refusals.clone().each().iter().map(Refusal::to_string).collect()
}

pub fn no_room() -> Response<Body> {
    unavailable("Too many large bodies are being read; nothing has happened, try again later", RETRY_SOON)
}

pub fn no_place() -> Response<Body> {
    unavailable(&format!("{UPLOADS_MAX} files are being taken in on this node; nothing has happened, try again later"), RETRY_WITH_FILE)
}

pub fn stopping() -> Response<Body> {
    unavailable("This node is stopping; ask another one", RETRY_LATER)
}

fn unavailable(sentence: &str, retry_after: &'static str) -> Response<Body> {
    let mut response = reply::json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "errors": [sentence] }));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
    response
}

/// A mistake of ours, logged by whoever met it.
pub fn fault(request_id: &str) -> Response<Body> {
    reply::json(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "errors": [fault_sentence(request_id)] }))
}

fn fault_sentence(request_id: &str) -> String {
    format!("Something went wrong in Baton; the log has it under request id {request_id}")
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn told(response: Response<Body>) -> (u16, Option<String>, String) {
        let (head, body) = response.into_parts();
        let body: Json = serde_json::from_slice(&body.collect().await.expect("it is whole").to_bytes()).expect("it is JSON");
        let wait = head.headers.get(RETRY_AFTER).map(|wait| wait.to_str().expect("digits").to_owned());
        (head.status.as_u16(), wait, body["errors"][0].as_str().expect("a sentence").to_owned())
    }

    #[tokio::test]
    async fn what_the_server_can_not_do_is_told_as_the_documents_say() {
        let secret = || "postgres://baton:geheim@db".to_owned();
        let failed = |error: StoreError| response(error.into(), "15QurUGLTPf");
        for (response, status, wait) in [
            (failed(StoreError::Unavailable(secret())), 503, Some("5")),
            (failed(StoreError::Full(secret())), 503, Some("5")),
            (failed(StoreError::Overloaded), 503, Some("1")),
            (failed(StoreError::OutcomeUnknown(secret())), 503, Some("1")),
            (no_room(), 503, Some("1")),
            (no_place(), 503, Some("10")),
            (stopping(), 503, Some("5")),
            (failed(StoreError::LeaseLost), 500, None),
            (failed(StoreError::Sql(secret())), 500, None),
        ] {
            let (got, waits, sentence) = told(response).await;
            assert_eq!((got, waits.as_deref()), (status, wait), "{sentence}");
            let entry = format!("\n| {status} | {sentence} | ");
            assert!(include_str!("../../../docs/errors.md").contains(&entry), "no entry: {entry}");
        }
    }
}
