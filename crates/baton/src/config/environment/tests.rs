use std::path::Path;

use super::{super::tests::GOOD, *};
use crate::config::{Config, Secret};

fn applied(file: &str, variables: &[(&str, &str)]) -> anyhow::Result<Config> {
    let mut layers = Layers::of(file)?;
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    apply(&mut layers, &variables.collect())?;
    layers.read()
}

fn refused(variables: &[(&str, &str)]) -> String {
    match applied(GOOD, variables) {
        Ok(_) => panic!("accepted: {variables:?}"),
        Err(error) => format!("{error:#}"),
    }
}

/// Every setting has a variable, and every form of value can be written in one.
#[test]
fn a_variable_beats_the_file_for_every_setting() {
    for setting in settings() {
        let values = match (setting.form, setting.name.as_str()) {
            (Form::Bool, _) => ["true", "false"],
            (Form::Number, _) => ["7", "8"],
            (Form::Path | Form::Secret, _) | (Form::Text, "base_path") => ["/a", "/b"],
            (Form::List, _) => ["10.0.0.0/8", "::1, 10.1.0.0/16"],
            (Form::Text, "listen" | "operations") => ["127.0.0.1:1", "127.0.0.1:2"],
            (Form::Text, _) => ["5/second", "6/minute"],
        };
        let given = match setting.form {
            Form::Bool | Form::Number => values[0].to_owned(),
            Form::List => format!("[{:?}]", values[0]),
            _ => format!("{:?}", values[0]),
        };
        let mut layers = Layers::of(&format!("{} = {given}", setting.name)).unwrap();
        let name = setting.variable();
        let variables = BTreeMap::from([(name.clone(), values[1].to_owned())]);
        apply(&mut layers, &variables).unwrap();
        let (now, source) = layers.get(&setting.name, None).unwrap();
        assert_eq!(now, value(setting.form, values[1]).unwrap(), "{name}");
        assert!(matches!(source, crate::config::layers::Source::Variable(of) if of == name));
    }
}

#[test]
fn what_variables_say_is_used() {
    let config = applied(
        GOOD,
        &[
            ("BATON_LISTEN", "127.0.0.1:99"),
            ("BATON_DATA", "elsewhere"),
            ("BATON_DATABASE_FILE", "/run/secrets/database"),
            ("BATON_TRUSTED_PROXIES", "10.0.0.0/8,::1"),
            ("BATON_LIMITS__MESSAGES", "5/second"),
            ("BATON_LIMITS__ENABLED", "false"),
        ],
    )
    .unwrap();
    assert_eq!(config.listen.port(), 99);
    assert_eq!(config.data, std::env::current_dir().unwrap().join("elsewhere"));
    let Some(Secret::File(file)) = &config.database else { panic!("a file is meant") };
    assert_eq!(file, Path::new("/run/secrets/database"));
    assert_eq!(config.limits.messages.to_string(), "5/second");
    assert!(!config.limits.enabled);
    let proxies = config.trusted_proxies.client([10, 0, 0, 1].into(), &{
        let mut headers = http::HeaderMap::new();
        headers.insert("x-forwarded-for", http::HeaderValue::from_static("192.0.2.1"));
        headers
    });
    assert_eq!(proxies.to_string(), "192.0.2.1");
}

#[test]
fn a_wrong_value_names_its_variable() {
    for (name, value, expected) in [
        ("BATON_LISTEN", "somewhere", "BATON_LISTEN: "),
        ("BATON_STOP_GRACE_SECONDS", "ten", "BATON_STOP_GRACE_SECONDS: \"ten\" is no whole"),
        ("BATON_STOP_GRACE_SECONDS", "9999", "must be at most 600"),
        ("BATON_LIMITS__ENABLED", "yes", "neither true nor false"),
        ("BATON_LIMITS__MESSAGES", "5 per second", "60/minute"),
        ("BATON_BASE_PATH", "/desk", "a path of this server"),
        ("BATON_LISTEN_FILE", "/x", "`listen` is no secret"),
        ("BATON_BOTS__NAME", "x", "`bots` is set in the configuration file"),
    ] {
        let message = refused(&[(name, value)]);
        assert!(message.contains(expected), "{message}");
        assert!(message.contains(name), "{message}");
    }
    let message = refused(&[("BATON_DATABASE", "x"), ("BATON_DATABASE_FILE", "/x")]);
    assert!(message.contains("both set"), "{message}");
}

#[test]
fn a_variable_that_is_nearly_a_setting_is_an_error_and_a_strange_one_is_not() {
    for (name, nearest) in [
        ("BATON_LISTN", "BATON_LISTEN"),
        ("BATON_DATBASE", "BATON_DATABASE"),
        ("BATON_DATABASE_FIEL", "BATON_DATABASE_FILE"),
        ("BATON_LIMITS_MESSAGES", "BATON_LIMITS__MESSAGES"),
        ("BATON_LIMITS__NOTHING_LIKE_IT", "BATON_LIMITS__"),
        ("BATON_LOG_FROMAT", "BATON_LOG_FORMAT"),
    ] {
        let message = refused(&[(name, "x")]);
        assert!(message.contains(&format!("did you mean {nearest}")), "{name}: {message}");
    }
    let others = [("BATON_AGENT_PASSWORD", "x"), ("BATON_TEST_POSTGRES", "x"), ("BATON_BIN", "x")];
    applied(GOOD, &others).unwrap();
    let named = GOOD.replace("push_key = \"key\"", "push_key = { env = \"BATON_LISTN\" }");
    applied(&named, &[("BATON_LISTN", "a key")]).unwrap();
}
