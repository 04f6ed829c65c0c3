//! The simulated instance against its own description.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::State as Shared, http::HeaderMap, routing::post};
use http::Method;
use kit::http::{Answer, Http};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Greeting, Journal, Options, Proof, ServiceNow};
use crate::{Act, From, Phase, Simulator, faults::Plan, time::Time};

const BASIC: (&str, &str) =
    ("authorization", "Basic aW50ZWdyYXRpb246aW50ZWdyYXRpb24ncyBwYXNzd29yZA==");
const TOKEN: (&str, &str) = ("token", "static token");
const PATIENCE: Duration = Duration::from_secs(10);

type Heard = Arc<Mutex<Vec<Value>>>;

/// An instance and the response endpoint it calls.
struct Instance {
    tool: ServiceNow,
    simulator: Simulator,
    heard: Heard,
    http: Http,
}

async fn respond(Shared(heard): Shared<Heard>, headers: HeaderMap, body: String) {
    let mut callback: Value = serde_json::from_str(&body).unwrap();
    callback["fixed"] = json!(headers["x-fixed"].to_str().unwrap());
    heard.lock().push(callback);
}

impl Instance {
    async fn start(change: impl FnOnce(&mut Options)) -> Self {
        let heard = Heard::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callback", listener.local_addr().unwrap());
        let router = Router::new().route("/callback", post(respond)).with_state(heard.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let mut options = Options {
            callback: Some(url),
            callback_headers: vec![("x-fixed".to_owned(), "shared".to_owned())],
            callback_delay_ms: (0, 5),
            ..Options::default()
        };
        change(&mut options);
        let tool = ServiceNow::new(options);
        let simulator = Simulator::start(tool.clone()).await.unwrap();
        Self { tool, simulator, heard, http: Http::new() }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let url = format!("{}{path}", self.simulator.base);
        self.http.send(method, &url, headers, body.to_string()).await.unwrap()
    }

    async fn ask(&self, request: &Value) -> Value {
        let path = "/api/sn_va_as_service/bot/integration";
        self.call(Method::POST, path, &[TOKEN], request).await.expect(200).unwrap().json().unwrap()
    }

    async fn table(&self, path: &str) -> Value {
        let path = format!("/api/now/table/{path}");
        let answer = self.call(Method::GET, &path, &[BASIC], &json!({})).await;
        answer.expect(200).unwrap().json::<Value>().unwrap()["result"].take()
    }

    async fn create(&self, fields: Value) -> Value {
        let path = "/api/now/table/incident";
        let answer = self.call(Method::POST, path, &[BASIC], &fields).await;
        answer.expect(201).unwrap().json::<Value>().unwrap()["result"].take()
    }

    async fn heard(&self, count: usize) -> Vec<Value> {
        let look = async {
            loop {
                let heard = self.heard.lock().clone();
                if heard.len() >= count {
                    return heard;
                }
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.unwrap()
    }

    fn act(&self, act: Act) {
        let chat = self.simulator.chats()[0].id.clone();
        self.simulator.act(&chat, act).unwrap();
    }
}

fn agent() -> Value {
    json!({
        "requestId": "r-1", "clientSessionId": "c-1", "userId": "u-1", "action": "AGENT",
        "message": { "text": "please", "typed": true, "attachment": { "url": "https://x" } },
        "clientVariables": { "tenant": ["t", 1] },
        "contextVariables": { "live_agent_only": "true", "topic": "VPN" },
        "history": [{
            "displayName": "Ada", "isBotMessage": false, "timestamp": "1772360100000",
            "type": "text", "value": "my VPN is down",
        }],
    })
}

#[tokio::test]
async fn a_conversation_goes_to_an_agent_and_back() {
    let instance = Instance::start(|_| {}).await;
    assert_eq!(instance.ask(&agent()).await, json!({ "status": "success" }));
    let queued = instance.heard(1).await.remove(0);
    assert_eq!(queued["fixed"], "shared");
    assert_eq!(queued["clientVariables"], json!({ "tenant": ["t", 1] }), "given back exactly");
    assert_eq!((&queued["requestId"], &queued["clientSessionId"]), (&json!("r-1"), &json!("c-1")));
    assert_eq!(queued["body"][2]["actionType"], "SubscribeToSupportQueue");
    let chat = instance.simulator.chats().remove(0);
    assert_eq!((chat.visitor.as_str(), chat.phase), ("Ada", Phase::Waiting));
    assert_eq!(chat.lines[0].from, From::History);
    assert!(chat.facts.contains(&("topic".to_owned(), "VPN".to_owned())));

    instance.act(Act::Accept { agent: "Jo Park".to_owned() });
    instance.act(Act::Type { on: true });
    instance.act(Act::Say { text: "hello".to_owned() });
    instance.act(Act::Note { text: "a secret".to_owned() });
    instance.act(Act::Transfer { agent: "Kim".to_owned() });
    instance.act(Act::End);
    let heard = instance.heard(7).await;
    assert_eq!(heard[2]["body"][0]["actionType"], "SwitchToLiveAgent");
    assert_eq!(heard[2]["agentChat"], true);
    assert_eq!(heard[3]["body"][0]["actionType"], "StartTypingIndicator");
    let said = &heard[4]["body"][0];
    assert!(said["value"] == "hello" || said["label"] == "hello", "{said}");
    assert_eq!(said["agentInfo"]["agentName"], "Jo Park");
    assert_eq!(heard[5]["body"][0]["message"], "Kim has entered");
    assert_eq!(heard[6]["completed"], true);
    assert!(heard[..6].iter().all(|callback| callback.get("completed").is_none()));
    assert!(heard.iter().all(|callback| !callback.to_string().contains("a secret")));
    assert!(heard.iter().any(|c| c["score"].is_string()) && heard.iter().any(|c| c["score"] == 1));
    let attachment = |c: &Value| c["message"]["attachment"].is_array();
    assert!(heard.iter().any(attachment) && !heard.iter().all(attachment));
    assert!(instance.simulator.act(&chat.id, Act::Say { text: "late".to_owned() }).is_err());
}

#[tokio::test]
async fn what_cannot_be_read_or_proven_meets_silence() {
    let instance = Instance::start(|_| {}).await;
    let path = "/api/sn_va_as_service/bot/integration";
    let mut number = agent();
    number["history"][0]["timestamp"] = json!(1_772_360_100_000_u64);
    let mut nobody = agent();
    nobody.as_object_mut().unwrap().remove("userId");
    let mut inside = agent();
    for request in [&number, &nobody] {
        assert_eq!(instance.ask(request).await["status"], "success");
    }
    let answer = instance.call(Method::POST, path, &[("token", "wrong")], &agent()).await;
    answer.expect(200).unwrap();
    assert!(instance.simulator.chats().is_empty());
    inside["token"] = json!("static token");
    let answer = instance.call(Method::POST, path, &[("token", "wrong")], &inside).await;
    answer.expect(200).unwrap();
    assert!(instance.simulator.chats().is_empty(), "the header wins");
    instance.call(Method::POST, path, &[], &inside).await.expect(200).unwrap();
    assert_eq!(instance.simulator.chats().len(), 1);
    let end =
        json!({ "userId": "u-1", "action": "END_CONVERSATION", "message": { "text": "bye" } });
    assert_eq!(instance.ask(&end).await["status"], "failure");
    let receipts = json!({
        "userId": "u-1", "action": "UPDATE_MESSAGES",
        "message": [{ "id": "m", "status": "sent_to_user" }],
    });
    assert_eq!(instance.ask(&receipts).await["message"], "Message Processed Successfully");
}

#[tokio::test]
async fn signatures_and_users_prove_a_caller() {
    let signed =
        Instance::start(|options| options.proof = Proof::Signature("key".to_owned())).await;
    let path = "/api/sn_va_as_service/bot/integration";
    let body = json!({ "userId": "u", "action": "AGENT", "message": { "text": "" } });
    // echo -n '{"userId":"u","action":"AGENT","message":{"text":""}}' | openssl sha1 -hmac key
    let right = ("x-b2b-signature", "c8680f32f52f1b187b33c823e9e1dca20371c3b3");
    for (header, chats) in [(("x-b2b-signature", "00"), 0), (right, 1)] {
        signed.call(Method::POST, path, &[header], &body).await.expect(200).unwrap();
        assert_eq!(signed.simulator.chats().len(), chats);
    }
    let users = Instance::start(|options| options.proof = Proof::User).await;
    users.call(Method::POST, path, &[TOKEN], &body).await.expect(401).unwrap();
    users.call(Method::POST, path, &[BASIC], &body).await.expect(200).unwrap();
    assert_eq!(users.simulator.chats().len(), 1);
}

#[tokio::test]
async fn an_idle_conversation_is_given_back() {
    let instance = Instance::start(|options| {
        options.idle_seconds = 100;
        options.time = Time::new(1_000, 0);
    })
    .await;
    instance.ask(&agent()).await;
    let heard = instance.heard(2).await;
    assert_eq!((&heard[1]["takeControl"], &heard[1]["completed"]), (&json!(true), &json!(true)));
}

#[tokio::test]
async fn the_first_request_may_only_open_the_conversation() {
    let instance =
        Instance::start(|options| options.greeting = Greeting::UnlessLiveAgentOnly).await;
    let mut request = agent();
    request.as_object_mut().unwrap().remove("contextVariables");
    instance.ask(&request).await;
    let chat = instance.simulator.chats()[0].id.clone();
    assert!(instance.simulator.act(&chat, Act::Accept { agent: "Jo".to_owned() }).is_err());
    instance.ask(&request).await;
    instance.act(Act::Accept { agent: "Jo".to_owned() });
}

#[tokio::test]
async fn callbacks_come_twice_and_out_of_turn() {
    let instance = Instance::start(|options| {
        (options.callback_repeat, options.callback_swap) = (500, 500);
    })
    .await;
    instance.ask(&agent()).await;
    instance.act(Act::Accept { agent: "Jo".to_owned() });
    for number in 0..20 {
        instance.act(Act::Say { text: format!("{number}") });
    }
    let text = |callback: &Value| {
        let element = &callback["body"][0];
        let text = element["value"].as_str().or(element["label"].as_str());
        text.and_then(|text| text.parse::<u32>().ok())
    };
    let heard = instance.heard(24).await;
    let mut order: Vec<u32> = heard.iter().filter_map(text).collect();
    assert!(!order.is_sorted(), "{order:?}");
    order.sort_unstable();
    let all = order.len();
    order.dedup();
    assert!(order.len() < all);
}

#[tokio::test]
async fn records_are_strings_and_references() {
    let instance = Instance::start(|_| {}).await;
    let group = instance.table("sys_user_group?sysparm_query=name=Network").await;
    let group = group[0]["sys_id"].as_str().unwrap();
    let made = instance
        .create(json!({ "short_description": "VPN", "urgency": 2, "assignment_group": group,
            "comments": "first", "no_such_field": "x" }))
        .await;
    assert_eq!((&made["urgency"], &made["comments"]), (&json!("2"), &json!("")));
    assert!(made["number"].as_str().unwrap().starts_with("INC"));
    assert_eq!(made["assignment_group"]["value"], group);
    assert!(made["assignment_group"]["link"].as_str().unwrap().contains("/sys_user_group/"));
    assert!(made.get("no_such_field").is_none());
    let id = made["sys_id"].as_str().unwrap();
    let path = format!("/api/now/table/incident/{id}");
    let change = json!({ "comments": "second", "work_notes": "hidden" });
    instance.call(Method::PATCH, &path, &[BASIC], &change).await.expect(200).unwrap();
    let journal = instance
        .table(&format!(
            "sys_journal_field?sysparm_query=element_id={id}^name=incident\
             ^elementINcomments^ORDERBYDESCsys_created_on&sysparm_fields=value,element"
        ))
        .await;
    assert_eq!(journal.as_array().unwrap().len(), 2, "{journal}");
    assert_eq!(journal[0], json!({ "value": "first", "element": "comments" }));
    let shown = instance.table(&format!("incident/{id}?sysparm_display_value=true")).await;
    assert!(shown["comments"].as_str().unwrap().contains("Chat Integration (Additional comments)"));
    assert_eq!(shown["assignment_group"]["display_value"], "Network");
    assert_eq!(shown["state"], "New");
    let plain = "sysparm_exclude_reference_link=true&sysparm_fields=assignment_group";
    let plain = instance.table(&format!("incident/{id}?{plain}")).await;
    assert_eq!(plain, json!({ "assignment_group": group }));
    instance.call(Method::DELETE, &path, &[BASIC], &json!({})).await.expect(204).unwrap();
    let gone = instance.call(Method::GET, &path, &[BASIC], &json!({})).await.expect(404).unwrap();
    assert_eq!(gone.json::<Value>().unwrap()["error"]["message"], "No Record found");
}

#[tokio::test]
async fn lists_have_pages_and_careless_queries_find_too_much() {
    let instance = Instance::start(|_| {}).await;
    for number in 0..5 {
        instance.create(json!({ "correlation_id": format!("c-{number}"), "impact": "1" })).await;
    }
    let path = "/api/now/table/incident?sysparm_query=impact=1&sysparm_limit=2&sysparm_offset=2";
    let page = instance.call(Method::GET, path, &[BASIC], &json!({})).await;
    assert_eq!(page.headers["x-total-count"], "5");
    let links = page.headers["link"].to_str().unwrap();
    for rel in ["first", "prev", "next", "last"] {
        assert!(links.contains(&format!("rel=\"{rel}\"")), "{links}");
    }
    let found = async |query: &str| {
        let found = instance.table(&format!("incident?sysparm_query={query}")).await;
        found.as_array().unwrap().len()
    };
    assert_eq!(found("correlation_id=c-1^ORcorrelation_id=c-2").await, 2);
    assert_eq!(found("correlation_idINc-1,c-3,c-4^impact=1").await, 3);
    assert_eq!(found("correlation_idSTARTSWITHc-^correlation_id!=c-0").await, 4);
    assert_eq!(found("u_no_such_field=c-1").await, 5, "left out");
    let none = "/table/incident?sysparm_query=correlation_id=none";
    for (version, status) in [("/v1", 404), ("/v2", 200), ("", 200)] {
        let path = format!("/api/now{version}{none}");
        instance.call(Method::GET, &path, &[BASIC], &json!({})).await.expect(status).unwrap();
    }
}

#[tokio::test]
async fn access_tokens_expire_and_are_renewed() {
    let instance = Instance::start(|options| options.token_seconds = 60).await;
    let url = format!("{}/oauth_token.do", instance.simulator.base);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let grant = async |body: &str| {
        let answer = instance.http.send(Method::POST, &url, &form, body.to_owned()).await;
        answer.unwrap().expect(200).unwrap().json::<Value>().unwrap()
    };
    let client = "client_id=client&client_secret=client%27s+secret";
    let given = grant(&format!("grant_type=client_credentials&{client}")).await;
    assert_eq!((&given["token_type"], &given["expires_in"]), (&json!("Bearer"), &json!(60)));
    let read = async |token: &Value| {
        let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
        let headers = [("authorization", bearer.as_str())];
        let path = "/api/now/table/sys_user";
        instance.call(Method::GET, path, &headers, &json!({})).await.status.as_u16()
    };
    assert_eq!(read(&given).await, 200);
    let refresh = given["refresh_token"].as_str().unwrap();
    let again = grant(&format!("grant_type=refresh_token&refresh_token={refresh}&{client}")).await;
    instance.tool.forget_tokens();
    assert_eq!((read(&given).await, read(&again).await), (401, 401));
    let wrong = "grant_type=client_credentials&client_id=client&client_secret=no".to_owned();
    let wrong = instance.http.send(Method::POST, &url, &form, wrong).await.unwrap();
    wrong.expect(401).unwrap();
}

#[tokio::test]
async fn an_access_token_ends_with_its_time() {
    let fast = Time::new(100_000, 0);
    let instance =
        Instance::start(|options| (options.token_seconds, options.time) = (1, fast)).await;
    let url = format!("{}/oauth_token.do", instance.simulator.base);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = "grant_type=client_credentials&client_id=client&client_secret=client%27s+secret";
    let given = instance.http.send(Method::POST, &url, &form, body.to_owned()).await.unwrap();
    let given: Value = given.expect(200).unwrap().json().unwrap();
    fast.sleep(Duration::from_secs(1_001)).await;
    let bearer = format!("Bearer {}", given["access_token"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str())];
    let path = "/api/now/table/sys_user";
    instance.call(Method::GET, path, &headers, &json!({})).await.expect(401).unwrap();
}

#[tokio::test]
async fn refusals_have_the_vendors_words() {
    let instance = Instance::start(|options| options.journal = Journal::Forbidden).await;
    let refused = async |path: &str, headers: &[(&str, &str)], status: u16| {
        let answer = instance.call(Method::GET, path, headers, &json!({})).await;
        let answer = answer.expect(status).unwrap();
        (answer.json::<Value>().unwrap(), answer.headers)
    };
    let (body, headers) = refused("/api/now/table/incident", &[], 401).await;
    assert_eq!(body["error"]["message"], "User Not Authenticated");
    assert!(headers.contains_key("www-authenticate"));
    let (body, _) = refused("/api/now/table/u_none", &[BASIC], 400).await;
    assert_eq!(body["error"]["message"], "Invalid table u_none");
    let (body, _) = refused("/api/now/table/sys_journal_field", &[BASIC], 403).await;
    assert_eq!(body["status"], "failure");
    let limit = Plan { status: Some(429), retry_after: Some(7), ..Plan::default() };
    instance.simulator.faults().set(limit);
    let (body, headers) = refused("/api/now/table/incident", &[BASIC], 429).await;
    assert_eq!(body["error"]["message"], "Rate limit exceeded");
    assert_eq!(headers["retry-after"], "7");
    for name in ["x-ratelimit-limit", "x-ratelimit-reset", "x-ratelimit-rule"] {
        assert!(headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn an_agent_works_in_a_ticket() {
    let instance = Instance::start(|_| {}).await;
    let made = instance
        .create(json!({ "description": "told before", "correlation_display": "Ada" }))
        .await;
    let path = format!("/api/now/table/incident/{}", made["sys_id"].as_str().unwrap());
    let comment = json!({ "comments": "hello?" });
    instance.call(Method::PATCH, &path, &[BASIC], &comment).await.expect(200).unwrap();
    instance.act(Act::Accept { agent: "Jo Park".to_owned() });
    instance.act(Act::Say { text: "here".to_owned() });
    instance.act(Act::Note { text: "hidden".to_owned() });
    instance.act(Act::Hold { on: true });
    let chat = instance.simulator.chats().remove(0);
    assert_eq!((chat.phase, chat.agent.as_deref()), (Phase::Held, Some("Jo Park")));
    let from: Vec<_> = chat.lines.iter().map(|line| line.from).collect();
    assert_eq!(from, [From::History, From::Visitor, From::Agent, From::Note]);
    assert_eq!(chat.lines[2].name, "jo.park");
    instance.act(Act::End);
    let record = instance.tool.record("incident", &chat.id).unwrap();
    assert_eq!(
        (&record["state"], &record["close_code"]),
        (&json!("6"), &json!("Solution provided"))
    );
    let ended = instance.simulator.chats().remove(0);
    assert_eq!(ended.phase, Phase::Ended);
    instance.call(Method::PATCH, &path, &[BASIC], &comment).await.expect(200).unwrap();
    let later = instance.simulator.chats().remove(0);
    assert!(later.lines.starts_with(&ended.lines), "a later comment changes nothing shown");
    assert_eq!(later.lines.last().unwrap().from, From::Visitor);
    let close = json!({ "state": "7" });
    instance.call(Method::PATCH, &path, &[BASIC], &close).await.expect(200).unwrap();
    instance.call(Method::PATCH, &path, &[BASIC], &comment).await.expect(403).unwrap();
}
