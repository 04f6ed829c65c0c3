//! ServiceNow without Agent Chat: incidents and interactions by the Table API.

use connectors::Settings;
use edge::{Clock, egress::Egress};
use machine::limits::WAITING_PUSHES_MAX;
use serde_json::{Value, json};
use simulators::{
    Act, From, Phase, Simulator,
    faults::Plan,
    servicenow::{Journal, Options, ServiceNow},
};

use super::{accepted, chat_when, meanwhile, resumed, tickets, tickets::say};
use crate::{
    platform::{Attempt, Fate},
    world::{START, World},
};

fn settings(url: &str, more: &Value) -> Value {
    let mut settings = json!({
        "kind": "servicenow", "instance": url, "allow_private": true,
        "username": "integration", "password": "integration's password",
        "ticket": {
            "group": "Service Desk", "poll_seconds": 0.05, "gather_seconds": 0,
            "comment_chars_max": 1000,
        },
    });
    for (path, value) in more.as_object().unwrap() {
        match path.strip_prefix("ticket.") {
            Some(name) => settings["ticket"][name] = value.clone(),
            None => settings[path] = value.clone(),
        }
    }
    settings.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    settings
}

async fn start_with(more: Value, options: Options) -> (World, Simulator, ServiceNow) {
    let instance = ServiceNow::new(options);
    let tool = Simulator::start(instance.clone()).await.unwrap();
    let world = World::with_tool(|_| settings(&tool.base, &more)).await;
    (world, tool, instance)
}

async fn start() -> (World, Simulator, ServiceNow) {
    start_with(json!({}), Options::default()).await
}

#[tokio::test]
async fn a_whole_conversation() {
    let (world, tool, instance) = start().await;
    tickets::a_whole_conversation(&world, &tool, "INC0010001").await;
    let chat = tool.chats().remove(0);
    let record = instance.record("incident", &chat.id).unwrap();
    assert_eq!(record["contact_type"], "chat");
    assert!(record["correlation_id"].as_str().unwrap().starts_with("cht_"), "{record}");
    let group = ("assignment_group.name".to_owned(), "Service Desk".to_owned());
    assert!(chat.facts.contains(&group), "{:?}", chat.facts);
}

#[tokio::test]
async fn an_interaction_is_a_ticket_too() {
    let more = json!({ "ticket.table": "interaction" });
    let (world, tool, _) = start_with(more, Options::default()).await;
    tickets::a_whole_conversation(&world, &tool, "IMS0010001").await;
}

#[tokio::test]
async fn journal_markup_is_read_and_never_written() {
    let (world, tool, _) = start().await;
    let chat = accepted(&world, &tool, "u1").await;
    let html = "See <b>this</b><script>x</script>".to_owned();
    tool.act(&chat.id, Act::SayHtml { html }).unwrap();
    tickets::visitor_reads(&world, &["See **this**"]).await;
    world.step_two("u1", "[code]<b>x</b>[/code]").await;
    let chat = chat_when(&world, &tool, |chat| !tickets::written(chat).is_empty()).await;
    let line = chat.lines.iter().find(|line| line.from == From::Visitor).unwrap();
    assert!(!line.text.contains("[code]"), "{}", line.text);
}

#[tokio::test]
async fn agents_have_their_names_and_may_go_back_to_the_queue() {
    let (world, tool, _) = start().await;
    let chat = accepted(&world, &tool, "u1").await;
    tool.act(&chat.id, say("hello")).unwrap();
    tickets::visitor_reads(&world, &["hello"]).await;
    let said = |body: &Value| body["text"] == "hello";
    let said = world.platform.taken().into_iter().find(said).unwrap();
    assert_eq!(said["agentProfile"]["name"], "Jo Park", "not the name they sign in with");
    tool.act(&chat.id, Act::Requeue).unwrap();
    let id = world.ledger.open_ids(9).await.unwrap()[0].0.clone();
    meanwhile(&world, async || {
        let state = world.ledger.load(&id).await.unwrap()?;
        state.agent().is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_restart_in_the_middle_loses_and_repeats_nothing() {
    let (world, tool, _) = start().await;
    let world = tickets::a_restart_in_the_middle(world, &tool).await;
    let chat = tool.chats().remove(0);
    tool.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
}

#[tokio::test]
async fn cuts_losses_and_delays_change_nothing() {
    for seed in 1..=2 {
        let (world, tool, _) = start().await;
        tickets::holds_under_faults(&world, &tool, "table/incident", seed).await;
    }
}

#[tokio::test]
async fn every_text_survives() {
    let (world, tool, _) = start().await;
    tickets::every_text_survives(&world, &tool).await;
}

#[tokio::test]
async fn quick_lines_are_one_entry() {
    let (world, tool, _) =
        start_with(json!({ "ticket.gather_seconds": 2 }), Options::default()).await;
    tickets::quick_lines_are_one_entry(world, &tool).await;
}

#[tokio::test]
async fn one_poll_reads_all_tickets() {
    let (world, tool, _) = start().await;
    // The tickets, their journals, and once the users.
    tickets::one_poll_reads_all(&world, &tool, 3).await;
}

#[tokio::test]
async fn more_than_a_page_is_read_whole_and_in_order() {
    let (world, tool, _) = start().await;
    let chat = accepted(&world, &tool, "u1").await;
    tool.faults().set(Plan { down: true, ..Plan::default() });
    let texts: Vec<String> = (0..130).map(|n| format!("answer {n}")).collect();
    for text in &texts {
        tool.act(&chat.id, say(text)).unwrap();
    }
    tool.faults().set(Plan::default());
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    tickets::visitor_reads(&world, &texts).await;
}

#[tokio::test]
async fn a_visitor_who_leaves_may_close_the_ticket() {
    let leave = json!({ "state": "6", "close_code": "Resolved by caller" });
    let more = json!({ "ticket.leave_fields": leave });
    let (world, tool, instance) = start_with(more, Options::default()).await;
    let chat = tickets::the_visitor_leaves(&world, &tool).await;
    let record = instance.record("incident", &chat.id).unwrap();
    assert_eq!(
        (&record["state"], &record["close_code"]),
        (&json!("6"), &json!("Resolved by caller"))
    );
}

#[tokio::test]
async fn tokens_that_expire_or_are_refused_are_renewed() {
    let oauth = json!({ "client_id": "client", "client_secret": "client's secret" });
    let (world, tool, instance) = start_with(oauth, Options::default()).await;
    let chat = accepted(&world, &tool, "u1").await;
    for n in 0..3 {
        instance.forget_tokens();
        world.step_two("u1", &format!("word {n}")).await;
        tool.act(&chat.id, say(&format!("answer {n}"))).unwrap();
        chat_when(&world, &tool, |chat| tickets::written(chat).len() > n).await;
    }
    tickets::visitor_reads(&world, &["answer 0", "answer 1", "answer 2"]).await;
    let client = json!({
        "username": null, "password": null, "client_id": "client",
        "client_secret": "client's secret",
    });
    let (world, tool, _) = start_with(client, Options::default()).await;
    // No user is configured, so our entries are told by their label.
    let chat = accepted(&world, &tool, "u1").await;
    world.step_two("u1", "ours").await;
    chat_when(&world, &tool, |chat| tickets::written(chat).len() == 1).await;
    tool.act(&chat.id, say("theirs")).unwrap();
    tickets::visitor_reads(&world, &["theirs"]).await;
}

#[tokio::test]
async fn an_unknown_group_and_wrong_credentials_refuse_the_handover() {
    let (world, tool, _) =
        start_with(json!({ "ticket.group": "Nobody" }), Options::default()).await;
    tickets::is_refused(&world, &tool).await;
    let (world, tool, _) = start_with(json!({ "password": "wrong" }), Options::default()).await;
    tickets::is_refused(&world, &tool).await;
    let oauth = json!({ "client_id": "client", "client_secret": "wrong" });
    let (world, tool, _) = start_with(oauth, Options::default()).await;
    tickets::is_refused(&world, &tool).await;
}

#[tokio::test]
async fn a_limit_of_calls_slows_down_and_loses_nothing() {
    let (world, tool, _) = start().await;
    let chat = accepted(&world, &tool, "u1").await;
    tool.faults().set(Plan { status: Some(429), retry_after: Some(1), ..Plan::default() });
    world.step_two("u1", "first").await;
    world.step_two("u1", "second").await;
    tool.act(&chat.id, say("answer")).unwrap();
    meanwhile(&world, async || (tool.faults().calls() > 8).then_some(())).await;
    tool.faults().set(Plan::default());
    let chat = chat_when(&world, &tool, |chat| tickets::written(chat).len() >= 2).await;
    assert_eq!(tickets::written(&chat), ["first", "second"]);
    tickets::visitor_reads(&world, &["answer"]).await;
}

#[tokio::test]
async fn an_unreachable_instance_does_not_end_its_chats() {
    let (world, tool, _) = start().await;
    let chat = accepted(&world, &tool, "u1").await;
    for (status, expected) in [(404, &["one"][..]), (503, &["one", "two"])] {
        tool.faults().set(Plan { status: Some(status), ..Plan::default() });
        let calls = tool.faults().calls();
        meanwhile(&world, async || (tool.faults().calls() > calls + 4).then_some(())).await;
        tool.faults().set(Plan::default());
        tool.act(&chat.id, say(expected[expected.len() - 1])).unwrap();
        tickets::visitor_reads(&world, expected).await;
    }
}

#[tokio::test]
async fn a_ticket_that_is_deleted_ends_its_chat() {
    let (world, tool, _) = start().await;
    let chat = accepted(&world, &tool, "u1").await;
    let url = format!("{}/api/now/table/incident/{}", tool.base, chat.id);
    let request = world.http.delete(url).basic_auth("integration", Some("integration's password"));
    assert_eq!(request.send().await.unwrap().status(), 204);
    resumed(&world).await;
    assert!(tool.chats().iter().all(|chat| chat.phase != Phase::Live));
}

async fn check(more: Value, options: Options) -> Vec<String> {
    let tool = Simulator::start(ServiceNow::new(options)).await.unwrap();
    let settings: Settings = serde_json::from_value(settings(&tool.base, &more)).unwrap();
    let clock = Clock::manual(START).0;
    let findings = settings.check("tool", Egress::new().unwrap(), clock).await.unwrap();
    findings.into_iter().map(|f| format!("{:?} {}", f.verdict, f.words)).collect()
}

#[tokio::test]
async fn the_check_says_what_is_missing() {
    let good = check(json!({}), Options::default()).await;
    assert!(good.iter().all(|finding| !finding.starts_with("Wrong")), "{good:?}");
    let hidden = Options { journal: Journal::Hidden, ..Options::default() };
    let hidden = check(json!({}), hidden).await;
    assert!(hidden[1].starts_with("Unsure") && hidden[1].contains("sys_journal_field"));
    let forbidden = Options { journal: Journal::Forbidden, ..Options::default() };
    assert!(check(json!({}), forbidden).await[1].starts_with("Wrong the journal"));
    let group = check(json!({ "ticket.group": "Nobody" }), Options::default()).await;
    assert!(group[2].starts_with("Wrong the group"), "{group:?}");
    let password = check(json!({ "password": "wrong" }), Options::default()).await;
    assert!(password[0].contains("User Not Authenticated"), "{password:?}");
}

#[tokio::test]
async fn an_agent_who_quotes_our_entry_is_read() {
    let (world, tool, _) = start().await;
    tickets::an_agent_who_quotes_our_entry_is_read(&world, &tool).await;
}

#[tokio::test]
async fn the_name_of_our_own_user_ignores_case() {
    let more = json!({ "ticket.own_user": "INTEGRATION" });
    let (world, tool, _) = start_with(more, Options::default()).await;
    tickets::an_agent_who_quotes_our_entry_is_read(&world, &tool).await;
}

#[tokio::test]
async fn a_token_with_an_absurd_life_does_no_harm() {
    let oauth = json!({ "client_id": "client", "client_secret": "client's secret" });
    let options = Options { token_seconds: u64::MAX, ..Options::default() };
    let (world, tool, _) = start_with(oauth, options).await;
    let chat = accepted(&world, &tool, "u1").await;
    tool.act(&chat.id, say("hello")).unwrap();
    tickets::visitor_reads(&world, &["hello"]).await;
}

#[tokio::test]
async fn a_poll_interval_of_zero_is_refused_at_start() {
    for seconds in [0.0, -1.0] {
        let more = json!({ "ticket.poll_seconds": seconds });
        let settings = serde_json::from_value(settings("http://127.0.0.1:9", &more));
        let settings: Settings = settings.unwrap();
        let clock = Clock::manual(START).0;
        let error = settings.check("tool", Egress::new().unwrap(), clock).await.unwrap_err();
        let named = error.to_string().contains("`connectors.tool.ticket.poll_seconds`");
        assert!(named, "{error}");
    }
}

#[tokio::test]
async fn a_chat_with_a_full_queue_does_not_delay_other_chats() {
    let (world, tool, _) = start().await;
    let full = accepted(&world, &tool, "u1").await;
    let others = ["u2", "u3", "u4", "u5", "u6", "u7"];
    for user in others {
        assert_eq!(world.step_one(user).await["paused"], true);
    }
    meanwhile(&world, async || (tool.chats().len() > others.len()).then_some(())).await;
    let is_full = |attempt: &Attempt| attempt.body["userId"] == "u1";
    world.platform.script(move |one| if is_full(one) { Fate::Fail(503) } else { Fate::Accept });
    for n in 0..=WAITING_PUSHES_MAX {
        tool.act(&full.id, say(&format!("answer {n}"))).unwrap();
    }
    for chat in tool.chats().iter().filter(|chat| chat.id != full.id) {
        tool.act(&chat.id, Act::Accept { agent: "Kim".to_owned() }).unwrap();
        tool.act(&chat.id, say("hello")).unwrap();
    }
    let heard = || world.platform.texts().iter().filter(|text| *text == "hello").count();
    meanwhile(&world, async || (heard() == others.len()).then_some(())).await;
}
