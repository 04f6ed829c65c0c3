use directory::{
    DirectoryError, New, author::Author, document::Seen, kind::Kind, managed::Changes,
};

use crate::{
    on_both,
    world::{ORG, World, new, settings},
};

fn of_file(id: &str) -> New {
    New { id: Some(id.to_owned()), ..new(id) }
}

fn bots(ids: &[&str]) -> Vec<(Kind, String)> {
    ids.iter().map(|id| (Kind::Bot, (*id).to_owned())).collect()
}

on_both! {
    async fn a_file_sets_what_it_names_and_removes_what_it_does_not(place: Place) {
        let world = World::open(place).await;
        let by_hand = world.make("by-hand").await;
        let set = async |documents: &[New]| {
            world.directory.take_over(ORG, documents.to_vec()).await.unwrap()
        };
        let both = [of_file("a"), of_file("b")];
        assert_eq!(set(&both).await, Changes { created: bots(&["a", "b"]), ..Changes::default() });
        assert!(set(&both).await.is_empty(), "the same again changes nothing");

        let mut changed = of_file("a");
        changed.settings["name"] = "another".into();
        let expected =
            Changes { changed: bots(&["a"]), removed: bots(&["b"]), ..Changes::default() };
        assert_eq!(set(&[changed]).await, expected);
        assert!(world.find("b").is_none());
        assert_eq!(world.find("by-hand").unwrap().id, by_hand.id, "it is no document of the file");

        let again = set(&both).await;
        assert_eq!((again.created, again.changed), (bots(&["b"]), bots(&["a"])));
        assert_eq!(world.find("b").unwrap().document.version(), 3, "with its history");
        world.close().await;
    }

    async fn what_a_file_names_is_read_only_elsewhere(place: Place) {
        let world = World::open(place).await;
        world.directory.take_over(ORG, vec![of_file("a")]).await.unwrap();
        let held = world.find("a").unwrap();
        assert!(held.is_managed());
        let author = Author::command("apply");
        let (directory, body) = (&world.directory, settings("a"));
        let changed = directory.change(&held, Seen::Any, body, author.clone(), None).await;
        assert!(matches!(changed, Err(DirectoryError::Managed)), "{changed:?}");
        let renamed = directory.rename(&held, Seen::Any, "b", author.clone()).await;
        assert!(matches!(renamed, Err(DirectoryError::Managed)), "{renamed:?}");
        let removed = directory.remove(&held, Seen::Any, author.clone()).await;
        assert!(matches!(removed, Err(DirectoryError::Managed)), "{removed:?}");
        let applied = directory.apply(ORG, vec![of_file("a")], &[Kind::Bot], &author).await;
        assert_eq!(applied.unwrap(), [], "what is the same is no change, and nothing is pruned");
        assert!(world.find("a").unwrap().is_managed());
        world.close().await;
    }

    async fn a_document_that_cannot_be_set_is_named(place: Place) {
        let world = World::open(place).await;
        let mut wrong = of_file("b");
        wrong.settings["name"] = "wrong".into();
        let error = world.directory.take_over(ORG, vec![of_file("a"), wrong]).await.unwrap_err();
        assert_eq!(error.to_string(), "bot b: `name` is wrong: give another");
        let other = world.directory.take_over("org_2", vec![of_file("a")]).await.unwrap_err();
        assert!(other.to_string().starts_with("bot a: this id is taken"), "{other}");
        world.close().await;
    }
}
