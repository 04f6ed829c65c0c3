//! The desk's page as one agent has it open.

use futures::{SinkExt as _, StreamExt as _};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest as _},
};

use super::world::{PATIENCE, World, answer, eventually};

pub(crate) struct Page {
    pub(crate) cookie: String,
    url: String,
    host: String,
    http: reqwest::Client,
}

pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Page {
    pub(crate) async fn sign_in(world: &World, name: &str) -> Self {
        let mut page = Self::stranger(world);
        let body = json!({
            "email": format!("{name}@example.com"), "password": format!("{name}'s password")
        });
        let response = page.request(Method::POST, "session").json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().clone_into(&mut page.cookie);
        page
    }

    /// Nobody who is signed in.
    pub(crate) fn stranger(world: &World) -> Self {
        let (url, host, http) = (world.url.clone(), world.host.clone(), world.http.clone());
        Self { cookie: "x=y".to_owned(), url, host, http }
    }

    /// A request as the page makes it.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).header("x-baton-desk", "1").header("origin", self.url.clone())
    }

    /// A request with nothing but the cookie.
    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/desk/api/{path}", self.url);
        self.http.request(method, url).header("cookie", self.cookie.clone())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.request(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.request(Method::PUT, path).json(&body).send().await.unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::DELETE, path).send().await.unwrap()).await
    }

    pub(crate) async fn say(&self, chat: &str, client_id: &str, text: &str) -> (u16, Value) {
        let body = json!({ "clientId": client_id, "text": text });
        self.post(&format!("chats/{chat}/messages"), body).await
    }

    pub(crate) async fn chats(&self) -> Vec<Value> {
        let (status, body) = self.get("chats").await;
        assert_eq!(status, 200, "{body}");
        body["chats"].as_array().unwrap().clone()
    }

    pub(crate) async fn chat(&self, id: &str) -> Value {
        let (status, body) = self.get(&format!("chats/{id}")).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub(crate) async fn events(&self, id: &str) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), json!(0));
        loop {
            let (status, body) = self.get(&format!("chats/{id}/events?after={after}")).await;
            assert_eq!(status, 200, "{body}");
            let page = body["events"].as_array().unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page.iter().cloned());
            after = body["next"].clone();
        }
    }

    /// Id of the open chat with a visitor.
    pub(crate) async fn open_chat_of(&self, user: &str) -> String {
        let found = |chat: &Value| chat["visitor"]["userId"] == user && chat["status"] != "closed";
        let chats = self.chats().await;
        let chat = chats.iter().find(|chat| found(chat)).expect("there is an open chat");
        chat["id"].as_str().unwrap().to_owned()
    }

    /// Waits for an event that `wanted` picks.
    pub(crate) async fn event(&self, chat: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(async || self.events(chat).await.into_iter().find(|event| wanted(event))).await
    }

    /// The stream, or the status with which it was refused.
    pub(crate) async fn stream(&self) -> Result<Socket, u16> {
        self.stream_from(Some(&self.url)).await
    }

    pub(crate) async fn stream_from(&self, origin: Option<&str>) -> Result<Socket, u16> {
        let url = format!("ws://{}/desk/api/stream", self.host);
        let mut request = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("cookie", self.cookie.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(Socket(socket)),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }
}

impl Socket {
    pub(crate) async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    pub(crate) async fn send_raw(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// The next frame, or the close code.
    pub(crate) async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a frame");
            match next {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(0, |f| f.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(0),
            }
        }
    }

    /// The next frame of a type, passing over others.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await.unwrap_or_else(|code| panic!("closed with {code}"));
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The code with which the server closes.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }
}
