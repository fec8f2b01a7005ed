//! Who works in the demo, and who writes to them.

use super::random::Random;

pub const ADMIN: &str = "ana@example.com";
/// May not approve anybody.
pub const INTERN: &str = "tom@example.com";
pub const LEAD: &str = "ines@example.com";
pub const REVIEWERS: [&str; 3] = ["rosa@example.com", "ravi@example.com", "lena@example.com"];
pub const AGENTS: [&str; 2] = ["yuki@example.com", "sam@example.com"];

/// E-mail, first name, last name, role in Early access, role in Refunds.
pub const USERS: [(&str, &str, &str, Option<&str>, Option<&str>); 9] = [
    ("rosa@example.com", "Rosa", "Martín", Some("Reviewer"), None),
    ("ravi@example.com", "Ravi", "Menon", Some("Reviewer"), None),
    ("lena@example.com", "Lena", "Björk", Some("Reviewer"), None),
    (INTERN, "Tom", "Achterberg", Some("Intern"), None),
    ("yuki@example.com", "Yuki", "Tanaka", None, Some("Agent")),
    ("sam@example.com", "Sam", "O'Neill", None, Some("Agent")),
    ("amara@example.com", "Amara", "Okeke", None, Some("Approver")),
    ("otto@example.com", "Otto", "Weiß", None, Some("Approver")),
    (LEAD, "Inês", "Duarte", Some("Collaborator"), Some("Lead")),
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
