//! Workspaces, their people, and API keys.

use baton_core::people::{User, UserState};
use baton_store::StoreError;
use baton_store::sql::keys::{self, KeyRow};
use baton_store::sql::people;

use super::bed::{Bed, at, id};
use super::on_every_store;

on_every_store!(
    a_workspace_comes_back_with_its_people,
    every_change_of_people_raises_the_version,
    an_e_mail_is_one_without_case,
    the_first_admin_is_an_active_one,
    a_key_is_found_by_its_hash_and_revoked_once,
);

fn user(number: i64, email: &str, admin: bool, state: UserState) -> User {
    let (first_name, last_name) = ("Minerva".to_owned(), "McGonagall".to_owned());
    User { id: id(number), email: email.to_owned(), first_name, last_name, admin, state }
}

async fn insert(bed: &Bed, user: &User) -> Result<(), StoreError> {
    let (workspace, user) = (bed.workspace, user.clone());
    bed.write(move |tx| people::insert_user(tx, workspace, &user, None, at(0))).await
}

async fn version(bed: &Bed) -> i64 {
    let workspace = bed.workspace;
    bed.read(move |tx| people::workspace(tx, workspace)).await.unwrap().unwrap().1
}

async fn a_workspace_comes_back_with_its_people(bed: Bed) {
    let people = [
        user(20, "a@hogwarts.edu", true, UserState::Active),
        user(21, "B@hogwarts.edu", false, UserState::Invited),
        user(22, "c@hogwarts.edu", false, UserState::Deactivated),
    ];
    for person in &people {
        insert(&bed, person).await.unwrap();
    }
    let (workspace, workflow) = (bed.workspace, bed.workflow);
    bed.write(move |tx| {
        people::insert_workspace(tx, id(99), "Durmstrang", "UTC", at(0))?;
        people::set_collaborator(tx, workspace, workflow, id(20), id(30))?;
        people::set_collaborator(tx, workspace, workflow, id(20), id(31))?;
        people::set_collaborator(tx, id(99), workflow, id(21), id(30))
    })
    .await
    .unwrap();
    assert_eq!(bed.read(move |tx| people::users(tx, workspace)).await, Ok(people.to_vec()));
    let (found, _) = bed.read(move |tx| people::workspace(tx, workspace)).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.zone.iana_name(), found.country.as_deref()), ("Hogwarts", Some("Europe/London"), None));
    assert_eq!(found.user_by_email("b@HOGWARTS.edu"), Some(&people[1]));
    let roles = [20, 21].map(|user| found.role_in(workflow, id(user)));
    assert_eq!(roles, [Some(id(31)), None]);
    let all = bed.read(people::workspaces).await;
    assert_eq!(all, Ok(vec![(id(1), "Hogwarts".to_owned()), (id(99), "Durmstrang".to_owned())]));
    assert_eq!(bed.read(|tx| people::workspace(tx, id(98))).await.map(|found| found.is_none()), Ok(true));
}

async fn every_change_of_people_raises_the_version(bed: Bed) {
    let (workspace, workflow) = (bed.workspace, bed.workflow);
    assert_eq!(version(&bed).await, 1);
    insert(&bed, &user(20, "a@hogwarts.edu", true, UserState::Active)).await.unwrap();
    assert_eq!(version(&bed).await, 2);
    bed.write(move |tx| people::set_collaborator(tx, workspace, workflow, id(20), id(30))).await.unwrap();
    assert_eq!(version(&bed).await, 3);
    bed.write(move |tx| people::set_user_state(tx, workspace, id(20), UserState::Deactivated)).await.unwrap();
    assert_eq!(version(&bed).await, 4);
    bed.write(move |tx| people::remove_collaborator(tx, workspace, workflow, id(20))).await.unwrap();
    assert_eq!(version(&bed).await, 5);
    let (found, _) = bed.read(move |tx| people::workspace(tx, workspace)).await.unwrap().unwrap();
    assert_eq!(found.user(id(20)).map(|user| user.state), Some(UserState::Deactivated));
    assert_eq!(found.role_in(workflow, id(20)), None);
}

async fn an_e_mail_is_one_without_case(bed: Bed) {
    insert(&bed, &user(20, "a@hogwarts.edu", true, UserState::Active)).await.unwrap();
    let taken = insert(&bed, &user(21, "A@Hogwarts.edu", false, UserState::Active)).await;
    assert_eq!(taken, Err(StoreError::Duplicate { constraint: "users_email".to_owned() }));
    bed.write(|tx| people::insert_account(tx, id(40), "A@hogwarts.edu", Some("hash"), at(0))).await.unwrap();
    let account = |email: &'static str| bed.read(move |tx| people::account_by_email(tx, email));
    assert_eq!((account("a@hogwarts.edu").await, account("b@hogwarts.edu").await), (Ok(Some(id(40))), Ok(None)));
}

async fn the_first_admin_is_an_active_one(bed: Bed) {
    let workspace = bed.workspace;
    let first = || bed.read(move |tx| people::first_admin(tx, workspace));
    assert_eq!(first().await, Ok(None));
    for (number, admin, state) in
        [(20, false, UserState::Active), (21, true, UserState::Deactivated), (23, true, UserState::Active), (22, true, UserState::Active)]
    {
        insert(&bed, &user(number, &format!("{number}@hogwarts.edu"), admin, state)).await.unwrap();
    }
    assert_eq!(first().await, Ok(Some(id(22))));
}

async fn a_key_is_found_by_its_hash_and_revoked_once(bed: Bed) {
    let (workspace, other) = (bed.workspace, id(99));
    let plain = KeyRow {
        id: id(50),
        workspace,
        name: "Owlery".to_owned(),
        created_by: Some(id(20)),
        read_only: false,
        workflows: None,
        role: None,
        expires_at: None,
        revoked_at: None,
        created_at: at(0),
    };
    let narrow = KeyRow {
        id: id(51),
        created_by: None,
        read_only: true,
        workflows: Some(vec![id(2), id(3)]),
        role: Some("Reviewer".to_owned()),
        expires_at: Some(at(9)),
        ..plain.clone()
    };
    let (one, two) = (plain.clone(), narrow.clone());
    bed.write(move |tx| keys::insert(tx, &one, &[1; 32]).and_then(|()| keys::insert(tx, &two, &[2; 32]))).await.unwrap();
    let by_hash = |hash: u8| bed.read(move |tx| keys::by_hash(tx, &[hash; 32]));
    assert_eq!([by_hash(1).await, by_hash(2).await, by_hash(3).await], [Ok(Some(plain.clone())), Ok(Some(narrow.clone())), Ok(None)]);
    let third = KeyRow { id: id(52), ..plain.clone() };
    let taken = bed.write(move |tx| keys::insert(tx, &third, &[1; 32])).await;
    assert_eq!(taken, Err(StoreError::Duplicate { constraint: "api_keys_hash".to_owned() }));

    let revoke = |workspace| bed.write(move |tx| keys::revoke(tx, workspace, id(50), at(5)));
    assert_eq!([revoke(other).await, revoke(workspace).await, revoke(workspace).await], [Ok(false), Ok(true), Ok(false)]);
    let revoked = KeyRow { revoked_at: Some(at(5)), ..plain };
    assert_eq!(bed.read(move |tx| keys::list(tx, workspace)).await, Ok(vec![revoked, narrow]));
    let made_by = |key: i64| bed.read(move |tx| keys::created_by(tx, id(key)));
    assert_eq!([made_by(50).await, made_by(51).await, made_by(59).await], [Ok(Some(id(20))), Ok(None), Ok(None)]);
}
