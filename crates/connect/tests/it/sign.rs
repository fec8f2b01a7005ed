use baton_connect::sign::{NotSigningSecret, SigningSecret, headers};

fn secret(text: &str) -> SigningSecret {
    SigningSecret::parse(text).expect("a secret of the specification")
}

/// Those of the specification and of its reference libraries.
#[test]
fn signatures_are_those_of_the_specification() {
    let vectors = [
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
    ];
    for (key, id, timestamp, body, signature) in vectors {
        let expected =
            [("webhook-id", id.to_owned()), ("webhook-timestamp", timestamp.to_string()), ("webhook-signature", signature.to_owned())];
        assert_eq!(headers(&[secret(key)], id, timestamp, body.as_bytes()), expected);
    }
}

#[test]
fn each_secret_signs() {
    let keys = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"];
    let signature = |keys: &[&str]| {
        let secrets: Vec<SigningSecret> = keys.iter().map(|key| secret(key)).collect();
        let [_, _, (_, signature)] = headers(&secrets, "exe_1_s2", 1, b"body");
        signature
    };
    assert_eq!(signature(&keys), format!("{} {}", signature(&keys[..1]), signature(&keys[1..])));
}

#[test]
fn a_secret_is_read_strictly() {
    let of_bytes = |count: usize| format!("whsec_{}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, vec![7u8; count]));
    assert!(SigningSecret::parse(&of_bytes(24)).is_ok());
    assert!(SigningSecret::parse(&of_bytes(64)).is_ok());
    let wrong = [
        of_bytes(23),
        of_bytes(65),
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(),
        "whsec_".into(),
        "whsec_not base64 at all, not at all".into(),
    ];
    for text in wrong {
        assert_eq!(SigningSecret::parse(&text).err(), Some(NotSigningSecret), "{text}");
    }
    assert_eq!(NotSigningSecret.to_string(), "a signing secret is whsec_ and the base64 of 24 to 64 bytes");
}
