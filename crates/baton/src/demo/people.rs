//! Who works in the demo, and who writes to them.

use super::random::Random;

pub const ADMIN: &str = "ana@example.com";
/// May not approve anybody.
pub const INTERN: &str = "tom@example.com";
pub const LEAD: &str = "ines@example.com";
pub const REVIEWERS: [&str; 3] = ["rosa@example.com", "ravi@example.com", "lena@example.com"];
pub const APPROVERS: [&str; 2] = ["amara@example.com", "otto@example.com"];
pub const AGENTS: [&str; 2] = ["yuki@example.com", "sam@example.com"];

/// A colleague, with a role in each workflow that they work in.
pub struct Colleague {
    pub email: &'static str,
    pub first: &'static str,
    pub last: &'static str,
    pub early_access: Option<&'static str>,
    pub refunds: Option<&'static str>,
}

pub const COLLEAGUES: [Colleague; 9] = [
    Colleague { email: REVIEWERS[0], first: "Rosa", last: "Martín", early_access: Some("Reviewer"), refunds: None },
    Colleague { email: REVIEWERS[1], first: "Ravi", last: "Menon", early_access: Some("Reviewer"), refunds: None },
    Colleague { email: REVIEWERS[2], first: "Lena", last: "Björk", early_access: Some("Reviewer"), refunds: None },
    Colleague { email: INTERN, first: "Tom", last: "Achterberg", early_access: Some("Intern"), refunds: None },
    Colleague { email: AGENTS[0], first: "Yuki", last: "Tanaka", early_access: None, refunds: Some("Agent") },
    Colleague { email: AGENTS[1], first: "Sam", last: "O'Neill", early_access: None, refunds: Some("Agent") },
    Colleague { email: APPROVERS[0], first: "Amara", last: "Okeke", early_access: None, refunds: Some("Approver") },
    Colleague { email: APPROVERS[1], first: "Otto", last: "Weiß", early_access: None, refunds: Some("Approver") },
    Colleague { email: LEAD, first: "Inês", last: "Duarte", early_access: Some("Collaborator"), refunds: Some("Lead") },
];

const FIRST_NAMES: [&str; 24] = [
    "Ada", "Bashir", "Chloé", "Dmitri", "Esther", "Farid", "Greta", "Hiro", "Imani", "Jonas", "Katya", "Liam", "Mei", "Noor", "Óscar",
    "Priya", "Quentin", "Ruth", "Søren", "Tala", "Uma", "Viktor", "Wanjiru", "Zoë",
];
const LAST_NAMES: [&str; 24] = [
    "Abara",
    "Becker",
    "Castillo",
    "Dubois",
    "Eriksen",
    "Fernández",
    "García",
    "Haddad",
    "Ivanova",
    "Jensen",
    "Kowalski",
    "Lindqvist",
    "Mbeki",
    "Novák",
    "Olsen",
    "Petrov",
    "Quispe",
    "Rossi",
    "Sato",
    "Tanner",
    "Ueda",
    "Varga",
    "Weber",
    "Yılmaz",
];
const COMPANIES: [&str; 16] = [
    "Acme Corp",
    "Bluefin Labs",
    "Cobalt Freight",
    "Dune Analytics",
    "Evergreen Clinic",
    "Foxglove Studio",
    "Granite Bank",
    "Harbor Foods",
    "Indigo Travel",
    "Juniper Schools",
    "Kestrel Air",
    "Lumen Energy",
    "Maple Insurance",
    "Northwind Traders",
    "Orchard Media",
    "Pelican Books",
];
/// What a Name must begin with to be approved.
pub const PREFIXES: [&str; 4] = ["Dr.", "Prof.", "Mr.", "Ms."];

pub struct Stranger {
    pub first: &'static str,
    pub last: &'static str,
    pub company: &'static str,
    pub email: String,
}

impl Stranger {
    /// `number` keeps e-mail addresses apart.
    pub fn any(random: &mut Random, number: usize) -> Stranger {
        let (first, last, company) = (random.of(&FIRST_NAMES), random.of(&LAST_NAMES), random.of(&COMPANIES));
        Stranger { first, last, company, email: format!("customer{number}@{}", host(company)) }
    }

    pub fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    pub fn website(&self) -> String {
        format!("https://{}/", host(self.company))
    }
}

fn host(company: &str) -> String {
    format!("{}.example", company.to_lowercase().replace(' ', "-"))
}
