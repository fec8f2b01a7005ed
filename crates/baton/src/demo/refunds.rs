//! Customers who want money back, and who agrees.

use std::net::SocketAddr;

use serde_json::json;

use super::people::{AGENTS, LEAD, Stranger};
use super::random::Random;
use super::script::{By, Deed, Script, Which};

const DEFINITION: &str = include_str!("refunds.yaml");
/// Whom the definition calls, where nobody has to be.
const CALLED: &str = "127.0.0.1:4100";
/// Refunds of the tour, by their Order. One waits for approval and one for its payment;
pub const TO_APPROVE: &str = "R-10501";
pub const TO_PAY: &str = "R-10502";
/// one lacks all that an approval asks for, and one changes after its approval was quoted.
pub const TO_UNBLOCK: &str = "R-10503";
pub const TO_CHANGE: &str = "R-10504";
/// Above this a lead must approve; the definition says so.
const LIMIT: usize = 500;

/// With the address of who is really there.
pub fn definition(called: SocketAddr) -> String {
    DEFINITION.replace(CALLED, &called.to_string())
}

pub fn refund(random: &mut Random, number: usize, moments: usize) -> Script {
    let stranger = Stranger::any(random, number);
    let amount = if random.percent(25) { random.between(LIMIT + 1, 2500) } else { random.between(9, LIMIT) };
    let with_email = random.percent(93);
    let reason = random.of(&["Damaged", "Late", "Wrong item", "Goodwill"]);
    let body = json!({
        "Order": format!("R-{}", 10_000 + number),
        "Customer": stranger.name(),
        "Customer email": with_email.then(|| stranger.email.clone()),
        "Amount": format!("{amount}.{:02}", if amount == LIMIT { 0 } else { random.between(0, 99) }),
        "Reason": reason,
        "Cost centre": if ["Damaged", "Late"].contains(&reason) { "Shipping" } else { "Shop" },
        "Flags": if random.percent(20) { vec!["Repeat customer"] } else { vec![] },
        "Explanation": (amount > LIMIT).then_some("The parcel was opened on its way; photos are with the carrier."),
    });
    // With its cents an amount of the last whole euro below the limit stays below it, the limit itself has none.
    let above = amount > LIMIT;
    let agent = By::User(random.of(&AGENTS));
    let mut script = Script::begin(Which::Refunds, random.between(0, moments - 2), body);
    if !with_email {
        script.try_in_vain(random.between(1, 3), "Request approval", agent);
        script.change(1, json!({ "Customer email": stranger.email }));
    }
    if random.percent(5) {
        // Nobody has looked yet.
        return script;
    }
    script.act(random.between(1, 9), "Request approval", agent);
    if random.percent(15) {
        script.act(random.between(1, 4), "Send back", By::Assignee);
        script.then(1, Deed::Comment(format!("Spoke with {}; it is as written.", stranger.first)));
        script.act(random.between(1, 3), "Request approval", agent);
    }
    if random.percent(12) {
        script.act(random.between(1, 5), "Decline", By::Assignee);
        return script;
    }
    script.then(random.between(1, 3), Deed::TickOff("Waiting for approval"));
    if above {
        script.try_in_vain(random.between(1, 3), "Approve", By::Assignee);
        script.act(random.between(1, 4), "Approve above the limit", By::User(LEAD));
    } else {
        script.act(random.between(1, 8), "Approve", By::Assignee);
    }
    script.then(random.between(2, 16), Deed::TickOff("Approved"));
    script.act(random.between(1, 8), "Pay", agent);
    script
}

/// Those that the tour meets, made in the story's last moments.
pub fn for_the_tour(moments: usize) -> [Script; 4] {
    let begin = |order: &str, customer: &str, amount: &str, moment: usize| {
        let email = format!("{}@early.example", customer.to_lowercase());
        let body = json!({ "Order": order, "Customer": customer, "Customer email": email, "Amount": amount, "Reason": "Late" });
        let mut script = Script::begin(Which::Refunds, moment, body);
        script.act(1, "Request approval", By::User(AGENTS[0]));
        script
    };
    let mut to_unblock = begin(TO_UNBLOCK, "Nadia", "75.00", moments - 3);
    to_unblock.change(1, json!({ "Assigned To": null }));
    let ready = |order: &str, customer: &str, amount: &str, moment: usize| {
        let mut script = begin(order, customer, amount, moment);
        script.change(1, json!({ "Cost centre": "Shipping" }));
        script.then(1, Deed::TickOff("Waiting for approval"));
        script
    };
    let mut to_pay = ready(TO_PAY, "Maya", "120.00", moments - 6);
    to_pay.act(1, "Approve", By::Assignee);
    to_pay.then(1, Deed::TickOff("Approved"));
    [ready(TO_APPROVE, "Luna", "48.50", moments - 4), to_pay, to_unblock, ready(TO_CHANGE, "Omar", "64.00", moments - 4)]
}
