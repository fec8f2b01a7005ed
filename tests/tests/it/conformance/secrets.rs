//! Secrets, sealed as they come, and what all nodes agree on.

use baton_store::sql::agreements;
use baton_store::sql::secrets::{self, SecretRow};

use super::bed::{Bed, at, id};
use super::on_every_store;

on_every_store!(a_secret_is_set_changed_listed_and_deleted, a_secret_belongs_to_its_workspace, the_first_one_says_what_is_agreed_on,);

fn row(name: &str, created_at: i64, updated_at: i64) -> SecretRow {
    SecretRow { name: name.to_owned(), created_at: at(created_at), updated_at: at(updated_at) }
}

async fn a_secret_is_set_changed_listed_and_deleted(bed: Bed) {
    let workspace = bed.workspace;
    let set =
        |name: &'static str, sealed: &'static [u8], when: i64| bed.write(move |tx| secrets::set(tx, workspace, name, sealed, at(when)));
    assert_eq!(set("b", b"\x00\xff", 1).await, Ok(row("b", 1, 1)));
    assert_eq!(set("B", b"2", 2).await, Ok(row("B", 2, 2)));
    assert_eq!(set("b", b"3", 3).await, Ok(row("b", 1, 3)));
    let all = bed.read(move |tx| secrets::list(tx, workspace)).await;
    assert_eq!(all, Ok(vec![row("B", 2, 2), row("b", 1, 3)]), "with case, in their order");
    let sealed = bed.read(move |tx| secrets::sealed(tx, workspace, "b")).await;
    assert_eq!(sealed, Ok(Some(b"3".to_vec())));
    for there_was in [true, false] {
        assert_eq!(bed.write(move |tx| secrets::delete(tx, workspace, "b")).await, Ok(there_was));
    }
    assert_eq!(bed.read(move |tx| secrets::sealed(tx, workspace, "b")).await, Ok(None));
}

async fn a_secret_belongs_to_its_workspace(bed: Bed) {
    let (ours, theirs) = (bed.workspace, id(99));
    bed.write(move |tx| secrets::set(tx, ours, "a", b"ours", at(1))).await.unwrap();
    bed.write(move |tx| secrets::set(tx, theirs, "a", b"theirs", at(2))).await.unwrap();
    assert_eq!(bed.write(move |tx| secrets::delete(tx, theirs, "a")).await, Ok(true));
    assert_eq!(bed.read(move |tx| secrets::list(tx, ours)).await, Ok(vec![row("a", 1, 1)]));
    assert_eq!(bed.read(move |tx| secrets::list(tx, theirs)).await, Ok(Vec::new()));
    assert_eq!(bed.read(move |tx| secrets::sealed(tx, ours, "a")).await, Ok(Some(b"ours".to_vec())));
}

async fn the_first_one_says_what_is_agreed_on(bed: Bed) {
    assert_eq!(bed.read(|tx| agreements::get(tx, agreements::MASTER_KEY)).await, Ok(None));
    for proposed in ["first", "second"] {
        let agreed = bed.write(move |tx| agreements::agree(tx, agreements::MASTER_KEY, proposed)).await;
        assert_eq!(agreed.as_deref(), Ok("first"));
    }
    assert_eq!(bed.read(|tx| agreements::get(tx, agreements::MASTER_KEY)).await, Ok(Some("first".to_owned())));
}
