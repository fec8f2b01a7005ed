use indexmap::IndexMap;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::access::Access;
use crate::fixtures::{any_task, id, workflow, workspace};
use crate::limits::IMPORT_ROW_BYTES_MAX;
use crate::refusal::Refusals;
use crate::task::Task;
use crate::task::body::{Place, write};
use crate::workflow::{FieldKind, FieldRight, Rights};

/// Read in pieces of so many bytes.
fn read(bytes: &[u8], delimiter: Option<u8>, piece: usize) -> Result<Vec<Row>, Bad> {
    let (mut reader, mut rows) = (Reader::new(delimiter), Vec::new());
    for piece in bytes.chunks(piece.max(1)) {
        reader.read(piece, &mut rows)?;
    }
    reader.end(&mut rows)?;
    Ok(rows)
}

fn rows(rows: &[(u64, &[&str])]) -> Result<Vec<Row>, Bad> {
    let row = |(line, cells): &(u64, &[&str])| Row { line: *line, cells: cells.iter().map(|cell| (*cell).to_owned()).collect() };
    Ok(rows.iter().map(row).collect())
}

#[test]
fn files_are_read_as_they_are_meant() {
    for (bytes, expected) in [
        ("", rows(&[])),
        ("\n\r\n", rows(&[])),
        ("a,b\n1,2", rows(&[(1, &["a", "b"]), (2, &["1", "2"])])),
        ("\u{feff}a,b\r\n1,2\r\n", rows(&[(1, &["a", "b"]), (2, &["1", "2"])])),
        ("a;b\n1,5;2\n", rows(&[(1, &["a", "b"]), (2, &["1,5", "2"])])),
        ("a\tb;c\td\n1\t2\t3\n", rows(&[(1, &["a", "b;c", "d"]), (2, &["1", "2", "3"])])),
        ("\"a;b;c\",d\n1,2\n", rows(&[(1, &["a;b;c", "d"]), (2, &["1", "2"])])),
        ("\n\na,b\n\n1,\n", rows(&[(3, &["a", "b"]), (5, &["1", ""])])),
        ("a,b\n\"x\ny\",\"say \"\"hi\"\"\"\n3,4", rows(&[(1, &["a", "b"]), (2, &["x\ny", "say \"hi\""]), (4, &["3", "4"])])),
        ("\"a\nb\",c\n,\n", rows(&[(1, &["a\nb", "c"]), (3, &["", ""])])),
        ("a\n\"\"\n", rows(&[(1, &["a"]), (2, &[""])])),
        ("a\n'=1\n''=1\n'b\n", rows(&[(1, &["a"]), (2, &["=1"]), (3, &["'=1"]), (4, &["'b"])])),
    ] {
        for piece in [1, 2, 3, bytes.len()] {
            assert_eq!(read(bytes.as_bytes(), None, piece), expected, "{bytes:?} by {piece}");
        }
    }
    assert_eq!(read(b"a;b\n1;2\n", Some(b','), 9), rows(&[(1, &["a;b"]), (2, &["1;2"])]));
}

#[test]
fn what_can_be_read_in_two_ways_is_refused_with_its_line() {
    let large = format!("a\n{}", "x".repeat(IMPORT_ROW_BYTES_MAX + 1));
    let wide = "a,".repeat(1001);
    for (bytes, expected) in [
        (&b"a\n\"x\n\n"[..], "a quote is opened and never closed at line 2"),
        (b"a\nx\"y\"\n", "a quote stands in a cell that does not begin with one at line 2"),
        (b"a\n\"x\"y\n", "something follows a closing quote at line 2"),
        (b"a\rb\r", "a carriage return stands without a line feed at line 1"),
        (b"a\nb\r", "a carriage return stands without a line feed at line 2"),
        (b"a,b\n\n1\n", "a row has 1 cells where the header has 2 at line 3"),
        (b"a,b\n1,\"2\n3\",4\n", "a row has more cells where the header has 2 at line 2"),
        (b"a\n\xff\n", "text must be UTF-8 at line 2"),
        (b"\xff\xfea\0\n\0", "text must be UTF-8 at line 1"),
        (large.as_bytes(), "a row is larger than 4 MiB at line 2"),
        (wide.as_bytes(), "the header has more than 1000 columns at line 1"),
        (&vec![b'x'; IMPORT_ROW_BYTES_MAX + 1], "a row is larger than 4 MiB at line 1"),
    ] {
        let told = read(bytes, None, 1 << 16).map_err(|bad| bad.to_string());
        assert_eq!(told, Err(expected.to_owned()));
    }
}

#[test]
fn columns_go_where_their_names_or_the_mapping_say() {
    let workflow = workflow();
    let find = |name: &str| Target::Field(workflow.field_named(name).expect(name).id);
    let map = |header: &[&str], mapping: Json| {
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        let mapping = serde_json::from_value(mapping).expect("names");
        targets(&header, &mapping, &workflow, Access::Everything)
    };
    assert_eq!(
        map(&["Name", "Mail", "Stage", "Assigned To", "x", "_Line", "_Errors"], json!({ "Mail": "Email", "x": null })),
        Ok(vec![Some(find("Name")), Some(find("Email")), Some(Target::Stage), Some(Target::Assignee), None, None, None])
    );
    let told = |header: &[&str], mapping: Json| match map(header, mapping) {
        Err(Refusals::Fields(fields)) => fields.iter().map(|(name, refusals)| format!("{name}: {}", refusals[0])).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let unknown = told(&["Emial", "Name"], json!({ "Name": "7", "Nobody": null }));
    assert_eq!(unknown.len(), 3, "{unknown:?}");
    assert_eq!(unknown[0], "Nobody: is not a column of the file; its columns are Emial, Name");
    assert!(
        unknown[1].starts_with("Emial: \"Emial\" is not a field; did you mean Email; allowed in _mapping is Stage, "),
        "{}",
        unknown[1]
    );
    assert!(unknown[2].starts_with("Name: \"7\" is not a field; allowed"), "{}", unknown[2]);
    let twice = told(&["Name", "Nick"], json!({ "Nick": "Name" }));
    assert_eq!(twice, ["Nick: goes to Name, as does the column \"Name\"; only one can"]);
}

#[test]
fn every_column_has_a_name_of_its_own() {
    for (names, expected) in [
        (["a", "b"], Ok(())),
        (["a", " "], Err("column 2 has no name at line 7")),
        (["a", "a"], Err("two columns are called \"a\" at line 7")),
    ] {
        let told = header(Row { line: 7, cells: names.map(str::to_owned).to_vec() }).map(drop).map_err(|bad| bad.to_string());
        assert_eq!(told, expected.map_err(str::to_owned));
    }
}

#[test]
fn a_hidden_field_is_no_target_and_is_not_told() {
    let workflow = workflow();
    let field = workflow.field_named("Email").expect("a field");
    let rights = Rights { fields: vec![(field.id, FieldRight::Hidden)], ..Rights::collaborator() };
    let refused = targets(&["Email".to_owned()], &IndexMap::new(), &workflow, Access::Rights(&rights)).expect_err("hidden");
    let Refusals::Fields(fields) = refused else { panic!("{refused:?}") };
    let told = fields["Email"][0].to_string();
    assert!(told.starts_with("\"Email\" is not a field;") && !told.contains(", Email"), "{told}");
}

#[test]
fn cells_read_as_people_write_them() {
    let mut workflow = workflow();
    let tags = workflow.fields.iter_mut().find(|field| field.name == "Tags").expect("a field");
    let FieldKind::MultipleSelect { options } = &mut tags.kind else { panic!("a multipleSelect") };
    (options[0].name, options[1].name) = ("[Red]".to_owned(), "a;b".to_owned());
    for (field, cell, expected) in [
        ("Done", "Yes", json!(true)),
        ("Done", " TRUE ", json!(true)),
        ("Done", "1", json!(true)),
        ("Done", "no", json!(false)),
        ("Done", "0", json!(false)),
        ("Done", "maybe", json!("maybe")),
        ("Done", "", json!(null)),
        ("Tags", "Blue, dark;;  Green ;", json!(["Blue, dark", "Green"])),
        ("Tags", r#"["a;b","[Red]"]"#, json!(["a;b", "[Red]"])),
        ("Tags", "[Red]", json!(["[Red]"])),
        ("Tags", " ", json!(null)),
        ("Papers", "[]", json!([])),
        ("Papers", "x.pdf", json!("x.pdf")),
        ("Size", "-5", json!("-5")),
        ("Name", " a ", json!(" a ")),
    ] {
        let field = workflow.field_named(field).expect(field);
        assert_eq!(body(&[cell.to_owned()], &[Some(Column::Field(field))])[&field.name], expected, "{cell:?}");
    }
    let special = body(&["".to_owned(), " ".to_owned()], &[Some(Column::Stage), Some(Column::Assignee)]);
    assert_eq!(Json::Object(special), json!({ "Assigned To": " " }));
}

#[test]
fn a_column_whose_field_is_gone_stops_the_rest() {
    let header = ["a".to_owned(), "Mail".to_owned()];
    let gone = columns(&header, &[None, Some(Target::Field(id(9999)))], &workflow()).expect_err("gone");
    assert_eq!(gone.to_string(), "Field of the column \"Mail\" no longer exists");
}

/// Texts with all that files and spreadsheets take for something else.
fn any_cell() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec!["\"", ",", ";", "\t", "\n", "\r", "\r\n", "'", "=", "-", "+", "@", "\u{feff}", "5", ".", " "]);
    vec(prop_oneof![3 => special.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)], 0..8).prop_map(|parts| parts.concat())
}

fn any_table() -> impl Strategy<Value = Vec<Vec<String>>> {
    (1_usize..5).prop_flat_map(|columns| vec(vec(any_cell(), columns), 1..6))
}

fn any_delimiter() -> impl Strategy<Value = u8> {
    prop::sample::select(DELIMITERS.to_vec())
}

fn written(table: &[Vec<String>], delimiter: u8) -> Vec<u8> {
    let mut out = Vec::new();
    table.iter().for_each(|row| write_row(&mut out, delimiter, row));
    out
}

/// By another reader than ours; with the quotes that guard.
fn read_by_others(bytes: &[u8], delimiter: u8) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(bytes);
    reader.records().map(|record| record.expect("it is UTF-8").iter().map(str::to_owned).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_written_is_read_again(table in any_table(), delimiter in any_delimiter(), piece in 1_usize..20) {
        let read: Vec<_> = read(&written(&table, delimiter), None, piece).expect("it is ours").into_iter().map(|row| row.cells).collect();
        prop_assert_eq!(read, table);
    }

    #[test]
    fn others_read_the_same_cells_and_none_is_a_formula(table in any_table(), delimiter in any_delimiter()) {
        let read = read_by_others(&written(&table, delimiter), delimiter);
        prop_assert_eq!(read.len(), table.len());
        for (cell, value) in read.iter().flatten().zip(table.iter().flatten()) {
            let guarded = cell.strip_prefix('\'').is_some_and(|rest| rest == value);
            prop_assert!(guarded || cell == value, "{:?} is written as {:?}", value, cell);
            if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
                let is_number = cell[1..].chars().all(|digit| digit.is_ascii_digit() || digit == '.') && cell.len() > 1;
                prop_assert!(is_number, "{:?} is a formula", cell);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_alike_in_any_pieces(bytes in vec(prop_oneof![any::<u8>(), prop::sample::select(b"\",;\t\r\n'=a".to_vec())], 0..60), piece in 1_usize..9) {
        prop_assert_eq!(read(&bytes, None, piece), read(&bytes, None, bytes.len()));
    }

    #[test]
    fn what_is_read_of_others_is_what_they_read(table in any_table(), always in any::<bool>()) {
        let style = if always { ::csv::QuoteStyle::Always } else { ::csv::QuoteStyle::Necessary };
        let mut writer = ::csv::WriterBuilder::new().quote_style(style).from_writer(Vec::new());
        table.iter().for_each(|row| writer.write_record(row).expect("it is in memory"));
        let bytes = writer.into_inner().expect("it is in memory");
        // What begins a file may be no text to us.
        prop_assume!(!bytes.starts_with("\u{feff}".as_bytes()));
        let ours: Vec<Vec<String>> = read(&bytes, Some(b','), 7).expect("it is well-formed").into_iter().map(|row| row.cells).collect();
        let theirs: Vec<Vec<String>> = table.iter().map(|row| row.iter().map(|cell| guard::unguard(cell).to_owned()).collect()).collect();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn a_task_comes_back_as_it_went(task in any_task()) {
        let (workflow, workspace) = (workflow(), workspace());
        let table = Table::new(&workflow, &workspace, Access::Everything, None, "https://baton.example");
        let names: Vec<String> = table.header().map(str::to_owned).collect();
        let cells: Vec<String> = table.row(&task).map(|cell| cell.into_owned()).collect();
        let targets = targets(&names, &IndexMap::new(), &workflow, Access::Everything).expect("an import takes them all");
        let columns = columns(&names, &targets, &workflow).expect("they are there");
        let mut back: Task = task.clone();
        let place = Place { workflow: &workflow, workspace: &workspace, access: Access::Everything, person: None, new: false };
        prop_assert_eq!(write(&mut back, &body(&cells, &columns), &place), Ok(()));
        prop_assert_eq!(back, task);
    }
}
