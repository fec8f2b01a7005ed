//! A large table to import: orders with twenty fields, each value made from the row's number alone.

use std::io::Write;

use crate::Outcome;

pub const STAGES: [&str; 5] = ["New", "Picking", "Review", "Held", "Shipped"];
pub const REGIONS: [&str; 8] = ["North", "East", "South", "West", "Central", "Overseas", "Islands", "Other"];
pub const PRIORITIES: [&str; 4] = ["Low", "Normal", "High", "Critical"];
pub const TAGS: [&str; 6] = ["gift", "fragile", "export", "return", "express", "bulk"];
pub const COLUMNS: [&str; 22] = [
    "Order",
    "Stage",
    "Assigned To",
    "Customer",
    "Email",
    "Phone",
    "Website",
    "Product",
    "Region",
    "Priority",
    "Tags",
    "Quantity",
    "Price",
    "Cost",
    "Weight",
    "Ordered",
    "Due",
    "Paid On",
    "Urgent",
    "Invoice",
    "Street",
    "Remarks",
];
/// The greatest price, exclusive; prices are spread evenly below it.
pub const PRICE_END: u64 = 10_000;

const WORDS: [&str; 32] = [
    "amber", "anchor", "basket", "bottle", "button", "candle", "carpet", "copper", "cotton", "curtain", "feather", "garden", "hammer",
    "harbour", "kettle", "ladder", "lantern", "leather", "linen", "marble", "mirror", "needle", "paper", "pepper", "pillow", "ribbon",
    "saddle", "silver", "spindle", "timber", "velvet", "walnut",
];

/// Writes the header and rows 1 to `count`.
pub fn write(out: &mut dyn Write, count: usize, assignee: &str) -> Outcome {
    writeln!(out, "{}", COLUMNS.join(","))?;
    for number in 1..=count as u64 {
        row(out, number, assignee)?;
    }
    Ok(())
}

fn row(out: &mut dyn Write, number: u64, assignee: &str) -> Outcome {
    let mut dice = Dice(number);
    // Four in ten are new, three shipped; one in a thousand is held.
    let stage = match dice.below(1_000) {
        0..400 => "New",
        400..600 => "Picking",
        600..700 => "Review",
        700 => "Held",
        _ => "Shipped",
    };
    let assigned = if dice.below(3) == 0 { "" } else { assignee };
    let (first, second) = (dice.of(&WORDS), dice.of(&WORDS));
    let price = dice.below(PRICE_END * 100);
    let date = |dice: &mut Dice| format!("202{}-{:02}-{:02}", dice.below(7), 1 + dice.below(12), 1 + dice.below(28));
    write!(out, "O-{number},{stage},{assigned},{first} {second} {number},{first}.{number}@example.com,")?;
    write!(out, "+4930{:07},https://example.com/{second}/{number},{} {},", dice.below(10_000_000), dice.of(&WORDS), dice.of(&WORDS))?;
    write!(out, "{},{},{},", dice.of(&REGIONS), dice.of(&PRIORITIES), dice.of(&TAGS))?;
    write!(out, "{},{}.{:02},{}.{:02},", 1 + dice.below(500), price / 100, price % 100, price / 200, price % 100)?;
    write!(out, "{}.{},{},{},", dice.below(90), dice.below(1_000), date(&mut dice), date(&mut dice))?;
    write!(out, "{}T{:02}:{:02}:00Z,{},", date(&mut dice), dice.below(24), dice.below(60), dice.below(10) == 0)?;
    write!(out, "INV-{},{} {},", dice.below(1_000_000), dice.of(&WORDS), dice.below(300))?;
    for index in 0..10 {
        write!(out, "{}{}", if index == 0 { "" } else { " " }, dice.of(&WORDS))?;
    }
    writeln!(out)?;
    Ok(())
}

/// Numbers that look random and follow from the first alone (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_every_column_and_is_the_same_each_time() {
        let made = || {
            let mut out = Vec::new();
            write(&mut out, 500, "a@example.com").expect("a vector takes everything");
            String::from_utf8(out).expect("it is text")
        };
        let text = made();
        assert_eq!(text.lines().count(), 501);
        assert!(text.lines().all(|line| line.split(',').count() == COLUMNS.len()), "no value holds a comma");
        let stages: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
        assert!(stages.iter().all(|stage| STAGES.contains(stage)));
        assert_eq!(text, made());
    }
}
