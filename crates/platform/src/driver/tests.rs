use std::sync::{Arc, atomic::Ordering};

use machine::{
    Machine as _,
    conversation::{Callee, Conversation, Input, Said},
};

use store::Committed;

use super::{Lane, Run};
use crate::app::tests::{Desk, at_rest, desk};

fn hello() -> Input {
    Input::VisitorSaid { client_id: "c".to_owned(), said: Said::text("hello") }
}

/// The sweep may be held up between reading a state and taking it up, for so long that what the
/// state owes has been done by then.
#[tokio::test]
async fn a_state_that_was_read_early_makes_no_second_call() {
    let Desk { app, driver, bot, asked, .. } = desk().await;
    bot.ledger.create("cnv_1", &Conversation::new()).await.unwrap();
    let stepped = bot.ledger.step("cnv_1", &bot.policy, 0, None, hello()).await.unwrap();
    let callee = stepped.state.owes_to().unwrap();
    driver.take_up(&app, &bot, "cnv_1", callee);
    at_rest(&app).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(stepped.state.owes());
    driver.take_up(&app, &bot, "cnv_1", callee);
    at_rest(&app).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(driver.busy.lock().is_empty());
}

fn run(desk: &Desk) -> Run {
    let Desk { app, driver, bot, .. } = desk;
    let lane = Lane { conversation: "cnv_1".into(), callee: Callee::Bot };
    driver.busy.lock().insert(lane.clone(), None);
    Run { driver: Arc::clone(driver), app: Arc::clone(app), bot: Arc::clone(bot), lane }
}

/// Between the commit of an answer and the end of its lane, a newer state may arrive.
#[tokio::test]
async fn a_state_that_arrives_while_its_lane_ends_is_not_forgotten() {
    let desk = desk().await;
    let run = run(&desk);
    let Desk { app, driver, bot, .. } = &desk;
    let settled = Arc::new(Conversation::new());
    let mut newer = Conversation::new();
    newer.step(&bot.policy, 0, hello()).unwrap();
    let newer = Arc::new(newer);
    driver.drive(app, bot, &"cnv_1".into(), &newer);
    assert!(app.tasks.is_empty(), "the lane is busy");
    assert_eq!(run.go_on(Some(Arc::clone(&settled))), newer.owed());
    assert_eq!(run.go_on(Some(settled)), None);
    assert!(driver.busy.lock().is_empty());
}

/// The commit of an answer was heard. The call that it owes in the other lane was started then, and
/// may be over before this lane ends.
#[tokio::test]
async fn a_lane_that_ends_starts_no_call_of_the_other_lane() {
    let desk = desk().await;
    let mut run = run(&desk);
    let Desk { app, driver, bot, .. } = &desk;
    driver.busy.lock().clear();
    run.lane.callee = Callee::Bridge;
    driver.busy.lock().insert(run.lane.clone(), None);
    let mut owes_bot = Conversation::new();
    owes_bot.step(&bot.policy, 0, hello()).unwrap();
    assert_eq!(run.go_on(Some(Arc::new(owes_bot))), None);
    assert!(app.tasks.is_empty() && driver.busy.lock().is_empty());
}

/// A busy lane hears of every commit, also of those that leave it nothing to do.
#[tokio::test]
async fn a_call_that_is_no_longer_owed_is_not_made() {
    let desk = desk().await;
    let run = run(&desk);
    let Desk { app, driver, bot, .. } = &desk;
    let mut state = Conversation::new();
    state.step(&bot.policy, 0, hello()).unwrap();
    driver.drive(app, bot, &"cnv_1".into(), &Arc::new(state.clone()));
    let effect = state.owed().unwrap();
    let (turn, epoch) = (effect.turn(), effect.epoch());
    let failed = Input::BotFailed { turn, epoch, why: "scripted".to_owned() };
    state.step(&bot.policy, 0, failed).unwrap();
    driver.drive(app, bot, &"cnv_1".into(), &Arc::new(state));
    assert_eq!(run.go_on(None), None);
    assert!(app.tasks.is_empty() && driver.busy.lock().is_empty());
}

/// C7: a panic of the driver frees the lane, and what arrived meanwhile is performed.
#[tokio::test]
async fn a_panic_of_the_driver_leaves_no_lane_busy() {
    let desk = desk().await;
    let run = run(&desk);
    let Desk { app, driver, bot, asked, .. } = &desk;
    run.leave_after(&"scripted");
    assert!(driver.busy.lock().is_empty());
    driver.busy.lock().insert(run.lane.clone(), None);
    bot.ledger.create("cnv_1", &Conversation::new()).await.unwrap();
    let stepped = bot.ledger.step("cnv_1", &bot.policy, 0, None, hello()).await.unwrap();
    driver.drive(app, bot, &"cnv_1".into(), &stepped.state);
    assert_eq!(asked.load(Ordering::SeqCst), 0, "the lane is busy");
    run.leave_after(&"scripted".to_owned());
    at_rest(app).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(driver.busy.lock().is_empty());
}

/// After a commit whose answer was lost, the store tells of the state without its events.
#[tokio::test]
async fn headers_find_their_turn_when_the_events_of_a_commit_are_lost() {
    let Desk { app, driver, bot, headers, .. } = desk().await;
    let secret = vec![("x-token".to_owned(), "secret".into())];
    app.visitor_headers.put_aside("cnv_1", "c", secret);
    bot.ledger.create("cnv_1", &Conversation::new()).await.unwrap();
    let stepped = bot.ledger.step("cnv_1", &bot.policy, 0, None, hello()).await.unwrap();
    driver.hear(&Committed {
        owner: "support".into(),
        id: "cnv_1".into(),
        state: stepped.state,
        events: [].into(),
    });
    at_rest(&app).await;
    assert_eq!(headers.load(Ordering::SeqCst), 1);
}
