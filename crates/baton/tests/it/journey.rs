//! One handover from start to end, both halves in one process: bot, human agent, bot again.

use std::path::Path;

use kit::{
    agent::Frame,
    http::Http,
    visitor::{Event, PATIENCE, Visitor},
};
use proving::{config::Setup, load::ASK, server::Server};
use serde_json::Value;

use crate::world::{BATON, QUESTION, ask_for_human, between, sign_in, texts};

async fn start() -> anyhow::Result<Server> {
    let mut server = Server::baton(Path::new(BATON), |base| {
        let mut setup = Setup::whole(base, 2);
        "history = true, typing = true".clone_into(&mut setup.bots[0].webhook_more);
        setup
    })?;
    server.start().await?;
    Ok(server)
}

#[tokio::test]
async fn bot_then_human_then_bot() -> anyhow::Result<()> {
    let server = start().await?;
    let http = Http::new();
    let desk = sign_in(&http, &server.base, 0).await?;
    let visitor = Visitor::create(&http, &server.base, "support").await?;
    let mut page = visitor.stream(0).await?;

    visitor.event("welcome", "WELCOME").await?;
    let welcome = page.wait_for(|event| event.is("bot_message")).await?;
    assert!(welcome.text.starts_with("Hi! I'm an agent"), "{welcome:?}");
    visitor.say("q", QUESTION).await?;
    page.wait_for(|event| event.is("bot_message")).await?;

    // To the human agent. The bot's answer is shown before step one ends.
    visitor.say("ask", ASK).await?;
    page.wait_for(|event| event.is("bot_message")).await?;
    page.wait_for(|event| event.gives("requested") && event.reason == "trigger").await?;
    let human = page.wait_for(|event| event.is("control")).await?;
    assert!(human.gives("human") && human.reason == "webhook_paused", "{human:?}");

    let chat = desk.open_chat_of(&visitor.user_id).await?;
    assert_eq!((chat.status.as_str(), chat.bot_id.as_str()), ("queued", "support"));
    let before = desk.chat(&chat.id).await?.transcript;
    let lines: Vec<_> = before.iter().map(|line| (line.from.as_str(), &*line.text)).collect();
    assert!(lines.contains(&("visitor", QUESTION)), "{lines:?}");
    assert!(lines.contains(&("bot", &welcome.text)), "{lines:?}");
    desk.claim(&chat.id).await?.expect(200)?;
    let joined = page.wait_for(|event| event.is("notice")).await?;
    assert_eq!(joined.text, "You are now chatting with an Agent.");
    assert_eq!(joined.notice, "agent_joined");

    // Five messages each way. Each arrives before the next is written.
    let mut screen = desk.stream().await?;
    screen.watch(&chat.id, 0).await?;
    for n in 1..=5 {
        let question = format!("question {n}");
        visitor.say(&question, &question).await?;
        let seen = screen.wait_for(|event| event.kind == "visitor_message").await?;
        assert_eq!(seen.text, question);
        let answer = format!("answer {n}");
        desk.say(&chat.id, &answer, &answer).await?;
        let shown = page.wait_for(|event| event.is("agent_message")).await?;
        assert_eq!((shown.text.as_str(), shown.agent_name()), (&*answer, Some("Jane Doe")));
    }

    // Typing both ways. Typing of the human agent is dropped while other pushes wait.
    let pushed = async {
        while desk.chat(&chat.id).await?.unpushed > 0 {}
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, pushed).await??;
    desk.typing(&chat.id).await?;
    let typing = page.wait_for(|event| event.is("typing")).await?;
    assert_eq!((typing.seq, typing.agent_name()), (None, Some("Jane Doe")));
    let until = typing.until.as_deref().unwrap_or_default();
    assert_eq!(between(&typing.at, until)?, 10_000, "ten seconds: {typing:?}");
    visitor.typing().await?;
    loop {
        if let Frame::Typing { chat: typed } = screen.soon().await? {
            assert_eq!(typed, chat.id);
            break;
        }
    }

    // Back to the bot: the exact notice, then the bot answers again.
    desk.close(&chat.id).await?;
    let left = page.wait_for(|event| event.is("notice")).await?;
    let text = "Jane Doe has left the conversation. You are now chatting with the bot.";
    assert_eq!((left.text.as_str(), left.notice.as_str()), (text, "agent_left"));
    visitor.say("q2", QUESTION).await?;
    page.wait_for(|event| event.is("bot_message")).await?;

    let history = visitor.history().await?;
    let at = |wanted: &dyn Fn(&Event) -> bool| history.iter().position(wanted);
    let (from, to) = (at(&|event| event.gives("human")), at(&|event| event.notice == "agent_left"));
    let (Some(from), Some(to)) = (from, to) else { anyhow::bail!("{history:#?}") };
    assert_eq!(texts(&history[from..to], "bot_message"), [""; 0], "while a human has control");
    let answers: Vec<_> = (1..=5).map(|n| format!("answer {n}")).collect();
    assert_eq!(texts(&history, "agent_message"), answers);
    Ok(())
}

#[tokio::test]
async fn a_second_handover_is_a_chat_of_its_own_and_one_claim_wins() -> anyhow::Result<()> {
    let server = start().await?;
    let http = Http::new();
    let jane = sign_in(&http, &server.base, 0).await?;
    let other = sign_in(&http, &server.base, 1).await?;
    let visitor = Visitor::create(&http, &server.base, "support").await?;
    ask_for_human(&visitor).await?;
    let first = jane.open_chat_of(&visitor.user_id).await?;

    let (ours, theirs) = tokio::join!(jane.claim(&first.id), other.claim(&first.id));
    let (ours, theirs) = (ours?, theirs?);
    let mut statuses = [ours.status.as_u16(), theirs.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let (winner, lost) = if ours.status == 200 { (&jane, theirs) } else { (&other, ours) };
    let taken: Value = lost.json()?;
    assert_eq!(taken["id"], "taken", "{taken}");
    assert!(taken["agent"]["name"].is_string(), "{taken}");

    winner.close(&first.id).await?;
    let mut after = visitor.wait_for(0, |event| event.notice == "agent_left").await?.seq;
    let asked = visitor.say("ask again", ASK).await?;
    assert!(Some(asked) > after.take());
    visitor.wait_for(asked, |event| event.gives("human")).await?;
    let second = winner.open_chat_of(&visitor.user_id).await?;
    assert_ne!(first.id, second.id);
    Ok(())
}

/// No human agent is at the desk: the bot keeps the conversation, and no message is lost.
#[tokio::test]
async fn without_an_agent_the_bot_goes_on() -> anyhow::Result<()> {
    let server = start().await?;
    let http = Http::new();
    let desk = sign_in(&http, &server.base, 0).await?;
    desk.set_available(false).await?;
    let visitor = Visitor::create(&http, &server.base, "support").await?;
    let control = ask_for_human(&visitor).await?;
    assert!(control.gives("bot") && control.reason == "webhook_refused", "{control:?}");
    let asked = visitor.say("q", QUESTION).await?;
    visitor.wait_for(asked, |event| event.is("bot_message")).await?;
    Ok(())
}
