//! The visitor and desk APIs (docs/api.md).

use serde_json::{Map, Value, json};

use super::{Operation, Schemas, add, shapes};
use crate::{desk, problem::Problem, visitor};

pub(super) fn schemas(found: &mut Schemas) {
    add::<visitor::NewVisitor>(found);
    add::<visitor::VisitorCreated<'_>>(found);
    add::<shapes::VisitorMessage>(found);
    add::<visitor::Accepted>(found);
    add::<shapes::StreamHello>(found);
    add::<shapes::VisitorEvents>(found);
    add::<shapes::SignIn>(found);
    add::<desk::Session>(found);
    add::<shapes::Availability>(found);
    add::<shapes::Chats>(found);
    add::<shapes::ChatShown>(found);
    add::<shapes::ChatEvents>(found);
    add::<shapes::AgentMessage>(found);
    add::<desk::ClientFrame>(found);
    add::<desk::ServerFrame>(found);
    add::<Problem>(found);
}

const VISITOR: Operation = Operation {
    tag: "visitor",
    id: "",
    summary: "",
    security: &["visitorToken"],
    body: None,
    status: 204,
    answer: None,
};

pub(super) fn visitor() -> Map<String, Value> {
    let create = Operation {
        id: "createVisitor",
        summary: "A new visitor, and the token that speaks for them",
        security: &[],
        body: Some("NewVisitor"),
        status: 201,
        answer: Some("VisitorCreated"),
        ..VISITOR
    };
    let say = Operation {
        id: "sendMessage",
        summary: "Stored before it is answered; the same clientId again gives the same answer",
        body: Some("VisitorMessage"),
        status: 202,
        answer: Some("MessageAccepted"),
        ..VISITOR
    };
    let typing = Operation { id: "visitorTypes", summary: "The visitor types", ..VISITOR };
    let end = Operation { id: "endChat", summary: "The visitor ends the live chat", ..VISITOR };
    let events = Operation {
        id: "readEvents",
        summary: "What came after a number; waits for the first when there is none",
        status: 200,
        answer: Some("VisitorEvents"),
        ..VISITOR
    };
    let mut events = events.write();
    events["parameters"] = json!([after(), query("wait", "Seconds to wait, at most 25")]);
    let bot = path_parameter("botId", "Id of the bot");
    let mut paths = Map::new();
    let mut add = |path: &str, item: Value| drop(paths.insert(path.to_owned(), item));
    add("/v1/bots/{botId}/visitors", json!({ "parameters": [bot], "post": create.write() }));
    add("/v1/conversation/messages", json!({ "post": say.write() }));
    add("/v1/conversation/typing", json!({ "post": typing.write() }));
    add("/v1/conversation/end", json!({ "post": end.write() }));
    add("/v1/conversation/events", json!({ "get": events }));
    let about = "A WebSocket. Send one StreamHello first; each text frame that comes is one \
        VisitorEvent. Close codes: 4400 bad first frame, 4401 bad token, 4408 no first frame \
        within ten seconds, 1013 try again, 1001 going away.";
    add("/v1/conversation/stream", socket(&VISITOR, "openVisitorStream", &[], about));
    paths
}

const DESK: Operation = Operation { tag: "desk", security: &["deskCookie"], ..VISITOR };

pub(super) fn desk() -> Map<String, Value> {
    let sign_in = Operation {
        id: "signIn",
        summary: "Sign in; sets the cookie",
        security: &[],
        body: Some("SignIn"),
        status: 200,
        answer: Some("DeskSession"),
        ..DESK
    };
    let session = Operation {
        id: "readSession",
        summary: "Who is signed in",
        status: 200,
        answer: Some("DeskSession"),
        ..DESK
    };
    let sign_out = Operation { id: "signOut", summary: "Sign out", ..DESK };
    let available = Operation {
        id: "setAvailability",
        summary: "Whether this agent takes chats",
        body: Some("Availability"),
        ..DESK
    };
    let mut paths = Map::new();
    let mut add = |path: &str, item: Value| drop(paths.insert(path.to_owned(), item));
    let session = json!({
        "post": changing(&sign_in), "get": session.write(), "delete": changing(&sign_out),
    });
    add("/desk/api/session", session);
    add("/desk/api/availability", json!({ "put": changing(&available) }));
    add("/desk/api/chats", json!({ "get": LIST.write() }));
    for (path, item) in chat_operations() {
        let mut whole = json!({ "parameters": [path_parameter("id", "Id of the chat")] });
        if let (Value::Object(whole), Value::Object(item)) = (&mut whole, item) {
            whole.extend(item);
        }
        add(&format!("/desk/api/chats/{{id}}{path}"), whole);
    }
    let about = "A WebSocket. Send DeskClientFrames; each text frame that comes is one \
        DeskServerFrame.";
    add("/desk/api/stream", socket(&DESK, "openDeskStream", DESK.security, about));
    paths
}

const LIST: Operation = Operation {
    id: "listChats",
    summary: "Open chats, the longest waiting first",
    status: 200,
    answer: Some("Chats"),
    ..DESK
};

fn chat_operations() -> [(&'static str, Value); 6] {
    let show = Operation {
        id: "readChat",
        summary: "A chat with the transcript before the handover",
        status: 200,
        answer: Some("ChatShown"),
        ..DESK
    };
    let events = Operation {
        id: "readChatEvents",
        summary: "What happened in a chat after a number",
        status: 200,
        answer: Some("ChatEvents"),
        ..DESK
    };
    let claim = Operation {
        id: "claimChat",
        summary: "Take a chat; 409 says who has it",
        status: 200,
        answer: Some("Chat"),
        ..DESK
    };
    let say = Operation {
        id: "sendAgentMessage",
        summary: "Stored before it is answered; the same clientId again gives the same answer",
        body: Some("AgentMessage"),
        status: 202,
        answer: Some("MessageAccepted"),
        ..DESK
    };
    let typing = Operation { id: "agentTypes", summary: "The agent types", ..DESK };
    let close = Operation { id: "closeChat", summary: "Hand back to the bot", ..DESK };
    let mut events = events.write();
    events["parameters"] = json!([after()]);
    [
        ("", json!({ "get": show.write() })),
        ("/events", json!({ "get": events })),
        ("/claim", json!({ "post": changing(&claim) })),
        ("/messages", json!({ "post": changing(&say) })),
        ("/typing", json!({ "post": changing(&typing) })),
        ("/close", json!({ "post": changing(&close) })),
    ]
}

/// What changes something needs a header that no foreign page can send.
fn changing(operation: &Operation) -> Value {
    let mut written = operation.write();
    written["parameters"] = json!([{
        "name": "x-baton-desk", "in": "header", "required": true, "schema": { "const": "1" },
    }]);
    written
}

fn socket(of: &Operation, id: &str, security: &[&str], about: &str) -> Value {
    let mut written = of.write();
    written["operationId"] = id.into();
    written["summary"] = "Events as they come".into();
    written["description"] = about.into();
    written["security"] = security.iter().map(|scheme| json!({ *scheme: [] })).collect();
    written["responses"] = json!({
        "101": { "description": "The WebSocket is open" },
        "default": { "$ref": "#/components/responses/Problem" },
    });
    json!({ "get": written })
}

fn path_parameter(name: &str, description: &str) -> Value {
    let schema = json!({ "type": "string" });
    json!({
        "name": name, "in": "path", "required": true, "description": description, "schema": schema,
    })
}

fn query(name: &str, description: &str) -> Value {
    let schema = json!({ "type": "integer", "minimum": 0 });
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

fn after() -> Value {
    query("after", "The last number you have; 0 for everything")
}
