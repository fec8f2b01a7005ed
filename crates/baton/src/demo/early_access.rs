//! People who ask for early access, and what becomes of them.

use serde_json::{Value as Json, json};

use super::people::{INTERN, PREFIXES, REVIEWERS, Stranger};
use super::random::Random;
use super::script::{By, Deed, Script, Which};

pub const DEFINITION: &str = include_str!("early-access.yaml");
/// Applicants of the tour, by their e-mail: one lacks everything, the other is ready.
pub const INCOMPLETE: &str = "luna@early.example";
pub const READY: &str = "maya@early.example";

pub fn applicant(random: &mut Random, number: usize, moments: usize) -> Script {
    let stranger = Stranger::any(random, number);
    let spam = random.percent(6);
    let prefix = random.percent(80).then(|| random.of(&PREFIXES));
    let name = prefix.map_or(stranger.name(), |prefix| format!("{prefix} {}", stranger.name()));
    let plan = random.of(&[Some("Free"), Some("Free"), Some("Pro"), Some("Pro"), Some("Enterprise"), None]);
    let interests = [vec![], vec!["API"], vec!["Reports"], vec!["API", "Single sign-on"]];
    let seats = random.between(1, 400);
    let body = json!({
        "Name": if random.percent(92) { Json::from(name) } else { Json::Null },
        "Email": if spam { format!("prize{number}@spam.example") } else { stranger.email.clone() },
        "Company": stranger.company,
        "Website": stranger.website(),
        "Plan": plan,
        "Interests": interests[random.between(0, interests.len() - 1)],
        "Seats": seats,
        "Deal size": plan.filter(|plan| *plan != "Free").map(|_| format!("{}.00", seats * 9)),
        "Wanted by": random.percent(60).then(|| format!("2027-{:02}-{:02}", random.between(1, 12), random.between(1, 28))),
        "Terms accepted": random.percent(90),
    });
    let named = body["Name"].as_str().is_some_and(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)));
    let mut script = Script::begin(Which::EarlyAccess, random.between(0, moments - 2), body);
    if spam {
        script.act(random.between(1, 3), "Remove spam", By::User(INTERN));
        return script;
    }
    if random.percent(5) {
        // Nobody has looked yet.
        return script;
    }
    let starter = if random.percent(30) { INTERN } else { random.of(&REVIEWERS) };
    script.act(random.between(1, 12), "Start review", By::User(starter));
    if random.percent(25) {
        script.act(random.between(1, 4), "Ask back", By::Assignee);
        script.then(random.between(1, 4), Deed::Comment(format!("{} answered: we are {seats} people.", stranger.first)));
    }
    if !named && random.percent(80) {
        // Somebody is in a hurry, and is told what is missing.
        script.try_in_vain(random.between(1, 3), "Approve", By::Assignee);
        script.change(1, json!({ "Name": format!("{} {}", random.of(&PREFIXES), stranger.name()) }));
    } else if !named {
        return script;
    }
    script.then(random.between(1, 9), Deed::TickOff("In Review"));
    if plan == Some("Enterprise") || random.percent(70) {
        script.act(random.between(1, 3), "Approve", By::Assignee);
    } else {
        script.act(random.between(1, 3), "Reject", By::Assignee);
        if random.percent(25) {
            script.act(random.between(2, 9), "Reopen", By::User(random.of(&REVIEWERS)));
        }
    }
    script
}

/// The two that the tour meets, made in the story's last moments.
pub fn for_the_tour(moments: usize) -> [Script; 2] {
    let mut incomplete = Script::begin(Which::EarlyAccess, moments - 4, json!({ "Email": INCOMPLETE, "Company": "Early Bird" }));
    incomplete.act(1, "Start review", By::User(REVIEWERS[0]));
    incomplete.change(1, json!({ "Assigned To": null }));

    let body = json!({ "Name": "Dr. Maya Okafor", "Email": READY, "Company": "Early Bird", "Plan": "Pro", "Seats": 12, "Deal size": 108 });
    let mut ready = Script::begin(Which::EarlyAccess, moments - 4, body);
    ready.act(1, "Start review", By::User(REVIEWERS[1]));
    ready.then(1, Deed::TickOff("In Review"));
    [incomplete, ready]
}
