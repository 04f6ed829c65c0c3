use proving::simulator::{
    Simulator,
    servicenow::{Options, ServiceNow},
};
#[tokio::main]
async fn main() {
    let s = Simulator::start(ServiceNow::new(Options::default())).await.unwrap();
    println!("{}", s.base);
    std::future::pending::<()>().await;
}
