//! Small keyed records with a time to end.

use crate::on_both;

on_both! {
    async fn records_are_kept_by_space_and_key(place: Place) {
        let store = place.open().await;
        store.put_record("visitor", "a", "one", None).await.unwrap();
        store.put_record("desk-session", "a", "other", None).await.unwrap();
        store.put_record("visitor", "a", "two", None).await.unwrap();
        assert_eq!(store.record("visitor", "a", 0).await.unwrap().as_deref(), Some("two"));
        assert_eq!(store.record("visitor", "b", 0).await.unwrap(), None);
        store.delete_record("visitor", "a").await.unwrap();
        assert_eq!(store.record("visitor", "a", 0).await.unwrap(), None);
        let other = store.record("desk-session", "a", 0).await.unwrap();
        assert_eq!(other.as_deref(), Some("other"));
    }

    async fn a_record_ends_with_its_time(place: Place) {
        let store = place.open().await;
        store.put_record("s", "k", "v", Some(1000)).await.unwrap();
        assert_eq!(store.record("s", "k", 999).await.unwrap().as_deref(), Some("v"));
        assert_eq!(store.record("s", "k", 1000).await.unwrap(), None);
        store.put_record("s", "forever", "v", None).await.unwrap();
        store.forget_expired(1000).await.unwrap();
        assert_eq!(store.record("s", "k", 0).await.unwrap(), None);
        assert!(store.record("s", "forever", i64::MAX).await.unwrap().is_some());
        store.put_record("s", "forever", "v", Some(5)).await.unwrap();
        store.close().await;
        let store = place.open().await;
        assert_eq!(store.record("s", "forever", 4).await.unwrap().as_deref(), Some("v"));
        store.ready().await.unwrap();
    }

    async fn many_records_at_once(place: Place) {
        let store = place.open().await;
        let mut tasks = Vec::new();
        for n in 0..200 {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                let key = format!("{}", n % 50);
                store.put_record("s", &key, &n.to_string(), Some(n)).await.unwrap();
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        for key in 0..50 {
            assert!(store.record("s", &key.to_string(), -1).await.unwrap().is_some());
        }
    }
}
