use secrecy::ExposeSecret;

use super::*;

const GOOD: &str = r#"
listen = "127.0.0.1:8080"
data = "data"

[[bots]]
id = "support"
name = "Support"
agent = { export = "agents/handoff-demo" }
triggers = ["operator_request"]
push_key = "key"
webhook = { url = "http://127.0.0.1:9000/hook", token = "token", allow_private = true }

[[routes]]
id = "desk"
token = "token"
push = { url = "http://127.0.0.1:8080/webhooks/handover/push", key = "key", allow_private = true }
connector = { kind = "desk" }
minutes_paused = 0.5

[[agents]]
email = "jane@example.com"
name = "Jane Doe"
password = "secret"
"#;

fn error(text: &str) -> String {
    match Config::parse(text) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn the_documented_shape_is_read() {
    let config = Config::parse(GOOD).unwrap();
    assert_eq!(config.bots[0].triggers, ["operator_request"]);
    assert_eq!(config.routes[0].minutes_paused, Some(0.5));
    assert_eq!(config.agents[0].name, "Jane Doe");
}

#[test]
fn unknown_keys_name_the_line_and_the_nearest_known_key() {
    let cases = [
        ("listen =", "lisen =", "did you mean `listen`?"),
        ("push_key =", "pushkey =", "did you mean `push_key`?"),
        (
            "allow_private = true }\n\n[[routes]]",
            "allow_privat = true }\n\n[[routes]]",
            "did you mean `allow_private`?",
        ),
        ("[[agents]]", "[[agent]]", "did you mean `agents`?"),
        ("kind = \"desk\"", "kind = \"dask\"", "did you mean `desk`?"),
        ("push_key = \"key\"", "push_key = { flie = \"x\" }", "did you mean `file`?"),
    ];
    for (from, to, expected) in cases {
        assert!(GOOD.contains(from), "{from}");
        let message = error(&GOOD.replace(from, to));
        assert!(message.contains(expected), "{to}: {message}");
        assert!(message.contains("line "), "{to}: {message}");
    }
}

#[test]
fn an_error_shows_its_place_and_never_the_line_with_its_secret() {
    let message =
        error(&GOOD.replace("allow_private = true }\n\n[[routes]]", "alow = 1 }\n[[routes]]"));
    assert!(message.contains("line 11, column "), "{message}");
    assert!(!message.contains("token = "), "{message}");
    let message = error(&GOOD.replace("password = \"secret\"", "password = \"secret"));
    assert!(!message.contains("secret\"") && !message.contains("\"secret"), "{message}");
}

#[test]
fn paths_are_relative_to_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baton.toml");
    let text = GOOD.replace("push_key = \"key\"", "push_key = { file = \"push-key\" }");
    std::fs::write(&file, text).unwrap();
    std::fs::write(folder.path().join("push-key"), "k").unwrap();
    let config = Config::load(&file).unwrap();
    assert_eq!(config.data, folder.path().join("data"));
    let BotAgent::Export(export) = &config.bots[0].agent else { panic!("an export is meant") };
    assert_eq!(*export, folder.path().join("agents/handoff-demo"));
    assert_eq!(config.bots[0].push_key.read("bots.push_key").unwrap().expose_secret(), "k");
}

#[test]
fn what_no_type_can_say_is_checked() {
    let cases = [
        ("id = \"support\"", "id = \"sup/port\"", "bots.id"),
        ("minutes_paused = 0.5", "minutes_paused = 0", "routes.minutes_paused"),
        ("minutes_paused = 0.5", "minutes_paused = 2000", "1440"),
    ];
    for (from, to, expected) in cases {
        let message = error(&GOOD.replace(from, to));
        assert!(message.contains(expected), "{to}: {message}");
    }
    assert!(error("listen = \"127.0.0.1:1\"").contains("nothing to serve"));
    let twice =
        format!("{GOOD}\n[[agents]]\nemail = \"jane@example.com\"\nname = \"J\"\npassword = \"p\"");
    assert!(error(&twice).contains("agents.email"));
}

#[test]
fn secrets_come_from_files_and_the_environment_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "from a file\n").unwrap();
    let text = format!("{{ file = {:?} }}", file.display().to_string());
    let config = Config::parse(&GOOD.replace("push_key = \"key\"", &format!("push_key = {text}")));
    let secret = config.unwrap().bots[0].push_key.read("bots.push_key").unwrap();
    assert_eq!(secret.expose_secret(), "from a file");

    // Cargo sets this one for every test.
    let env = Secret::Env("CARGO_PKG_NAME".to_owned());
    assert_eq!(env.read("x").unwrap().expose_secret(), "baton");
    let missing = Secret::Env("BATON_NO_SUCH_VARIABLE".to_owned());
    assert!(missing.read("bots.push_key").err().unwrap().to_string().contains("bots.push_key"));
    let empty = Secret::Text("".into());
    assert!(empty.read("routes.token").err().unwrap().to_string().contains("routes.token"));
}

#[test]
fn an_agent_is_one_of_three() {
    let with = |agent: &str| GOOD.replace("{ export = \"agents/handoff-demo\" }", agent);
    let es =
        r#"{ es = { project = "p", environment = "live", credentials = { file = "key.json" } } }"#;
    let mut config = Config::parse(&with(es)).unwrap();
    config.rebase(Path::new("/etc/baton"));
    let BotAgent::Es(es) = &config.bots[0].agent else { panic!("ES is meant") };
    assert_eq!((es.project.as_str(), es.language.as_str()), ("p", "en"));
    let Some(Secret::File(key)) = &es.credentials else { panic!("a file is meant") };
    assert_eq!(key, Path::new("/etc/baton/key.json"));
    let cx = r#"{ cx = { project = "p", location = "global", agent = "a", language = "de" } }"#;
    let config = Config::parse(&with(cx)).unwrap();
    assert!(matches!(&config.bots[0].agent, BotAgent::Cx(cx) if cx.language == "de"));
    for (wrong, expected) in [
        (r#"{ es = { project = "p" }, export = "x" }"#, "exactly one of"),
        ("{}", "exactly one of"),
        (r#"{ es = { projekt = "p" } }"#, "did you mean `project`?"),
        (r#"{ exprot = "x" }"#, "did you mean `export`?"),
        (r#"{ cx = { project = "p", location = "global" } }"#, "`agent`"),
        (r#"{ es = { project = "p", credentials = { flie = "x" } } }"#, "did you mean `file`?"),
    ] {
        let message = error(&with(wrong));
        assert!(message.contains(expected), "{wrong}: {message}");
    }
}
