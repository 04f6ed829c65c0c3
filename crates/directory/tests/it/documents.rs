use directory::{
    DirectoryError, New,
    author::Author,
    document::{Event, Refusal, Seen},
    kind::Kind,
};
use store::Key;

use crate::{
    on_both,
    world::{ORG, World, new, settings},
};

on_both! {
    async fn a_change_is_there_at_once_and_after_a_restart(place: Place) {
        let world = World::open(place).await;
        let held = world.make("support").await;
        assert_eq!(world.find("support").unwrap().document.version(), 1);
        let changed = world.directory
            .change(&held, Seen::Version(1), settings("other"), Author::system(), None)
            .await
            .unwrap();
        assert_eq!(changed.document.version(), 2);
        assert_eq!(world.find("support").unwrap().document.body()["name"], "other");
        world.close().await;
        let world = World::open(place).await;
        let found = world.find("support").unwrap();
        assert_eq!(found.id, held.id);
        assert_eq!(found.document.version(), 2);
        assert_eq!(found.document.body()["name"], "other");
        world.close().await;
    }

    async fn a_stale_change_is_refused(place: Place) {
        let world = World::open(place).await;
        let held = world.make("support").await;
        let change = async |name| {
            let (seen, author) = (Seen::Version(1), Author::system());
            world.directory.change(&held, seen, settings(name), author, None).await
        };
        let outcomes = futures::join!(change("a"), change("b"));
        let refused = match outcomes {
            (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
            other => panic!("one of two is refused: {other:?}"),
        };
        assert!(
            matches!(refused, DirectoryError::Refused(Refusal::Stale { seen: 1, current: 2 })),
            "{refused}"
        );
        world.close().await;
    }

    async fn names_are_unique_in_an_organization_and_ids_everywhere(place: Place) {
        let world = World::open(place).await;
        let first = world.make("support").await;
        let taken = world.try_make(ORG, new("support")).await.unwrap_err();
        assert!(matches!(taken, DirectoryError::Refused(Refusal::Taken)), "{taken}");
        let second = world.make("sales").await;
        let taken = world.directory
            .rename(&second, Seen::Any, "support", Author::system())
            .await
            .unwrap_err();
        assert!(matches!(taken, DirectoryError::Refused(Refusal::Taken)), "{taken}");
        let other = world.try_make("org_2", new("support")).await.unwrap();
        assert_ne!(other.id, first.id);
        let same_id = New { id: Some(first.id.to_string()), ..new("third") };
        for organization in [ORG, "org_2"] {
            let taken = world.try_make(organization, same_id.clone()).await.unwrap_err();
            assert!(matches!(taken, DirectoryError::IdTaken), "{taken}");
        }
        let current = world.directory.current();
        assert!(current.find("org_2", Kind::Bot, &first.id).is_none(), "of another organization");
        assert!(current.find(ORG, Kind::Route, "support").is_none(), "of another kind");
        world.close().await;
    }

    async fn an_id_is_never_given_again(place: Place) {
        let world = World::open(place).await;
        let named = New { id: Some("bot-7".to_owned()), ..new("support") };
        let held = world.try_make(ORG, named.clone()).await.unwrap();
        world.directory.remove(&held, Seen::Version(1), Author::system()).await.unwrap();
        assert!(world.find("support").is_none());
        let taken = world.try_make(ORG, named).await.unwrap_err();
        assert!(matches!(taken, DirectoryError::IdTaken), "{taken}");
        let again = world.make("support").await;
        assert_ne!(again.id, held.id);
        world.close().await;
        let world = World::open(place).await;
        assert_eq!(world.find("support").unwrap().id, again.id);
        world.close().await;
    }

    async fn a_repeated_request_makes_one_document(place: Place) {
        let world = World::open(place).await;
        let key = Some(Key { id: "request-1".to_owned(), fingerprint: 7 });
        let make = async |key| {
            world.directory.create(ORG, new("support"), Author::system(), key).await
        };
        let first = make(key.clone()).await.unwrap();
        let again = make(key).await.unwrap();
        assert_eq!((again.id, again.document.version()), (first.id, 1));
        let other = Some(Key { id: "request-1".to_owned(), fingerprint: 8 });
        assert!(matches!(make(other).await, Err(DirectoryError::KeyReused)));
        world.close().await;
    }

    async fn an_earlier_version_comes_back(place: Place) {
        let world = World::open(place).await;
        let mut held = world.make("support").await;
        for name in ["second", "third"] {
            let changed = world.directory
                .change(&held, Seen::Any, settings(name), Author::system(), None);
            held = changed.await.unwrap();
        }
        let rolled = world.directory
            .roll_back(&held, Seen::Version(3), 1, Author::command("rollback"))
            .await
            .unwrap();
        assert_eq!(rolled.document.version(), 4);
        assert_eq!(rolled.document.body()["name"], "support");
        let history = world.directory.history(&rolled, 1).await.unwrap();
        assert_eq!(history.len(), 3);
        let Event::Changed { author, changes, .. } = &history[2].event else { panic!() };
        assert_eq!(author, &Author::command("rollback"));
        assert_eq!(changes[0].after.as_deref(), Some("\"support\""));
        for version in [0, 9] {
            let rolled = world.directory.roll_back(&rolled, Seen::Any, version, Author::system());
            assert!(matches!(rolled.await, Err(DirectoryError::Missing)), "{version}");
        }
        world.close().await;
    }

    async fn wrong_settings_change_nothing(place: Place) {
        let world = World::open(place).await;
        let held = world.make("support").await;
        let wrong = world.directory
            .change(&held, Seen::Any, settings("wrong"), Author::system(), None)
            .await
            .unwrap_err();
        assert_eq!(wrong.to_string(), "`name` is wrong: give another");
        for slug in ["", "a b", "a/b", "a\n"] {
            let wrong = world.try_make(ORG, new(slug)).await.unwrap_err();
            assert!(wrong.to_string().starts_with("`slug` is"), "{wrong}");
        }
        assert_eq!(world.find("support").unwrap().document.version(), 1);
        world.close().await;
    }
}
