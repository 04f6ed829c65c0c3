use std::sync::{Arc, atomic::Ordering};

use machine::{
    Machine as _,
    conversation::{Conversation, Input, Said},
};

use super::{Lane, Place};
use crate::app::tests::{Desk, at_rest, desk};

/// A request may be held up between its commit and handing its state to the driver, for so long
/// that what the state owes has been done by then.
#[tokio::test]
async fn a_state_that_is_handed_in_late_makes_no_second_call() {
    let Desk { app, bot, asked, .. } = desk().await;
    bot.ledger.create("cnv_1", &Conversation::new()).await.unwrap();
    let said = Input::VisitorSaid { client_id: "c".to_owned(), said: Said::text("hello") };
    let stepped = bot.ledger.step("cnv_1", &bot.policy, 0, None, said).await.unwrap();
    app.drive(&bot, "cnv_1", Conversation::clone(&stepped.state));
    at_rest(&app).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(stepped.state.owes());
    app.drive(&bot, "cnv_1", Arc::unwrap_or_clone(stepped.state));
    at_rest(&app).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

/// Between the commit of an answer and the end of its lane, a newer state may be handed in.
#[tokio::test]
async fn a_state_that_arrives_while_its_lane_ends_is_not_forgotten() {
    let Desk { app, bot, _dir, .. } = desk().await;
    let conversation: std::sync::Arc<str> = "cnv_1".into();
    let busy = (conversation.clone(), Lane::Bot);
    app.lanes.lock().busy.insert(busy, None);
    let settled = Conversation::new();
    let mut newer = settled.clone();
    let said = Input::VisitorSaid { client_id: "c".to_owned(), said: Said::text("hello") };
    newer.step(&bot.policy, 0, said).unwrap();
    app.drive(&bot, "cnv_1", newer.clone());
    assert!(app.tasks.is_empty(), "the lane is busy");
    let place = Place { bot, conversation, lane: Lane::Bot };
    assert_eq!(app.go_on(&place, Some(settled.clone())), newer.owed());
    assert_eq!(app.go_on(&place, Some(settled)), None);
}
