use std::{collections::HashMap, sync::atomic::Ordering};

use machine::conversation::{Conversation, Input, Said};

use super::take_up_forgotten;
use crate::app::tests::{Desk, at_rest, desk};

#[tokio::test]
async fn a_call_nobody_makes_is_taken_up_in_the_second_round_and_no_sooner() {
    let Desk { app, bot, asked, .. } = desk().await;
    bot.ledger.create("cnv_1", &Conversation::new()).await.unwrap();
    let said = Input::VisitorSaid { client_id: "c".to_owned(), said: Said::text("hello") };
    bot.ledger.step("cnv_1", &bot.policy, 0, None, said).await.unwrap();
    let first = take_up_forgotten(&app, &HashMap::new()).await.unwrap();
    at_rest(&app).await;
    assert_eq!((first.len(), asked.load(Ordering::SeqCst)), (1, 0));
    take_up_forgotten(&app, &first).await.unwrap();
    at_rest(&app).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(take_up_forgotten(&app, &first).await.unwrap().is_empty());
}
