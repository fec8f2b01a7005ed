//! Imports: what an upload that stood still may still do, and when one that has ended goes.

use baton_core::actor::Actor;
use baton_core::ids::Id;
use baton_core::time::Timestamp;
use baton_store::sql::imports::{self, Counts, Import, Status};

use super::bed::{Bed, at};
use super::on_every_store;

on_every_store!(
    an_upload_goes_on_until_it_is_thrown_away,
    one_that_is_being_cleared_away_is_never_whole,
    one_that_ended_goes_after_its_rows,
);

const PIECES: i64 = 3;

/// An upload of so many pieces, which stands still from then on.
async fn uploaded(bed: &Bed) -> Id {
    let import = Import {
        id: bed.fresh(),
        workspace: bed.workspace,
        workflow: bed.workflow,
        status: Status::Absent,
        dry_run: false,
        actor: Actor::Operator,
        request: None,
        created_at: at(0),
        finished_at: None,
        header: vec!["ID".to_owned()],
        targets: vec![None],
        rows: 0,
        pieces: 0,
        next_piece: 1,
        counts: Counts::default(),
        cancelled_by: None,
        errors: Vec::new(),
    };
    let id = import.id;
    bed.write(move |tx| imports::insert(tx, &import, at(10))).await.unwrap();
    for _ in 0..PIECES {
        assert!(add(bed, id).await);
    }
    id
}

async fn add(bed: &Bed, import: Id) -> bool {
    bed.write(move |tx| imports::add(tx, import, 1, "[]", at(10))).await.unwrap()
}

async fn accept(bed: &Bed, import: Id) -> bool {
    bed.write(move |tx| imports::accept(tx, import)).await.unwrap()
}

async fn clear(bed: &Bed, now: Timestamp) -> bool {
    bed.write(move |tx| imports::clear(tx, now, 1)).await.unwrap()
}

async fn cleared(bed: &Bed, now: Timestamp) {
    while clear(bed, now).await {}
}

async fn an_upload_goes_on_until_it_is_thrown_away(bed: Bed) {
    let import = uploaded(&bed).await;
    assert!(!clear(&bed, at(9)).await, "its time has not come");
    // It has, but nobody has looked.
    assert!(add(&bed, import).await && accept(&bed, import).await);
    assert!(!clear(&bed, at(99)).await, "it is an import now");
    assert_eq!(bed.number("SELECT count(*) FROM import_pieces").await, PIECES + 1);
}

async fn one_that_is_being_cleared_away_is_never_whole(bed: Bed) {
    let import = uploaded(&bed).await;
    assert!(clear(&bed, at(10)).await);
    assert_eq!(bed.number("SELECT count(*) FROM import_pieces").await, PIECES - 1);
    assert!(!add(&bed, import).await, "its first rows are gone");
    assert!(!accept(&bed, import).await);
    cleared(&bed, at(10)).await;
    assert_eq!(bed.number("SELECT (SELECT count(*) FROM imports) + (SELECT count(*) FROM import_pieces)").await, 0);
}

async fn one_that_ended_goes_after_its_rows(bed: Bed) {
    let imports = [uploaded(&bed).await, uploaded(&bed).await, uploaded(&bed).await];
    let [failed, young, pending] = imports;
    for import in imports {
        assert!(accept(&bed, import).await);
    }
    let finish =
        |import, status, finished_at, clear_at| bed.write(move |tx| imports::finish(tx, import, status, finished_at, &[], clear_at));
    finish(failed, Status::Fail, at(20), Some(at(40))).await.unwrap();
    finish(young, Status::Success, at(30), None).await.unwrap();
    let forget = |before| bed.write(move |tx| imports::forget(tx, before, 9));
    assert_eq!(forget(at(30)).await, Ok(0), "its rows are there");
    cleared(&bed, at(40)).await;
    assert_eq!(forget(at(20)).await, Ok(0), "it had not ended yet");
    assert_eq!(forget(at(30)).await, Ok(1));
    let there = async |import| bed.read(move |tx| imports::load(tx, import, false)).await.unwrap().is_some();
    assert_eq!((there(failed).await, there(young).await, there(pending).await), (false, true, true));
    assert_eq!((bed.write(move |tx| imports::forget(tx, at(99), 1)).await, there(pending).await), (Ok(1), true));
}
