use secrecy::ExposeSecret;

use super::*;

pub(super) const GOOD: &str = r#"
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
fn a_route_leads_to_the_desk_or_to_a_connector_that_is_there() {
    let message = error(&GOOD.replace("kind = \"desk\"", "kind = \"dask\""));
    assert!(message.contains("`routes.connector` is \"dask\": use \"desk\""), "{message}");
}

#[test]
fn a_connector_of_an_unknown_kind_or_with_an_unknown_key_names_the_nearest() {
    for (settings, expected) in [
        ("kind = \"webhok\"", "unknown variant `webhok`, expected one of"),
        ("kind = \"webhok\"", "did you mean `webhook`?"),
        ("kind = \"webhook\"\nulr = \"x\"", "did you mean `url`?"),
        ("url = \"x\"", "missing field `kind`"),
    ] {
        let message = error(&format!("{GOOD}\n[connectors.tool]\n{settings}\n"));
        assert!(message.contains(expected), "{settings}: {message}");
        assert!(message.contains("line "), "{settings}: {message}");
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
    let text = text.replace("\"token\"", "\"a long token\"");
    std::fs::write(&file, text).unwrap();
    std::fs::write(folder.path().join("push-key"), "the push key\n").unwrap();
    let config = Config::load(&file).unwrap();
    assert_eq!(config.data, folder.path().join("data"));
    let bot = config.documents.iter().find(|new| new.kind == Kind::Bot).unwrap();
    let export = bot.settings["agent"]["export"].as_str().unwrap();
    assert_eq!(Path::new(export), folder.path().join("agents/handoff-demo"));
    let key = &bot.settings["push_key"];
    assert_eq!(key, "the push key", "read from the file beside");
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
    let twice =
        format!("{GOOD}\n[[agents]]\nemail = \"jane@example.com\"\nname = \"J\"\npassword = \"p\"");
    assert!(error(&twice).contains("agents.email"));
}

/// Contract 13.22: whose chat it is must be clear.
#[test]
fn a_bot_has_one_target() {
    let line = GOOD.lines().find(|line| line.starts_with("webhook =")).unwrap();
    let message = error(&GOOD.replacen(line, &format!("{line}\n{line}"), 1));
    assert!(message.contains("duplicate key"), "{message}");
}

#[test]
fn secrets_come_from_files_and_the_environment_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "from a file\n").unwrap();
    let text = format!("{{ file = {:?} }}", file.display().to_string());
    let config = Config::parse(&GOOD.replace("push_key = \"key\"", &format!("push_key = {text}")));
    let keys = config.unwrap().bots[0].push_key.read("bots.push_key").unwrap();
    assert!(keys[0].is("from a file"));

    // Cargo sets this one for every test.
    let env = Secret::Env("CARGO_PKG_NAME".to_owned());
    assert_eq!(env.read("x").unwrap().expose_secret(), "baton");
    let missing = Secret::Env("BATON_NO_SUCH_VARIABLE".to_owned());
    assert!(missing.read("bots.push_key").err().unwrap().to_string().contains("bots.push_key"));
    let empty = Secret::Text("".into());
    assert!(empty.read("routes.token").err().unwrap().to_string().contains("routes.token"));
}

/// Contract 13.19: keys overlap while a new one is introduced, and a hash is enough.
#[test]
fn ambiguity_13_19_several_push_keys_or_their_hashes() {
    let hash = edge::secrets::hash_hex("kept as a hash");
    let read = |keys: &str| {
        let text = GOOD.replace("push_key = \"key\"", &format!("push_key = {keys}"));
        anyhow::Ok(Config::parse(&text)?.bots[0].push_key.read("bots.push_key")?)
    };
    let keys = read(&format!("[\"new\", {{ hash = \"{hash}\" }}, \"old\"]")).unwrap();
    let known = ["new", "kept as a hash", "old"];
    assert!(keys.iter().zip(known).all(|(key, known)| key.is(known)));
    assert!(read(&format!("{{ hash = \"{}\" }}", hash.to_uppercase())).unwrap()[0].is(known[1]));
    for (keys, expected) in [
        ("[]", "give at least one"),
        ("{ hash = \"short\" }", "64 hexadecimal digits"),
        ("{ hsh = \"x\" }", "hash"),
        ("5", "a secret, or a list"),
    ] {
        let message = format!("{:#}", read(keys).err().unwrap());
        assert!(message.contains(expected), "{keys}: {message}");
    }
}

#[test]
fn a_route_may_say_more_of_its_secrets() {
    let more = r#"token = ["old", { env = "NEW" }]
header = { name = "x-live-chat", value = { file = "header" } }
signing = { keys = "whsec_1" }
resume_event = "survey"
"#;
    let text =
        GOOD.replace("id = \"desk\"\ntoken = \"token\"\n", &format!("id = \"desk\"\n{more}"));
    let push = r#"key = "key", key_in = "header", bearer = true, signing_keys = ["a", "b"],"#;
    let text = text.replace("/push\", key = \"key\",", &format!("/push\", {push}"));
    let config = Config::parse(&text).unwrap();
    let route = &config.routes[0];
    let rules = documents::rules();
    let new = config.documents.iter().find(|new| new.kind == Kind::Route).unwrap();
    let schema = rules.of(Kind::Route).unwrap().schema(&new.settings).unwrap();
    let (mut found, mut settings) = (0, serde_json::Value::Object(new.settings.clone()));
    let mut count = |_: &str, _, _: &mut serde_json::Value| {
        found += 1;
        anyhow::Ok(())
    };
    directory::secrets::visit(schema, &mut settings, &mut count).unwrap();
    assert_eq!(found, 1 + 2 + 1 + 1 + 2, "each is known, so each file is found");
    assert!(!route.signing.as_ref().unwrap().required);
    assert!(route.push.bearer && route.push.key_in == KeyIn::Header);
    assert_eq!(route.resume_event.as_deref(), Some("survey"));
    for (from, to, expected) in [
        ("key_in = \"header\"", "key_in = \"body\"", "routes.push.bearer"),
        ("key_in = \"header\"", "key_in = \"heder\"", "did you mean `header`?"),
        ("signing_keys = [\"a\", \"b\"]", "signing_keys = []", "give at least one"),
        ("signing_keys = [\"a\", \"b\"]", "signing_keys = 7", "a secret, or a list"),
        ("resume_event = \"survey\"", "resume_event = \" \"", "routes.resume_event"),
        ("signing = { keys", "signing = { key", "did you mean `keys`?"),
        ("header = { name", "header = { nam", "did you mean `name`?"),
    ] {
        assert!(text.contains(from), "{from}");
        let message = error(&text.replacen(from, to, 1));
        assert!(message.contains(expected), "{to}: {message}");
    }
}

#[test]
fn an_agent_is_one_of_three() {
    let with = |agent: &str| GOOD.replace("{ export = \"agents/handoff-demo\" }", agent);
    let es =
        r#"{ es = { project = "p", environment = "live", credentials = { file = "key.json" } } }"#;
    let config = Config::parse(&with(es)).unwrap();
    let BotAgent::Es(es) = &config.bots[0].agent else { panic!("ES is meant") };
    assert_eq!((es.project.as_str(), es.language.as_str()), ("p", "en"));
    let Some(Secret::File(key)) = &es.credentials else { panic!("a file is meant") };
    assert_eq!(key, Path::new("key.json"));
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

#[test]
fn a_base_path_is_a_path_that_is_not_ours() {
    let with = |path: &str| format!("base_path = {path:?}\n{GOOD}");
    let config = Config::parse(&with("/support-chat")).unwrap();
    assert_eq!(config.base_path.unwrap().as_str(), "/support-chat");
    for bad in ["support-chat", "/chat/", "/", "https://example.com/chat"] {
        let message = error(&with(bad));
        assert!(
            message.contains("\"/support-chat\"") && message.contains("base_path"),
            "{message}"
        );
    }
    for own in ["/v1", "/desk/chat", "/assets"] {
        let message = error(&with(own));
        assert!(message.contains("which is a path of this server"), "{message}");
    }
}

#[test]
fn allowed_origins_are_origins() {
    let with =
        |origins: &str| GOOD.replace("name = \"Support\"", &format!("allowed_origins = {origins}"));
    let any = Config::parse(GOOD).unwrap().bots[0].origins().unwrap();
    assert!(any.are_any());
    let listed = Config::parse(&with(r#"["https://example.com", "https://*.example.com"]"#));
    assert!(!listed.unwrap().bots[0].origins().unwrap().are_any());
    for (bad, expected) in [
        (r#"["https://example.com/shop"]"#, "\"https://example.com/shop\" is not an origin"),
        (r#"["*"]"#, "remove the key to allow any page"),
        ("[]", "the list is empty"),
    ] {
        let message = error(&with(bad));
        assert!(message.starts_with("`bots.allowed_origins`: "), "{message}");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn words_are_kept_only_where_the_owner_says_so() {
    let with =
        |more: &str| GOOD.replace("push_key = \"key\"\n", &format!("push_key = \"key\"\n{more}\n"));
    let read = |more: &str| {
        let config = Config::parse(&with(more)).unwrap();
        (config.bots[0].when_away, config.bots[0].kept_notice.clone())
    };
    assert!(read("") == (WhenAway::Forward, None));
    assert!(read("when_away = \"forward\"") == (WhenAway::Forward, None));
    let kept = Some("One moment.".to_owned());
    assert!(read("when_away = \"hold\"\nkept_notice = \"One moment.\"") == (WhenAway::Hold, kept));
    let message = error(&with("kept_notice = \"One moment.\""));
    assert!(message.contains("`bots.kept_notice` needs `when_away = \"hold\"`"), "{message}");
    let message = error(&with("when_away = \"keep\""));
    assert!(message.contains("forward") && message.contains("hold"), "{message}");
}

#[test]
fn a_key_that_could_be_guessed_is_refused() {
    let resolved = |from: &str, to: &str| {
        let good = GOOD.replace("\"token\"", "\"a long token\"");
        let good = good.replace("push_key = \"key\"", "push_key = \"a long key!!\"");
        assert!(good.contains(from), "{from}");
        Config::parse(&good.replace(from, to)).unwrap().resolve(Path::new("/"))
    };
    let key = "\"a long key!!\"";
    for weak in ["\"x\"", "\"elevenchars\"", "[\"long enough to stay\", \"x\"]"] {
        let message = resolved(key, weak).unwrap_err().to_string();
        assert!(message.starts_with("`bots.push_key"), "{message}");
        assert!(message.contains("at least 12"), "{message}");
    }
    resolved(key, "\"twelve chars\"").unwrap();
    let message = resolved("\ntoken = \"a long token\"", "\ntoken = \"short\"").unwrap_err();
    assert!(message.to_string().starts_with("`routes.token`"), "{message}");
}

#[test]
fn limits_and_proxies_are_read() {
    let more = "trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n";
    let limits = "[limits]\nmessages = \"5/second\"\nstreams = 3\n";
    let config = Config::parse(&format!("{more}{GOOD}\n{limits}")).unwrap();
    assert_eq!(config.limits.messages.to_string(), "5/second");
    assert_eq!((config.limits.streams, config.limits.enabled), (3, true));
    for (limits, expected) in [
        ("mesages = \"5/second\"", "did you mean `messages`?"),
        ("messages = \"5 per second\"", "60/minute"),
    ] {
        let message = error(&format!("{GOOD}\n[limits]\n{limits}\n"));
        assert!(message.contains(expected), "{limits}: {message}");
    }
    let message = error(&format!("trusted_proxies = [\"proxy\"]\n{GOOD}"));
    assert!(message.contains("10.0.0.0/8"), "{message}");
}
