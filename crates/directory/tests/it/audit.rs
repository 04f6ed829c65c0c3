use directory::{
    author::Author,
    document::Seen,
    trail::{Act, Broken},
};
use store::Key;

use crate::{
    on_both,
    world::{ORG, World, settings},
};

impl World {
    // Waits until so many entries are written.
    async fn written(&self, entries: usize) {
        while self.directory.auditor().entries(ORG, 0).await.unwrap().len() < entries {
            tokio::task::yield_now().await;
        }
    }

    async fn actions(&self) -> Vec<String> {
        let entries = self.directory.auditor().entries(ORG, 0).await.unwrap().into_iter();
        entries.map(|entry| entry.event.act.action).collect()
    }
}

fn reading(author: Author) -> Act {
    let (action, subject) = ("conversation.read".to_owned(), "cnv_1".to_owned());
    Act { author, action, subject, version: None, changes: Vec::new() }
}

on_both! {
    async fn every_change_is_written_down_once(place: Place) {
        let world = World::open(place).await;
        let held = world.make("support").await;
        let author = Author::command("test");
        let directory = &world.directory;
        let held =
            directory.change(&held, Seen::Any, settings("b"), author.clone(), None).await.unwrap();
        let held = directory.rename(&held, Seen::Any, "help", author.clone()).await.unwrap();
        directory.remove(&held, Seen::Any, author.clone()).await.unwrap();
        world.written(4).await;
        let all = ["bot.created", "bot.changed", "bot.renamed", "bot.removed"];
        assert_eq!(world.actions().await, all);
        let entries = directory.auditor().entries(ORG, 1).await.unwrap();
        assert_eq!(entries[0].event.act.author, author);
        assert_eq!(entries[0].event.act.changes[0].field, "name");
        world.close().await;

        let world = World::open(place).await;
        world.make("again").await;
        world.written(5).await;
        assert_eq!(world.actions().await.len(), 5, "nothing is written twice after a restart");
        assert_eq!(world.directory.auditor().verify(ORG).await.unwrap(), Ok(5));
        assert_eq!(world.directory.auditor().verify("org_2").await.unwrap(), Ok(0));
        world.close().await;
    }

    async fn a_reading_is_written_down_before_it_happens(place: Place) {
        let world = World::open(place).await;
        let key = Some(Key { id: "request-1".to_owned(), fingerprint: 0 });
        let auditor = world.directory.auditor();
        for _ in 0..2 {
            auditor.note(ORG, reading(Author::system()), key.clone()).await.unwrap();
        }
        auditor.note(ORG, reading(Author::file()), None).await.unwrap();
        assert_eq!(world.actions().await, ["conversation.read", "conversation.read"]);
        world.close().await;
    }

    // Bar L1.
    async fn l1_a_changed_row_is_found(place: Place) {
        let world = World::open(place).await;
        for number in 0..3 {
            let act = Act { version: Some(number), ..reading(Author::system()) };
            world.directory.auditor().note(ORG, act, None).await.unwrap();
        }
        place.run(
            "UPDATE events SET body = replace(body, '\"version\":1', '\"version\":7'), \
             checksum = NULL WHERE subject = (SELECT num FROM subjects WHERE id = 'aud_org_1')",
        ).await;
        let verified = world.directory.auditor().verify(ORG).await.unwrap();
        assert_eq!(verified, Err(Broken::Changed(2)));
        place.run("UPDATE events SET checksum = 7 WHERE seq = 2").await;
        let verified = world.directory.auditor().verify(ORG).await.unwrap();
        assert!(matches!(verified, Err(Broken::Unreadable(_))), "{verified:?}");
        place.run(
            "DELETE FROM events WHERE seq > 1 \
             AND subject = (SELECT num FROM subjects WHERE id = 'aud_org_1')",
        ).await;
        let verified = world.directory.auditor().verify(ORG).await.unwrap();
        assert_eq!(verified, Err(Broken::Short { found: 1, expected: 3 }));
        world.close().await;
    }

    // The process ends between the change and its entry.
    async fn what_was_not_written_down_is_at_the_next_start(place: Place) {
        let world = World::open(place).await;
        world.make("support").await;
        world.written(1).await;
        world.close().await;
        // As if the entry had not been written.
        place.run(
            "DELETE FROM events WHERE subject = (SELECT num FROM subjects WHERE id = 'aud_org_1')",
        ).await;
        place.run("DELETE FROM subjects WHERE id = 'aud_org_1'").await;
        place.run(
            "UPDATE subjects SET owes = TRUE, checksum = NULL, \
             state = replace(state, '\"audited\":1', '\"audited\":0') WHERE kind = 'doc'",
        ).await;
        let world = World::open(place).await;
        world.written(1).await;
        assert_eq!(world.actions().await, ["bot.created"]);
        world.close().await;
    }
}
