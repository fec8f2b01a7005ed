//! What people call a workflow, an action or an item of a checklist. The API wants ids, and lists all of them with their names.

use baton_core::definition::normal_name;
use baton_core::suggest::did_you_mean;
use baton_core::value::fold;
use serde_json::Value as Json;

use super::plain::plain;
use super::{Call, Remote};
use crate::trouble::Trouble;

/// More would hide the sentence that they stand in.
const TOLD_MAX: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: String,
    pub name: String,
}

impl Remote {
    /// By id or name; archived ones can be read too.
    pub async fn workflow(&self, named: &str) -> Result<Named, Trouble> {
        let all = self.named(&Call::get(&["workflows"]).query("_archived", "true"), "name").await?;
        find("workflow", named, &all).map_err(Trouble::refused)
    }

    /// By id or name, whatever stage the task is in.
    pub async fn action(&self, workflow: &Named, task: &str, named: &str) -> Result<Named, Trouble> {
        let actions = || Call::get(&["workflows", &workflow.id, "tasks", task, "actions"]);
        let open = self.named(&actions(), "name").await?;
        if let Ok(found) = find("action", named, &open) {
            return Ok(found);
        }
        let all = self.named(&actions().query("_explain", "true"), "name").await?;
        find("action", named, &all).map_err(Trouble::refused)
    }

    /// By id or title, whatever stage it is of.
    pub async fn checklist_item(&self, workflow: &Named, task: &str, named: &str) -> Result<Named, Trouble> {
        let all = self.named(&Call::get(&["workflows", &workflow.id, "tasks", task, "checklist_items"]), "title").await?;
        find("checklist item", named, &all).map_err(Trouble::refused)
    }

    async fn named(&self, call: &Call, key: &str) -> Result<Vec<Named>, Trouble> {
        let answer = self.look(call).await?;
        let named = |item: &Json| Some(Named { id: item["id"].as_str()?.to_owned(), name: item[key].as_str()?.to_owned() });
        answer.json.as_array().and_then(|items| items.iter().map(named).collect()).ok_or_else(|| self.unexpected())
    }
}

/// Names are alike without case, as the server has them. One that several have is none of them.
fn find(what: &str, named: &str, all: &[Named]) -> Result<Named, String> {
    if let Some(found) = all.iter().find(|one| one.id == named) {
        return Ok(found.clone());
    }
    let key = fold(&normal_name(named));
    let called: Vec<&Named> = all.iter().filter(|one| fold(&one.name) == key).collect();
    match called[..] {
        [found] => Ok(found.clone()),
        [] if all.is_empty() => Err(format!("there is no {what} {named:?}, nor any other that this key may use")),
        [] => {
            let hint = did_you_mean(named, all.iter().map(|one| one.name.as_str()));
            Err(format!("there is no {what} {named:?}{}; there are {}", plain(&hint), listed(all.iter().map(|one| plain(&one.name)))))
        }
        _ => {
            let ids = listed(called.iter().map(|one| plain(&one.id)));
            Err(format!("several {what}s are called {named:?}: say the id of one, {ids}"))
        }
    }
}

fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(TOLD_MAX);
    let told: Vec<String> = names.take(TOLD_MAX).collect();
    if more == 0 { told.join(", ") } else { format!("{} and {more} more", told.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_or_a_name_finds_one_or_says_which_there_are() {
        let named = |id: &str, name: &str| Named { id: id.to_owned(), name: name.to_owned() };
        let all = [named("a1", "Refunds"), named("b2", "Early access"), named("c3", "a1"), named("d4", "Twin"), named("e5", "twin")];
        for (wanted, expected) in [
            ("a1", Ok("a1")),
            ("refunds", Ok("a1")),
            (" Early Access", Ok("b2")),
            ("Refnds", Err("there is no action \"Refnds\"; did you mean Refunds?; there are Refunds, Early access, a1, Twin, twin")),
            ("A1", Ok("c3")),
            ("Twin", Err("several actions are called \"Twin\": say the id of one, d4, e5")),
            ("\u{1b}x", Err("there is no action \"\\u{1b}x\"; there are Refunds, Early access, a1, Twin, twin")),
        ] {
            let found = find("action", wanted, &all);
            assert_eq!(found.as_ref().map(|found| found.id.as_str()).map_err(String::as_str), expected);
        }
        assert_eq!(find("workflow", "X", &[]), Err("there is no workflow \"X\", nor any other that this key may use".to_owned()));
        let many: Vec<Named> = (0..25).map(|number| named(&format!("i{number}"), &format!("n{number}"))).collect();
        assert!(find("action", "zzz", &many).is_err_and(|told| told.ends_with("n18, n19 and 5 more")));
    }
}
