use directory::{author::Author, document::Seen, seal::Keyring};

use crate::{
    backend::Place,
    on_both,
    world::{KEYS, World, rotated, settings},
};

/// Bars L2 and F10: the database holds no secret that opens anything.
#[tokio::test]
async fn no_secret_is_in_the_files_of_the_database() {
    let place = Place::sqlite();
    let world = World::open(&place).await;
    let held = world.make("support").await;
    let mut other = settings("support");
    other["token"] = "canary-token-number-two".into();
    world.directory.change(&held, Seen::Any, other, Author::system(), None).await.unwrap();
    while world.directory.auditor().entries(crate::world::ORG, 0).await.unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }
    world.close().await;
    let folder = place.file().parent().unwrap().to_owned();
    let mut searched = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        searched += bytes.len();
        for canary in ["canary-token", "canary-key"] {
            let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!found, "{canary}");
        }
    }
    assert!(searched > 10_000, "the files were there");
}

on_both! {
    async fn a_new_key_takes_over_while_running(place: Place) {
        let world = World::open(place).await;
        let held = world.make("support").await;
        let changed = world.directory.rotate(rotated(), &Author::command("key rotate")).await;
        assert_eq!(changed.unwrap(), 1);
        let held = world.find(held.document.slug()).unwrap();
        let opened = world.directory.opened(&held).unwrap();
        assert_eq!(opened["token"], "canary-token-of-a-webhook");
        world.close().await;

        // Without the old key everything opens, because nothing is sealed with it any more.
        let world = World::open_with(place, rotated()).await;
        assert_eq!(world.directory.rotate(rotated(), &Author::system()).await.unwrap(), 0);
        world.close().await;
        let world = World::open_with(place, Keyring::parse(KEYS).unwrap()).await;
        let held = world.find("support").unwrap();
        let error = world.directory.opened(&held).unwrap_err().to_string();
        assert!(error.contains("put the key file that sealed it back"), "{error}");
        world.close().await;
    }
}
