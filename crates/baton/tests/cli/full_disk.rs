use serde_json::json;

use crate::site::Site;

#[test]
fn a_full_disk_is_told_and_nothing_answered_is_lost() {
    let (site, made) = Site::with_workspace();
    let workflow = site.apply_reviews();
    let key = made["api_key"].as_str().expect("a key");
    let path = format!("/api/v1/workflows/{workflow}/tasks");

    let server = site.serve(&["--sqlite-page-count-max", "60"]);
    let mut created = 0;
    let refused = loop {
        let body = json!({ "ID": created.to_string(), "Title": "x".repeat(3000) }).to_string();
        let answer = server.post(&path, key, &body);
        match answer.status {
            201 => created += 1,
            _ => break answer,
        }
        assert!(created < 10_000, "the limit is never reached");
    };
    assert_eq!(refused.status, 503);
    assert!(refused.body.contains("full"), "{}", refused.body);
    assert_eq!(server.get(&path, key).json().as_array().map(Vec::len), Some(created));
    let steps = json!([{ "do": "add_comment", "text": "x".repeat(60_000) }]);
    let large = json!({ "name": "Large", "stages": [{ "name": "A" }], "actions": [{ "name": "Say", "from": ["A"], "steps": steps }] });
    site.write("large.json", &large.to_string());
    let told = site.refused(&["apply", "large.json"]);
    assert!(told.contains("full"), "{told}");
    assert_eq!(server.stop(), Some(0));

    let server = site.serve(&[]);
    assert_eq!(server.get(&path, key).json().as_array().map(Vec::len), Some(created));
    assert_eq!(server.post(&path, key, "{\"Title\":\"there is room again\"}").status, 201);
    assert!(site.ok(&["audit", "verify"]).ends_with("whole"));
}
