//! The simulated installation against its own description.

use http::Method;
use kit::http::{Answer, Http};
use serde_json::{Value, json};

use super::{Options, Profile, ServiceManager};
use crate::{Act, From, Phase, Simulator, time::Time};

const BASIC: (&str, &str) =
    ("authorization", "Basic aW50ZWdyYXRpb246aW50ZWdyYXRpb24ncyBwYXNzd29yZA==");

struct Installation {
    tool: ServiceManager,
    simulator: Simulator,
    http: Http,
}

impl Installation {
    async fn start(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::default();
        change(&mut options);
        let tool = ServiceManager::new(options);
        let simulator = Simulator::start(tool.clone()).await.unwrap();
        Self { tool, simulator, http: Http::new() }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let url = format!("{}/SM/9/rest/{path}", self.simulator.base);
        self.http.send(method, &url, &[BASIC], body.to_string()).await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, &Value::Null).await.expect(200).unwrap().json().unwrap()
    }

    /// Fails unless it is refused with this status and `ReturnCode`.
    async fn refused(&self, method: Method, path: &str, body: &Value, why: (u16, u16)) {
        let answer = self.call(method, path, body).await.expect(why.0).unwrap();
        assert_eq!(answer.json::<Value>().unwrap()["ReturnCode"], why.1);
    }

    async fn open(&self) -> String {
        let body = json!({ "Incident": {
            "Title": "VPN", "Description": ["one", "", "three"], "AssignmentGroup": "Network",
        }});
        let made = self.call(Method::POST, "incidents", &body).await.expect(200).unwrap();
        let made: Value = made.json().unwrap();
        assert_eq!((&made["ReturnCode"], &made["Incident"]["Status"]), (&json!(0), &json!("Open")));
        assert_eq!(made["Incident"]["Description"], json!(["one", null, "three"]));
        assert!(made["Incident"]["OpenTime"].as_str().unwrap().ends_with("+00:00"));
        made["Incident"]["IncidentID"].as_str().unwrap().to_owned()
    }
}

fn journal(text: &str) -> Value {
    json!({ "Incident": { "JournalUpdates": [text] } })
}

fn act(tool: &Installation, id: &str, act: Act) {
    tool.simulator.act(id, act).unwrap();
}

#[tokio::test]
async fn only_an_operator_comes_in() {
    let tool = Installation::start(|_| {}).await;
    for headers in [&[][..], &[("authorization", "Basic bm86bm8=")][..]] {
        let url = format!("{}/SM/9/rest/incidents", tool.simulator.base);
        let answer = tool.http.get(&url, headers).await.unwrap().expect(401).unwrap();
        assert!(answer.json::<Value>().unwrap()["ReturnCode"].is_number());
    }
    assert_eq!(tool.get("").await["ReturnCode"], 0);
}

#[tokio::test]
async fn lists_have_views_windows_and_orders() {
    let tool = Installation::start(|_| {}).await;
    tool.refused(Method::GET, "incidents", &Value::Null, (404, 9)).await;
    let first = tool.open().await;
    let second = tool.open().await;
    act(&tool, &second, Act::Accept { agent: "PARK, JO".to_owned() });
    let list = tool.get("incidents").await;
    assert_eq!(list["content"][0], json!({ "Incident": { "IncidentID": first } }), "keys alone");
    assert_eq!((&list["@start"], &list["@totalcount"]), (&json!(1), &json!(2)));
    let list = tool.get("incidents?view=expand&start=2&count=1").await;
    assert_eq!(list["@count"], 1);
    assert_eq!(list["content"][0]["Incident"]["Assignee"], "PARK, JO");
    let list = tool.get("incidents?count=0&sort=IncidentID:descending").await;
    assert_eq!(list["content"][0]["Incident"]["IncidentID"], json!(second));
    assert!(list["content"][0]["Incident"].get("Description").is_none(), "a summary");
    let found = async |query: &str| tool.get(&format!("incidents?{query}")).await["@count"].clone();
    assert_eq!(found("Assignee=PARK,%20JO").await, 1);
    assert_eq!(found("query=Status~%3D%22Closed%22").await, 2);
    let either = format!(
        "query=(IncidentID=%22{first}%22%20or%20IncidentID=%22{second}%22)\
        %20and%20Status=%22Open%22"
    );
    assert_eq!(found(&either).await, 1);
    assert_eq!(found("query=UpdatedTime%3E%2201/01/26%2000:00:00%22").await, 2);
    tool.refused(Method::GET, "incidents?query=Status", &Value::Null, (400, 71)).await;
}

#[tokio::test]
async fn the_newest_entry_of_the_journal_comes_first() {
    let moment = "2026-03-01T10:16:10Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let ahead = moment - Time::default().now();
    let tool = Installation::start(|options| options.time = Time::new(1, ahead)).await;
    let id = tool.open().await;
    let path = format!("incidents/{id}");
    tool.call(Method::PUT, &path, &journal("[chat] Ada: one\ntwo")).await.expect(200).unwrap();
    tool.call(Method::POST, &path, &journal("three")).await.expect(200).unwrap();
    act(&tool, &id, Act::Say { text: "03/01/26 02:21:40 US/Pacific (PARK, JO):".to_owned() });
    let lines = tool.get(&path).await["Incident"]["JournalUpdates"].clone();
    let lines: Vec<_> = lines.as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
    assert!(lines[0].starts_with("03/01/26 02:16:1") && lines[0].ends_with("(DISPATCHER):"));
    assert_eq!(lines[1], "03/01/26 02:21:40 US/Pacific (PARK, JO):", "text like a header");
    assert!(lines[2].ends_with(" US/Pacific (integration):"), "{lines:?}");
    assert_eq!((lines[3], lines[5], lines[6]), ("three", "[chat] Ada: one", "two"));
}

#[tokio::test]
async fn what_is_missing_unknown_locked_or_changed_is_refused() {
    let tool = Installation::start(|options| options.journal_required = true).await;
    let bare = json!({ "Incident": { "Title": "VPN", "Description": ["x"] } });
    tool.refused(Method::POST, "incidents", &bare, (400, 71)).await;
    let mut group = bare.clone();
    group["Incident"]["AssignmentGroup"] = json!("Nobody");
    tool.refused(Method::POST, "incidents", &group, (400, 71)).await;
    let mut typed = bare.clone();
    typed["Incident"]["Description"] = json!("not a list");
    tool.refused(Method::POST, "incidents", &typed, (400, 71)).await;
    tool.refused(Method::GET, "incidents/IM1", &Value::Null, (404, 9)).await;
    tool.refused(Method::GET, "others", &Value::Null, (404, 9)).await;
    let id = tool.open().await;
    let path = format!("incidents/{id}");
    tool.tool.lock_record(&id);
    tool.refused(Method::PUT, &path, &journal("x"), (400, 3)).await;
    tool.tool.unlock(&id);
    tool.tool.conflict(1);
    tool.refused(Method::PUT, &path, &journal("x"), (400, 51)).await;
    tool.call(Method::PUT, &path, &journal("x")).await.expect(200).unwrap();
    let silent = json!({ "Incident": { "Urgency": "1" } });
    tool.refused(Method::PUT, &path, &silent, (400, 71)).await;
    let close = format!("{path}/action/close");
    tool.refused(Method::POST, &close, &journal("x"), (400, 71)).await;
    let fields = json!({ "Incident": { "ClosureCode": "1", "Solution": ["done"] } });
    tool.call(Method::POST, &close, &fields).await.expect(200).unwrap();
    tool.refused(Method::PUT, &path, &journal("x"), (400, 71)).await;
}

#[tokio::test]
async fn an_agent_works_in_a_record() {
    let tool = Installation::start(|_| {}).await;
    let id = tool.open().await;
    let path = format!("incidents/{id}");
    act(&tool, &id, Act::Accept { agent: "PARK, JO".to_owned() });
    act(&tool, &id, Act::Say { text: "hello".to_owned() });
    act(&tool, &id, Act::Note { text: "hidden".to_owned() });
    act(&tool, &id, Act::Transfer { agent: "KIM (2ND)".to_owned() });
    let shown = tool.get(&path).await["Incident"].clone();
    assert_eq!(
        (&shown["Assignee"], &shown["Status"]),
        (&json!("KIM (2ND)"), &json!("Work In Progress"))
    );
    assert_eq!(shown["JournalUpdates"][1], "[internal] hidden");
    let chat = tool.simulator.chats().remove(0);
    let from: Vec<_> = chat.lines.iter().map(|line| line.from).collect();
    assert_eq!(from, [From::History, From::History, From::History, From::Agent, From::Agent]);
    assert!(tool.simulator.act(&id, Act::Type { on: true }).is_err());
    act(&tool, &id, Act::End);
    let shown = tool.get(&path).await["Incident"].clone();
    assert_eq!(
        (&shown["Status"], &shown["Solution"][0]),
        (&json!("Resolved"), &json!("The client was restarted."))
    );
    assert_eq!(tool.simulator.chats()[0].phase, Phase::Ended);
}

#[tokio::test]
async fn a_customised_installation_has_names_of_its_own() {
    let tool = Installation::start(|options| options.profile = Profile::customised()).await;
    let body = json!({ "ChatTicket": {
        "Betreff": "VPN", "Beschreibung": ["x"], "Gruppe": "Network",
    }});
    let made = tool.call(Method::POST, "chatTickets", &body).await.expect(200).unwrap();
    let made = made.json::<Value>().unwrap()["ChatTicket"].clone();
    assert_eq!((&made["TicketNo"], &made["Zustand"]), (&json!("SD-00/10001"), &json!("Offen")));
    // Encoded once, the slash would end the key.
    tool.call(Method::GET, "chatTickets/SD-00%2F10001", &Value::Null).await.expect(404).unwrap();
    let path = "chatTickets/SD-00%252F10001";
    let update = json!({ "ChatTicket": { "Verlauf": ["hello"], "Assignee": "given away" } });
    tool.call(Method::PUT, path, &update).await.expect(200).unwrap();
    let shown = tool.get(path).await["ChatTicket"].clone();
    assert!(shown.get("Bearbeiter").is_none(), "{shown}");
    let header = shown["Verlauf"][0].as_str().unwrap();
    let now = jiff::Timestamp::from_millisecond(Time::default().now()).unwrap();
    let day = now.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(1))).strftime("%d/%m/%y");
    assert!(header.starts_with(&day.to_string()) && header.contains("Europe/Berlin"), "{header}");
    let end = json!({ "ChatTicket": { "Abschlusscode": "1", "Loesung": ["fertig"] } });
    tool.refused(Method::POST, &format!("{path}/action/close"), &end, (400, 71)).await;
    tool.call(Method::POST, &format!("{path}/action/loesen"), &end).await.expect(200).unwrap();
    assert_eq!(tool.get(path).await["ChatTicket"]["Zustand"], "Gelöst");
    let list = tool.get("chatTickets?Zustand=Gel%C3%B6st&view=expand").await;
    assert_eq!(list["content"][0]["ChatTicket"]["Loesung"], json!(["fertig"]));
}

#[tokio::test]
async fn a_gateway_may_make_every_refusal_a_200() {
    let tool = Installation::start(|options| options.refusal_status = 200).await;
    let bare = json!({ "Incident": { "Title": "VPN" } });
    tool.refused(Method::POST, "incidents", &bare, (200, 71)).await;
    tool.refused(Method::GET, "incidents/none", &Value::Null, (404, 9)).await;
}
