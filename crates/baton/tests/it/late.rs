//! The five seconds, by the wall clock: everything that takes longer, all at once and beside a
//! healthy receiver (contract, section 8; checklist 3 and 8).

use std::{path::Path, time::Duration};

use futures::future::join_all;
use proving::{
    config::{Bot, Setup},
    http::Http,
    load::ASK,
    receiver::{Receiver, Reply},
    server::Server,
    visitor::Visitor,
};

use crate::world::{BATON, QUESTION, ask_for_human, between};

/// A receiver that answers well, but too late.
fn slow() -> Reply {
    Reply::After(Duration::from_millis(5_100), Box::new(Reply::paused()))
}

async fn start(receivers: &[Receiver]) -> anyhow::Result<Server> {
    let bots = receivers.iter().enumerate();
    let bots = bots.map(|(n, receiver)| Bot::demo(&format!("bot{n}"), &receiver.url)).collect();
    let mut server = Server::baton(Path::new(BATON), |_| Setup::platform(bots))?;
    server.start().await?;
    Ok(server)
}

async fn receivers(count: usize) -> anyhow::Result<Vec<Receiver>> {
    let mut receivers = Vec::new();
    for _ in 0..count {
        receivers.push(Receiver::start().await?);
    }
    Ok(receivers)
}

#[tokio::test]
async fn step_one_waits_five_seconds_and_no_longer() -> anyhow::Result<()> {
    let replies = [Reply::Silent, Reply::Drip, slow()];
    let receivers = receivers(replies.len() + 1).await?;
    for (receiver, reply) in receivers.iter().zip(&replies) {
        receiver.always(reply.clone());
    }
    let server = start(&receivers).await?;
    let cases = (0..receivers.len()).map(async |n| {
        let visitor = Visitor::create(&Http::new(), &server.base, &format!("bot{n}")).await?;
        let control = ask_for_human(&visitor).await?;
        let requested = visitor.wait_for(0, |event| event.gives("requested")).await?;
        let took = between(&requested.at, &control.at)?;
        anyhow::Ok((visitor, control, took))
    });
    let mut outcomes = Vec::new();
    for outcome in join_all(cases).await {
        outcomes.push(outcome?);
    }
    let (_, control, took) = outcomes.pop().ok_or_else(|| anyhow::anyhow!("the healthy one"))?;
    assert!(control.gives("human") && took < 3_000, "{took} ms: {control:?}");
    for ((visitor, control, took), reply) in outcomes.iter().zip(&replies) {
        assert!(control.gives("bot") && control.reason == "webhook_late", "{reply:?}: {control:?}");
        // 200 ms are what the promise allows; the rest is for machines that do other things.
        assert!((5_000..6_500).contains(took), "{reply:?}: {took} ms");
        // The late reply has come or is coming: it changes nothing.
        let next = visitor.say("next", QUESTION).await?;
        visitor.wait_for(next, |event| event.is("bot_message")).await?;
        let history = visitor.history().await?;
        assert!(!history.iter().any(|event| event.gives("human")), "{reply:?}: {history:#?}");
    }
    Ok(())
}

/// Late, cut or endless in step two: the bot answers this message, the pause keeps its old end.
#[tokio::test]
async fn a_late_step_two_forwards_and_keeps_the_pause() -> anyhow::Result<()> {
    let replies =
        [Reply::Silent, slow(), Reply::Cut, Reply::Endless, Reply::Status(500, "<p>".into())];
    let receivers = receivers(replies.len()).await?;
    let server = start(&receivers).await?;
    let cases = receivers.iter().zip(&replies).enumerate().map(|(n, (receiver, reply))| {
        let server = &server.base;
        async move {
            let visitor = Visitor::create(&Http::new(), server, &format!("bot{n}")).await?;
            ask_for_human(&visitor).await?;
            receiver.then(reply.clone());
            let said = visitor.say("s", QUESTION).await?;
            visitor.wait_for(said, |event| event.is("bot_message")).await?;
            let after = visitor.poll(said, 0).await?.events;
            assert!(!after.iter().any(|event| event.is("control")), "{reply:?}: {after:#?}");
            // Still paused: the next one is a call again, and so is one that asks for a human.
            let calls = receiver.calls().len();
            visitor.say("next", ASK).await?;
            let call = receiver.call(calls).await?;
            assert_eq!((call.text(), call.is_step_one()), (ASK, false), "{reply:?}");
            anyhow::Ok(())
        }
    });
    for outcome in join_all(cases).await {
        outcome?;
    }
    Ok(())
}
