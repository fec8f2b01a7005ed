//! What the places of a list rest on beside its tasks. Where the definition puts its stages in another order, a place of before is
//! nowhere: to go on from it would leave out and repeat what nobody touches.

use baton_core::definition::type_of;
use baton_core::list::Order;
use baton_core::workflow::{Field, FieldKind};
use sha2::{Digest, Sha256};

use crate::listings::Matter;

/// The same while places mean the same.
pub(super) fn of(matter: &Matter, ranks: bool) -> u64 {
    let order = Order { sort: &matter.sort, workflow: &matter.workflow, workspace: &matter.workspace };
    let mut hash = Sha256::new();
    hash.update(format!("{:?};{}", matter.sort, order.rests_on()));
    if ranks {
        hash.update(scores_rest_on(matter));
    }
    u64::from_be_bytes(*hash.finalize().first_chunk().expect("it has 32 bytes"))
}

/// The fields that are searched, and what each is worth.
fn scores_rest_on(matter: &Matter) -> String {
    let is_searched = |field: &&Field| {
        let is_text = matches!(
            field.kind,
            FieldKind::Text | FieldKind::LongText | FieldKind::Phone | FieldKind::UniqueId { .. } | FieldKind::Email | FieldKind::Url
        );
        is_text && matter.sought.as_ref().is_some_and(|sought| !sought.hidden.contains(&field.id))
    };
    let mut fields: Vec<String> =
        matter.workflow.fields.iter().filter(is_searched).map(|field| format!("{} {}", field.id, type_of(&field.kind).name())).collect();
    fields.sort_unstable();
    fields.join(",")
}
