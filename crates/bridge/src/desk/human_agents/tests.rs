use std::time::Instant;

use super::*;

/// Of "jane knows this one", by the reference implementation's defaults of this library.
fn hash(password: &str) -> String {
    use argon2::PasswordHasher as _;
    let salt = b"salt of the test";
    argon2::Argon2::default()
        .hash_password_with_salt(password.as_bytes(), salt)
        .unwrap()
        .to_string()
}

fn agent(email: &str, password: &str) -> HumanAgentConfig {
    let (email, avatar_url) = (email.to_owned(), String::new());
    HumanAgentConfig { email, name: "Jane Doe".to_owned(), avatar_url, password: password.into() }
}

fn with(password: &str) -> Result<HumanAgents, ConfigError> {
    HumanAgents::new(vec![agent("Jane@example.com", password)])
}

#[test]
fn f8_any_password_of_eight_characters_is_taken_that_is_not_a_common_one() {
    let long = "a long one with blanks and ümläuts 🙂 ".repeat(4);
    for good in ["jX9!qZ7&", "jane's own password", "пароль для Джейн", " q9 rt 4", &long]
    {
        let agents = with(good).unwrap();
        assert!(agents.verify("jane@EXAMPLE.com ", good).is_some(), "{good}");
        let cut: String = good.chars().skip(1).collect();
        for wrong in [&cut, &format!("{good} "), &good.to_uppercase(), &String::new()] {
            if wrong != good {
                assert!(agents.verify("jane@example.com", wrong).is_none(), "{good}: {wrong}");
            }
        }
    }
    for short in ["", "sevench", "🙂🙂🙂🙂🙂🙂🙂"] {
        assert!(matches!(with(short), Err(ConfigError::Password(_))), "{short}");
    }
    for common in
        ["password", "password1", "P@ssw0rd", "12345678", "qwertyui", "iloveyou1", "janedoe1"]
    {
        assert!(matches!(with(common), Err(ConfigError::CommonPassword(_))), "{common}");
    }
}

#[test]
fn f8_the_configuration_may_hold_an_argon2id_hash_alone() {
    let hashed = hash("jane knows this one");
    let agents = with(&hashed).unwrap();
    assert!(agents.verify("jane@example.com", "jane knows this one").is_some());
    for wrong in ["jane knows this on", "", &hashed] {
        assert!(agents.verify("jane@example.com", wrong).is_none(), "{wrong}");
    }
    for wrong in [
        "$argon2id$",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ",
        &hashed.replace("argon2id", "argon2i"),
        &hashed.replace("m=19456", "m=4194304"),
        &hashed.replace("t=2", "t=1000"),
    ] {
        assert!(matches!(with(wrong), Err(ConfigError::PasswordHash(_))), "{wrong}");
    }
}

/// The median, because other tests use the machine, too.
fn time_of(agents: &HumanAgents, email: &str, tries: usize) -> f64 {
    let mut times: Vec<f64> = Vec::new();
    for _ in 0..tries {
        let start = Instant::now();
        assert!(agents.verify(email, "not the password").is_none());
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times[tries / 2]
}

#[test]
fn f8_an_unknown_address_takes_as_long_as_a_wrong_password() {
    let text = || agent("text@example.com", "jane knows this one");
    let hashed = agent("hash@example.com", &hash("jane knows this one"));
    // The times of a hash are so long that few tries are enough.
    for (agents, tries) in [(vec![text()], 200), (vec![text(), hashed], 20)] {
        let known: Vec<String> = agents.iter().map(|agent| agent.email.clone()).collect();
        let agents = HumanAgents::new(agents).unwrap();
        let unknown = time_of(&agents, "nobody@example.com", tries);
        for email in known {
            let ratio = time_of(&agents, &email, tries) / unknown;
            assert!((0.5..2.0).contains(&ratio), "{email}: {ratio}");
        }
    }
}
