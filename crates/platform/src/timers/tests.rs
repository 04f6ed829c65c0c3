use std::{collections::HashMap, sync::atomic::Ordering};

use machine::{
    Machine as _,
    conversation::{Conversation, Input, Said},
};

use super::{each_owing, take_up_forgotten};
use crate::{
    app::tests::{Desk, at_rest, desk},
    limit,
};

#[tokio::test]
async fn a_call_nobody_makes_is_taken_up_in_the_second_round_and_no_sooner() {
    let Desk { app, driver, bot, asked, .. } = desk().await;
    bot.ledger.create("cnv_1", &Conversation::new()).await.unwrap();
    let said = Input::VisitorSaid { client_id: "c".to_owned(), said: Said::text("hello") };
    bot.ledger.step("cnv_1", &bot.policy, 0, None, said).await.unwrap();
    let (first, _) = take_up_forgotten(&app, &driver, &HashMap::new()).await.unwrap();
    at_rest(&app).await;
    assert_eq!((first.len(), asked.load(Ordering::SeqCst)), (1, 0));
    take_up_forgotten(&app, &driver, &first).await.unwrap();
    at_rest(&app).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(take_up_forgotten(&app, &driver, &first).await.unwrap().0.is_empty());
}

#[tokio::test]
async fn calls_of_a_bot_that_is_gone_are_counted_beside_those_that_can_be_made() {
    let Desk { app, bot, .. } = desk().await;
    let gone = app.store.ledger::<Conversation>("gone");
    let owed = limit::PAGE_IDS_MAX + 1;
    let of_gone = (0..owed).map(|n| (&gone, format!("cnv_{n:04}")));
    let own = [(&bot.ledger, "cnv_0000a".to_owned()), (&bot.ledger, "cnv_z".to_owned())];
    for (ledger, id) in of_gone.chain(own.clone()) {
        let mut state = Conversation::new();
        let said = Input::VisitorSaid { client_id: "c".to_owned(), said: Said::text("hello") };
        state.step(&bot.policy, 0, said).unwrap();
        ledger.create(&id, &state).await.unwrap();
    }
    let mut found = Vec::new();
    let orphans = each_owing(&app, |_, id, _| found.push(id.to_owned())).await.unwrap();
    assert_eq!(found, own.map(|(_, id)| id));
    assert_eq!(orphans.into_iter().collect::<Vec<_>>(), [("gone".to_owned(), owed)]);
}
