//! What visitors and agents see of each other.

use super::*;

on_both! {
    a_whole_conversation
    both_see_each_other_type
    hold_transfer_and_queue
    the_end_on_either_side_is_the_end_on_both
    every_text_survives
    a_queue_that_is_not_there_is_told_within_the_answer
    files_are_downloaded_while_the_chat_is_open
    without_a_way_in_a_file_is_only_named
    the_transcript_may_be_a_message
}

async fn a_whole_conversation(api: &str) {
    let site = Site::new(api, |options, settings| {
        options.greeting = Some("You are number 2.".to_owned());
        settings["notes"] = json!("From the web");
        settings["attributes"] = json!({ "page": "help" });
        settings["routing_contexts"] = json!([{ "context": "VPN", "category": 1 }]);
    });
    let site = site.await;
    let chat = site.accepted().await;
    assert_eq!(chat.visitor, "Ada");
    assert_eq!((fact(&chat, "target"), fact(&chat, "targetType")), ("Service Desk", "Workgroup"));
    assert_eq!(fact(&chat, "context 1"), "VPN");
    assert!(!fact(&chat, "language").is_empty());
    let told = if api == "icws" {
        assert_eq!(fact(&chat, "page"), "help");
        assert!(fact(&chat, "notes").starts_with("From the web"));
        let history = chat.lines.iter().filter(|line| line.from == From::History);
        history.map(|line| format!("{}: {}", line.name, line.text)).collect::<Vec<_>>().join("\n")
    } else {
        assert_eq!(fact(&chat, "WebTools_page"), "help");
        assert!(fact(&chat, "CUSTOM_INFO").starts_with("From the web"));
        fact(&chat, "CUSTOM_INFO").to_owned()
    };
    assert!(told.contains("Ada: handover"), "{told}");

    site.world.step_two("u1", "my VPN is down").await;
    site.agent_reads(&["my VPN is down"]).await;
    site.act(&chat, say("Which **client**?"));
    site.act(&chat, Act::SayHtml { html: "<p>See <b>this</b></p><script>x()</script>".to_owned() });
    site.act(&chat, Act::File { name: String::new(), url: "https://example.org/x".to_owned() });
    let link = if api == "icws" {
        "https://example.org/x"
    } else {
        "[https://example.org/x](https://example.org/x)"
    };
    let texts = ["You are number 2.", "Which **client**?", "See **this**", link];
    site.visitor_reads(&texts).await;
    site.act(&chat, Act::End);
    assert_eq!(resumed(&site.world).await["agentProfile"]["name"], "Jo Park");
    assert_eq!(site.world.step_two("u1", "and now?").await["paused"], false);
}

async fn both_see_each_other_type(api: &str) {
    let site = Site::usual(api).await;
    let chat = site.accepted().await;
    let bot = crate::world::step_one("u1")["botId"].clone();
    let typing = json!({ "eventType": "user_typing", "userId": "u1", "botId": bot });
    site.world.call(&[("authorization", TOKEN)], &typing).await;
    site.chat_when(|chat| chat.visitor_types).await;
    site.chat_when(|chat| !chat.visitor_types).await;
    site.act(&chat, Act::Type { on: true });
    let is_typing = |body: &Value| body["eventType"] == "user_typing";
    let platform = &site.world.platform;
    let seen = meanwhile(&site.world, async || {
        platform.attempts().into_iter().map(|attempt| attempt.body).find(is_typing)
    });
    assert_eq!(seen.await["agentProfile"]["name"], "Jo Park");
}

async fn hold_transfer_and_queue(api: &str) {
    let site = Site::usual(api).await;
    let chat = site.accepted().await;
    let by = async |name: &str, text: &str| {
        let said = |body: &Value| body["text"] == text;
        let platform = &site.world.platform;
        let body = meanwhile(&site.world, async || platform.taken().into_iter().find(said)).await;
        assert_eq!(body["agentProfile"]["name"], name);
    };
    site.act(&chat, Act::Hold { on: true });
    site.act(&chat, say("one moment"));
    by("Jo Park", "one moment").await;
    site.act(&chat, Act::Hold { on: false });
    site.act(&chat, Act::Transfer { agent: "Al Bo".to_owned() });
    site.act(&chat, say("hello, Al here"));
    by("Al Bo", "hello, Al here").await;
    site.act(&chat, Act::Requeue);
    site.world.step_two("u1", "anybody?").await;
    site.agent_reads(&["anybody?"]).await;
    site.act(&chat, Act::Accept { agent: "Cy Do".to_owned() });
    site.act(&chat, say("yes"));
    by("Cy Do", "yes").await;
    let journal = site.world.journal(&chat_id(&chat)).await;
    let names: Vec<String> = journal.iter().filter_map(turn).collect();
    assert_eq!(names, ["Jo Park", "held true", "held false", "Al Bo", "queue", "Cy Do"]);
}

fn turn(event: &machine::chat::Event) -> Option<String> {
    use machine::chat::Event;
    match event {
        Event::Claimed { agent } => Some(agent.name.clone()),
        Event::Held { on } => Some(format!("held {on}")),
        Event::Requeued => Some("queue".to_owned()),
        _ => None,
    }
}

/// Ours, which the tool was told.
fn chat_id(chat: &Chat) -> String {
    let ours = [fact(chat, "handover"), fact(chat, "WebTools_handover")].concat();
    ours.split('/').next().unwrap().to_owned()
}

async fn the_end_on_either_side_is_the_end_on_both(api: &str) {
    let site = Site::usual(api).await;
    site.accepted().await;
    let bot = crate::world::step_one("u1")["botId"].clone();
    let left = json!({ "eventType": "user_left", "userId": "u1", "botId": bot });
    site.world.call(&[("authorization", TOKEN)], &left).await;
    site.chat_when(|chat| chat.phase == Phase::Ended).await;
    let chat = site.accepted().await;
    site.act(&chat, say("bye"));
    site.act(&chat, Act::End);
    site.visitor_reads(&["bye"]).await;
    resumed(&site.world).await;
}

async fn every_text_survives(api: &str) {
    let site = Site::usual(api).await;
    let chat = site.accepted().await;
    let long = "wörter ".repeat(571);
    let family = "🦀👩‍👩‍👧‍👦 emoji";
    let (hebrew, arabic) = ("שלום עולם", "مرحبا");
    let texts = [family, hebrew, arabic, long.trim_end(), "a\nb\n\nc", "<b>&amp;", "ok", "ok"];
    for text in texts {
        site.world.step_two("u1", text).await;
        site.act(&chat, say(text));
    }
    site.agent_reads(&texts).await;
    site.visitor_reads(&texts).await;
}

async fn a_queue_that_is_not_there_is_told_within_the_answer(api: &str) {
    let site = Site::new(api, |_, settings| settings["queue"] = json!("Nowhere")).await;
    assert_eq!(site.world.step_one("u1").await["paused"], false);
    assert_eq!(site.world.platform.attempts().len(), 0, "nobody was promised anything");
    assert!(site.primary.chats().is_empty());
}

async fn files_are_downloaded_while_the_chat_is_open(api: &str) {
    let site = Site::usual(api).await;
    let chat = site.accepted().await;
    site.act(&chat, Act::File { name: "my map.txt".to_owned(), url: "here you are".to_owned() });
    let platform = &site.world.platform;
    let text = meanwhile(&site.world, async || platform.texts().pop()).await;
    assert!(text.starts_with("[my"), "{text}");
    let link = text.split_once("](").unwrap().1.trim_end_matches(')').to_owned();
    let fetch = async |link: &str| site.world.http.get(link).send().await.unwrap();
    let response = fetch(&link).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-disposition"], "attachment");
    assert_eq!(response.text().await.unwrap(), "here you are");

    let place = link.rfind('/').unwrap() - 1;
    let other = if &link[place..=place] == "0" { "1" } else { "0" };
    let forged = format!("{}{other}{}", &link[..place], &link[place + 1..]);
    assert_eq!(fetch(&forged).await.status(), 404);
    site.act(&chat, Act::End);
    resumed(&site.world).await;
    assert_eq!(fetch(&link).await.status(), 404);
}

async fn without_a_way_in_a_file_is_only_named(api: &str) {
    let site = Site::new(api, |_, settings| {
        settings.as_object_mut().unwrap().remove("inbound");
    });
    let site = site.await;
    let chat = site.accepted().await;
    site.act(&chat, Act::File { name: "map.txt".to_owned(), url: "here you are".to_owned() });
    site.visitor_reads(&["📎 map.txt"]).await;
}

async fn the_transcript_may_be_a_message(api: &str) {
    let site = Site::new(api, |_, settings| settings["transcript"] = json!("message")).await;
    let chat = site.accepted().await;
    assert!(read(&chat)[0].contains("Ada: handover"), "{chat:?}");
    assert!(!chat.lines.iter().any(|line| line.from == From::History));
    assert!(!fact(&chat, "CUSTOM_INFO").contains("Ada"));
}
