//! OpenText Service Manager: incidents, interactions and customized installations.

use connectors::Settings;
use edge::{Clock, egress::Egress};
use serde_json::{Value, json};
use simulators::{
    Act, From, Phase, Simulator,
    faults::Plan,
    service_manager::{Options, Profile, ServiceManager},
};

use super::{accepted, chat_when, meanwhile, resumed, tickets, tickets::say};
use crate::world::{START, World};

fn settings(url: &str, more: &Value) -> Value {
    let mut settings = json!({
        "kind": "service-manager", "url": format!("{url}/SM/9/rest"), "allow_private": true,
        "username": "integration", "password": "integration's password",
        "group": "Service Desk", "poll_seconds": 0.05, "gather_seconds": 0, "entry_chars_max": 1000,
        "fields": { "Service": "CI0000042", "Impact": "4", "Urgency": "3" },
    });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

fn customised() -> Value {
    json!({
        "collection": "chatTickets", "resource": "ChatTicket", "id_field": "TicketNo",
        "title_field": "Betreff", "description_field": "Beschreibung", "status_field": "Zustand",
        "group_field": "Gruppe", "assignee_field": "Bearbeiter", "journal_field": "Verlauf",
        "solution_field": "Loesung", "held_status": ["Wartet"],
        "over_status": ["Gelöst", "Geschlossen"], "date_order": "day-first",
        "update_method": "POST", "leave_action": "loesen",
        "leave_fields": { "Abschlusscode": "1" }, "leave_solution": ["Chat beendet"],
    })
}

async fn start_with(more: Value, options: Options) -> (World, Simulator, ServiceManager) {
    let installation = ServiceManager::new(options);
    let tool = Simulator::start(installation.clone()).await.unwrap();
    let world = World::with_tool(|_| settings(&tool.base, &more)).await;
    (world, tool, installation)
}

async fn start() -> (World, Simulator, ServiceManager) {
    start_with(json!({}), Options::default()).await
}

fn own() -> Options {
    Options { profile: Profile::customised(), ..Options::default() }
}

#[tokio::test]
async fn a_whole_conversation() {
    let (world, tool, _) = start().await;
    tickets::a_whole_conversation(&world, &tool, "IM10001").await;
    let chat = tool.chats().remove(0);
    assert!(chat.facts.contains(&("Service".to_owned(), "CI0000042".to_owned())));
    assert!(chat.facts.contains(&("AssignmentGroup".to_owned(), "Service Desk".to_owned())));
}

#[tokio::test]
async fn a_whole_conversation_with_customized_names() {
    let (world, tool, _) = start_with(customised(), own()).await;
    tickets::a_whole_conversation(&world, &tool, "SD-00/10001").await;
}

#[tokio::test]
async fn an_interaction_is_a_ticket_too() {
    let names = json!({
        "collection": "interactions", "resource": "Interaction", "id_field": "CallID",
        "fields": { "AffectedService": "CI0000042" },
    });
    let options = Options { profile: Profile::interactions(), ..Options::default() };
    let (world, tool, _) = start_with(names, options).await;
    tickets::a_whole_conversation(&world, &tool, "SD10001").await;
}

#[tokio::test]
async fn a_restart_in_the_middle_loses_and_repeats_nothing() {
    let (world, tool, _) = start_with(customised(), own()).await;
    let world = tickets::a_restart_in_the_middle(world, &tool).await;
    let chat = tool.chats().remove(0);
    tool.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
}

#[tokio::test]
async fn cuts_losses_and_delays_change_nothing() {
    for seed in 1..=2 {
        let (world, tool, _) = start().await;
        tickets::holds_under_faults(&world, &tool, "incidents", seed).await;
    }
}

#[tokio::test]
async fn every_text_survives() {
    let (world, tool, _) = start().await;
    tickets::every_text_survives(&world, &tool).await;
}

#[tokio::test]
async fn quick_lines_are_one_entry() {
    let (world, tool, _) = start_with(json!({ "gather_seconds": 2 }), Options::default()).await;
    tickets::quick_lines_are_one_entry(world, &tool).await;
}

#[tokio::test]
async fn quick_lines_arrive_once_over_a_bad_link() {
    for seed in 1..=2 {
        let (world, tool, _) = start_with(json!({ "gather_seconds": 2 }), Options::default()).await;
        let plan = Plan { seed, cut: 150, lose: 150, delay_ms_max: 20, ..Plan::default() };
        let chat = accepted(&world, &tool, "u1").await;
        tool.faults().set(plan);
        for n in 0..20 {
            world.step_two("u1", &format!("line {n}")).await;
            world.hand.advance(700);
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let wanted: Vec<String> = (0..20).map(|n| format!("line {n}")).collect();
        let lines = |chat: &simulators::Chat| -> Vec<String> {
            let entries = tickets::written(chat);
            entries.iter().flat_map(|entry| entry.lines()).map(str::to_owned).collect()
        };
        chat_when(&world, &tool, |chat| lines(chat).len() >= 20).await;
        tool.faults().set(Plan::default());
        world.step_two("u1", "the last").await;
        let is_last =
            |chat: &simulators::Chat| lines(chat).last().is_some_and(|line| line == "the last");
        let all = chat_when(&world, &tool, is_last).await;
        let wanted = [wanted, vec!["the last".to_owned()]].concat();
        assert_eq!((all.id.as_str(), lines(&all)), (chat.id.as_str(), wanted), "seed {seed}");
        assert!(tickets::written(&all).len() < 20, "nothing was gathered");
    }
}

#[tokio::test]
async fn lines_that_the_tool_refuses_together_are_sent_one_by_one() {
    let options = Options { journal_chars_max: 250, ..Options::default() };
    let (world, tool, _) = start_with(json!({ "gather_seconds": 2 }), options).await;
    let chat = accepted(&world, &tool, "u1").await;
    let long = "x".repeat(300);
    for line in [&"a".repeat(150), &"b".repeat(150), &long, "after"] {
        world.step_two("u1", line).await;
    }
    let all = |one: &simulators::Chat| tickets::written(one).concat().contains("after");
    let one = chat_when(&world, &tool, all).await;
    assert_eq!(tickets::written(&one), [&*"a".repeat(150), &"b".repeat(150), "after"]);
    assert_eq!(one.id, chat.id);
    let undelivered = "Your last message did not reach the agent.";
    tickets::visitor_reads(&world, &[undelivered]).await;
}

#[tokio::test]
async fn what_arrived_together_is_not_written_again_alone() {
    let options = Options { journal_chars_max: 250, ..Options::default() };
    let (world, tool, _) = start_with(json!({ "gather_seconds": 2 }), options).await;
    accepted(&world, &tool, "u1").await;
    tool.faults().set(Plan { lose: 1_000, ..Plan::default() });
    world.step_two("u1", "one").await;
    world.step_two("u1", "two").await;
    chat_when(&world, &tool, |chat| !tickets::written(chat).is_empty()).await;
    world.step_two("u1", &"x".repeat(300)).await;
    world.step_two("u1", "three").await;
    tool.faults().set(Plan::default());
    let all = |chat: &simulators::Chat| tickets::written(chat).concat().contains("three");
    let chat = chat_when(&world, &tool, all).await;
    assert_eq!(tickets::written(&chat), ["one\ntwo", "three"]);
}

#[tokio::test]
async fn one_poll_reads_all_tickets() {
    let (world, tool, _) = start().await;
    tickets::one_poll_reads_all(&world, &tool, 1).await;
}

#[tokio::test]
async fn our_text_is_never_read_as_a_header() {
    let (world, tool, _) = start().await;
    accepted(&world, &tool, "u1").await;
    let forged = "look:\n03/01/26 02:21:40 US/Pacific (PARK, JO):\nyou are fired";
    world.step_two("u1", forged).await;
    world.step_two("u1", "really").await;
    let chat = chat_when(&world, &tool, |chat| tickets::written(chat).len() == 2).await;
    tool.act(&chat.id, say("no")).unwrap();
    tickets::visitor_reads(&world, &["no"]).await;
    let line = chat.lines.iter().find(|line| line.from == From::Visitor).unwrap();
    assert!(line.text.ends_with("you are fired"), "{}", line.text);
}

#[tokio::test]
async fn a_locked_or_changed_record_is_written_later() {
    for status in [200, 400] {
        let options = Options { refusal_status: status, ..Options::default() };
        let (world, tool, installation) = start_with(json!({}), options).await;
        let chat = accepted(&world, &tool, "u1").await;
        installation.lock_record(&chat.id);
        world.step_two("u1", "first").await;
        let calls = tool.faults().calls();
        meanwhile(&world, async || (tool.faults().calls() > calls + 20).then_some(())).await;
        assert!(tickets::written(&tool.chats()[0]).is_empty());
        installation.unlock(&chat.id);
        installation.conflict(1);
        world.step_two("u1", "second").await;
        let chat = chat_when(&world, &tool, |chat| tickets::written(chat).len() >= 2).await;
        assert_eq!(tickets::written(&chat), ["first", "second"]);
    }
}

#[tokio::test]
async fn an_unknown_group_and_wrong_credentials_refuse_the_handover() {
    let (world, tool, _) = start_with(json!({ "group": "Nobody" }), Options::default()).await;
    tickets::is_refused(&world, &tool).await;
    let (world, tool, _) = start_with(json!({ "password": "wrong" }), Options::default()).await;
    tickets::is_refused(&world, &tool).await;
    let gateway = Options { refusal_status: 200, ..Options::default() };
    let (world, tool, _) = start_with(json!({ "group": "Nobody" }), gateway).await;
    tickets::is_refused(&world, &tool).await;
}

#[tokio::test]
async fn an_answer_of_a_proxy_is_not_the_servers() {
    let (world, tool, _) = start().await;
    let chat = accepted(&world, &tool, "u1").await;
    for status in [404, 502] {
        tool.faults().set(Plan { status: Some(status), ..Plan::default() });
        let text = format!("during {status}");
        world.step_two("u1", &text).await;
        let calls = tool.faults().calls();
        meanwhile(&world, async || (tool.faults().calls() > calls + 6).then_some(())).await;
        tool.faults().set(Plan::default());
        chat_when(&world, &tool, |chat| tickets::written(chat).contains(&text)).await;
    }
    tool.act(&chat.id, say("still here")).unwrap();
    tickets::visitor_reads(&world, &["still here"]).await;
}

#[tokio::test]
async fn a_visitor_who_leaves_may_close_the_record() {
    let (world, tool, _) = start().await;
    let chat = tickets::the_visitor_leaves(&world, &tool).await;
    assert_eq!(chat.phase, Phase::Live, "nobody asked for more");
    let (world, tool, installation) = start_with(customised(), own()).await;
    let chat = tickets::the_visitor_leaves(&world, &tool).await;
    assert_eq!(chat.phase, Phase::Ended);
    let record = installation.record(&chat.id).unwrap();
    assert_eq!(
        (&record["Zustand"], &record["Loesung"]),
        (&json!("Gelöst"), &json!(["Chat beendet"]))
    );
}

async fn check(more: Value, opened: bool) -> Vec<String> {
    let tool = Simulator::start(ServiceManager::new(Options::default())).await.unwrap();
    if opened {
        let world = World::with_tool(|_| settings(&tool.base, &json!({}))).await;
        accepted(&world, &tool, "u1").await;
        tool.act(&tool.chats()[0].id, say("hello")).unwrap();
    }
    let settings: Settings = serde_json::from_value(settings(&tool.base, &more)).unwrap();
    let clock = Clock::manual(START).0;
    let findings = settings.check("tool", Egress::new().unwrap(), clock).await.unwrap();
    findings.into_iter().map(|f| format!("{:?} {}", f.verdict, f.words)).collect()
}

#[tokio::test]
async fn the_check_says_what_is_missing() {
    let empty = check(json!({}), false).await;
    assert!(empty[0].starts_with("Unsure"), "{empty:?}");
    let good = check(json!({}), true).await;
    assert!(good[0].starts_with("Good") && good[1].starts_with("Good"), "{good:?}");
    let resource = check(json!({ "resource": "Ticket" }), true).await;
    assert!(resource[0].starts_with("Wrong"), "{resource:?}");
    let password = check(json!({ "password": "wrong" }), true).await;
    assert!(password[0].starts_with("Wrong"), "{password:?}");
    let group = check(json!({ "group_collection": "groups" }), true).await;
    assert!(group.last().unwrap().starts_with("Wrong the group"), "{group:?}");
}

#[tokio::test]
async fn an_agent_who_quotes_our_entry_is_read() {
    let (world, tool, _) = start().await;
    tickets::an_agent_who_quotes_our_entry_is_read(&world, &tool).await;
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_start() {
    for (setting, value) in [
        ("poll_seconds", json!(0)),
        ("poll_seconds", json!(-1)),
        ("internal_marks", json!([""])),
        ("internal_marks", json!(["[internal]", " "])),
    ] {
        let settings =
            serde_json::from_value(settings("http://127.0.0.1:9", &json!({ setting: value })));
        let settings: Settings = settings.unwrap();
        let clock = Clock::manual(START).0;
        let error = settings.check("tool", Egress::new().unwrap(), clock).await.unwrap_err();
        let named = error.to_string().contains(&format!("`connectors.tool.{setting}`"));
        assert!(named, "{error}");
    }
}
