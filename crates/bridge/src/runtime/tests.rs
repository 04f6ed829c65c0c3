use std::sync::atomic::{AtomicU32, Ordering};

use connector::{Finding, HandoverInfo, Host, Session};

use super::*;

/// Panics on what a vendor sent, the first time.
#[derive(Default)]
struct Fragile(AtomicU32);

#[async_trait::async_trait]
impl Connector for Fragile {
    fn session(&self, _: &HandoverInfo, _checkpoint: Option<&str>) -> Box<dyn Session> {
        unreachable!("nobody chats")
    }

    async fn run(&self, _host: Arc<dyn Host>) {
        assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "what a vendor sent");
    }

    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
}

#[tokio::test]
async fn a_connector_that_fails_is_begun_again() {
    let connector = Arc::new(Fragile::default());
    let (clock, tasks) = (Clock::system(), Tasks::new());
    let runtime = ConnectorRuntime::new("fragile", connector.clone(), clock, tasks);
    tokio::time::timeout(Duration::from_secs(10), runtime.run()).await.unwrap();
    assert_eq!(connector.0.load(Ordering::Relaxed), 2);
}
