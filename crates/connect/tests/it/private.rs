use baton_connect::private::Exposed;

const ROOT: u32 = 0;
const ME: u32 = 1000;
const OTHER: u32 = 1001;

#[test]
fn a_file_is_its_owners_or_roots_who_may_let_a_group_read() {
    let private = |mode, owner, user| Exposed::by(mode, owner, user).is_none();
    for (mode, me, root, other) in [
        (0o600, true, true, false),
        (0o400, true, true, false),
        (0o700, true, true, false),
        (0o000, true, true, false),
        (0o640, false, true, false),
        (0o440, false, true, false),
        (0o660, false, false, false),
        (0o620, false, false, false),
        (0o610, false, false, false),
        (0o604, false, false, false),
        (0o644, false, false, false),
        (0o602, false, false, false),
        (0o601, false, false, false),
        (0o777, false, false, false),
    ] {
        let found = [ME, ROOT, OTHER].map(|owner| private(mode, owner, ME));
        assert_eq!(found, [me, root, other], "{mode:04o} of the process's user, of root, of another");
        // To a process of root, root is both.
        assert_eq!([ROOT, OTHER].map(|owner| private(mode, owner, ROOT)), [root, false], "{mode:04o} for root");
    }
}

#[test]
fn what_is_found_and_what_is_allowed_are_told() {
    let told = Exposed::by(0o640, ME, ME).expect("a group may read it").to_string();
    assert_eq!(
        told,
        "may be used by others: its mode is 0640 and its owner is user 1000; allowed is at most 0600 of user 1000, as whom this process \
        runs, or at most 0640 of root (user 0)"
    );
}
