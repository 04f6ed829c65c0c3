//! The published libraries of Standard Webhooks verify our signatures, and we verify theirs: with
//! one key, while keys are replaced, too old and too far ahead. `cargo xtask test` installs them
//! and passes their folder.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use edge::{
    Clock,
    signature::{ID, SIGNATURE, SignatureError, SigningKeys, TIMESTAMP},
};
use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};

const OLD: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NEW: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G";
const BODIES: [&str; 3] = [
    r#"{"userId":"u1","botId":"b1","eventType":"message","text":"Hi, how may I assist?"}"#,
    r#"{"text":"Grüße, 日本 \" \\ \n 💬","empty":""}"#,
    "{ \"spaces\" :\t[ 1.0, 1e3 ] }\n",
];

#[test]
#[ignore = "needs the published libraries: cargo xtask test"]
fn node_and_we_agree() {
    agree(Command::new("node").arg(script("signatures.mjs")).arg(installed("node")));
}

#[test]
#[ignore = "needs the published libraries: cargo xtask test"]
fn python_and_we_agree() {
    let python = Path::new(&installed("python")).join("bin/python");
    agree(Command::new(python).arg(script("signatures.py")));
}

fn installed(client: &str) -> String {
    let folder = std::env::var("BATON_TEST_SIGNATURE_CLIENTS");
    format!("{}/{client}", folder.expect("run this by `cargo xtask test`"))
}

fn script(name: &str) -> String {
    format!("{}/tests/clients/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Signatures of ours for the library to verify, and whether each is valid.
fn ours() -> Vec<(Value, bool)> {
    let now = Clock::system().now();
    let mut cases = Vec::new();
    for body in BODIES {
        for (secret, signers, age_s, holds) in [
            (NEW, &[NEW][..], 0, true),
            (OLD, &[NEW, OLD], 0, true),
            (NEW, &[OLD, NEW], 0, true),
            (NEW, &[OLD], 0, false),
            (NEW, &[NEW], 280, true),
            (NEW, &[NEW], -280, true),
            (NEW, &[NEW], 320, false),
            (NEW, &[NEW], -320, false),
        ] {
            let mut headers = HeaderMap::new();
            let at = now - age_s * 1_000;
            keys(signers).sign(&mut headers, "cht_1/3-0", at, body.as_bytes()).unwrap();
            let header = |name: HeaderName| headers[name].to_str().unwrap();
            let case = json!({
                "secret": secret, "id": header(ID), "body": body,
                "timestamp": header(TIMESTAMP).parse::<i64>().unwrap(),
                "signature": header(SIGNATURE),
            });
            cases.push((case, holds));
        }
    }
    cases
}

fn agree(client: &mut Command) {
    let ours = ours();
    let now = Clock::system().now();
    let theirs = BODIES.map(
        |body| json!({ "secret": NEW, "id": "msg_1", "timestamp": now / 1_000, "body": body }),
    );
    let verify: Vec<&Value> = ours.iter().map(|(case, _)| case).collect();
    let answer = ask(client, &json!({ "sign": theirs, "verify": verify }));

    let verified = answer["verified"].as_array().unwrap();
    assert_eq!(verified.len(), ours.len());
    for ((case, holds), error) in ours.iter().zip(verified) {
        assert_eq!(error.is_null(), *holds, "{case}: {error}");
    }
    let signed = answer["signed"].as_array().unwrap();
    assert_eq!(signed.len(), BODIES.len());
    for (body, signature) in BODIES.iter().zip(signed) {
        let mut headers = HeaderMap::new();
        headers.insert(ID, "msg_1".parse().unwrap());
        headers.insert(TIMESTAMP, (now / 1_000).into());
        headers.insert(SIGNATURE, signature.as_str().unwrap().parse().unwrap());
        let verify = |secrets: &[&str], later_s: i64| {
            keys(secrets).verify(&headers, body.as_bytes(), now + later_s * 1_000)
        };
        for (secrets, later_s) in [(&[NEW][..], 0), (&[OLD, NEW], 0), (&[NEW], 299), (&[NEW], -299)]
        {
            assert_eq!(verify(secrets, later_s).unwrap().as_str(), "msg_1");
        }
        assert_eq!(verify(&[OLD], 0), Err(SignatureError::NoMatch));
        assert!(matches!(verify(&[NEW], 310), Err(SignatureError::Stale(_))));
        assert!(matches!(verify(&[NEW], -310), Err(SignatureError::Ahead(_))));
    }
}

fn keys(secrets: &[&str]) -> SigningKeys {
    let secrets: Vec<_> = secrets.iter().map(|secret| (*secret).into()).collect();
    SigningKeys::new(&secrets).unwrap()
}

fn ask(client: &mut Command, question: &Value) -> Value {
    let mut child = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{client:?} failed");
    serde_json::from_slice(&output.stdout).unwrap()
}
