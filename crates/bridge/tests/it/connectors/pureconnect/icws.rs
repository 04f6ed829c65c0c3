//! What only ICWS `web-chat` has: versions, webhooks, a history, no echo.

use simulators::pureconnect::{Fields, WebhookBody};

use super::*;

#[tokio::test]
async fn version_1_is_told_the_transcript_as_a_message() {
    let site = Site::new("icws", |options, settings| {
        options.web_chat = 1;
        settings["web_chat"] = json!(1);
        settings["notes"] = json!("nobody can read these");
    });
    let site = site.await;
    let chat = site.accepted().await;
    assert!(read(&chat)[0].contains("Ada: handover"), "{chat:?}");
    site.act(&chat, say("hello"));
    site.visitor_reads(&["hello"]).await;
}

#[tokio::test]
async fn the_names_of_the_lists_are_settings() {
    let site = Site::new("icws", |options, settings| {
        let (history, attributes, contexts) = ("history", "additional", "skills");
        options.fields = Fields {
            history: history.to_owned(),
            attributes: attributes.to_owned(),
            contexts: contexts.to_owned(),
        };
        settings["fields"] =
            json!({ "history": history, "attributes": attributes, "contexts": contexts });
    });
    let site = site.await;
    let chat = site.accepted().await;
    assert!(chat.lines.iter().any(|line| line.text == "handover"));
    assert!(!fact(&chat, "botId").is_empty());
}

#[tokio::test]
async fn without_echo_nothing_waits_and_nothing_is_lost() {
    for version in [4, 6] {
        let site = Site::new("icws", |options, settings| {
            (options.echo, options.poll_wait_ms) = (false, 20);
            settings["web_chat"] = json!(6);
        });
        let mut site = site.await;
        if version == 4 {
            site = Site::new("icws", |options, settings| {
                (options.echo, options.web_chat) = (false, 4);
                settings["web_chat"] = json!(4);
            })
            .await;
        }
        let chat = site.accepted().await;
        for text in ["one", "two", "three"] {
            site.world.step_two("u1", text).await;
            site.chat_when(|chat| read(chat).last().is_some_and(|last| last == text)).await;
            site.act(&chat, say(text));
        }
        site.visitor_reads(&["one", "two", "three"]).await;
    }
}

#[tokio::test]
async fn a_webhook_tells_long_before_the_next_poll() {
    for body in [WebhookBody::Message, WebhookBody::List, WebhookBody::Poll] {
        let change: Change = match body {
            WebhookBody::Message => |options, settings| {
                options.webhook_body = WebhookBody::Message;
                settings["inbound"]["webhook"] = json!(true);
            },
            WebhookBody::List => |options, settings| {
                options.webhook_body = WebhookBody::List;
                settings["inbound"]["webhook"] = json!(true);
            },
            WebhookBody::Poll => |_, settings| settings["inbound"]["webhook"] = json!(true),
        };
        let site = Site::new("icws", change).await;
        let chat = site.accepted().await;
        let hook = fact(&chat, "webhook").to_owned();
        assert!(hook.starts_with(&site.world.url), "{hook}");
        let calls = site.primary.faults().calls();
        for text in ["one", "two"] {
            site.act(&chat, say(text));
        }
        // The bridge's clock stands still: no poll is due.
        site.world.platform.wait(|attempts| attempts.iter().any(|a| a.body["text"] == "two")).await;
        assert_eq!(site.world.platform.texts(), ["one", "two"]);
        assert_eq!(site.primary.faults().calls(), calls, "nobody had to ask");

        let forged = format!("{}x", &hook[..hook.len() - 1]);
        for (url, status) in [(&hook, 200), (&forged, 404)] {
            let response = site.world.http.post(url).body("what is this?").send().await.unwrap();
            assert_eq!(response.status(), status);
        }
    }
}

#[tokio::test]
async fn the_last_words_are_heard_although_their_answer_was_lost() {
    let site = Site::usual("icws").await;
    let chat = site.accepted().await;
    let path = Some("/messages/".to_owned());
    let faults = site.primary.faults();
    let lost = faults.wrong();
    faults.set(Plan { lose: 1_000, path, ..Plan::default() });
    site.act(&chat, say("bye"));
    site.act(&chat, Act::End);
    // A call that was under way already may tell everything, and is then the last.
    let heard = || !site.world.platform.texts().is_empty();
    meanwhile(&site.world, async || (faults.wrong() > lost || heard()).then_some(())).await;
    site.primary.faults().set(Plan::default());
    site.visitor_reads(&["bye"]).await;
    resumed(&site.world).await;
}

#[tokio::test]
async fn what_is_missing_is_fetched_from_the_history() {
    let site = Site::new("icws", |options, _| {
        (options.late_per_mille, options.late_ms) = (1_000, 3_600_000);
    });
    let site = site.await;
    let chat = site.accepted().await;
    site.act(&chat, say("an hour late"));
    site.act(&chat, Act::Hold { on: true });
    site.visitor_reads(&["an hour late"]).await;
}

#[tokio::test]
async fn a_visitor_who_goes_on_writing_does_not_keep_answers_back() {
    let site = Site::new("icws", |options, _| options.poll_wait_ms = 2_000).await;
    let chat = site.accepted().await;
    site.act(&chat, say("answer"));
    for n in 0..8 {
        site.world.step_two("u1", &format!("word {n}")).await;
        site.chat_when(|chat| read(chat).len() > n).await;
        site.world.hand.advance(400);
    }
    let texts = site.world.platform.texts();
    assert!(texts.contains(&"answer".to_owned()), "{texts:?}");
}
