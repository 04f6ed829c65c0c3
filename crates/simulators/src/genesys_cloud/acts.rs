//! Acts in a conversation and their events: what agents do, when visitors come and leave, and the
//! detail events and changes that follow.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    AgentEnd,
    state::{
        Author, Conversation, DisconnectType, Door, Message, Participant, Purpose, State,
        outbox::Outbox,
    },
    views,
    web_frames::push,
};
use crate::Act;

impl State {
    pub(super) fn act(&mut self, chat: &str, act: Act) -> Result<(), String> {
        match act {
            Act::Accept { agent } => {
                let at = self.open(chat)?;
                if self.conversations[at].connected(Purpose::Agent).is_some() {
                    return Err("another agent has already accepted the conversation".to_owned());
                }
                self.join(at, &agent);
            }
            Act::Say { text } => {
                let (at, agent) = self.live(chat)?;
                self.say(at, agent, text, Vec::new());
            }
            Act::File { name, url } => {
                let (at, agent) = self.live(chat)?;
                let id = self.ids.uuid();
                self.say(at, agent, String::new(), vec![attachment(&id, &name, &url)]);
            }
            Act::Type { on } => {
                let (at, agent) = self.live(chat)?;
                // The end of typing is not sent: a typing event ends by its duration.
                if on {
                    self.agent_types(at, agent);
                }
            }
            Act::Transfer { agent } => self.transfer(chat, &agent)?,
            Act::Requeue => self.agent_ends(chat, DisconnectType::Transfer)?,
            Act::Note { text } => {
                let (at, agent) = self.live(chat)?;
                let name = self.conversations[at].participants[agent].name.clone();
                self.write(at, Author::Note(name), text, Vec::new());
            }
            Act::End => self.agent_ends(chat, DisconnectType::Client)?,
            Act::SayHtml { .. } => return Err("messages must be plain text".to_owned()),
            Act::Hold { .. } => {
                return Err("a message conversation cannot be put on hold".to_owned());
            }
        }
        Ok(())
    }

    /// Starts a conversation whose visitor waits in the queue.
    pub(super) fn begin(&mut self, door: Door, customer: Value, outbox: Outbox) -> usize {
        let name = visitor_name(&customer);
        let conversation = Conversation {
            id: self.ids.uuid(),
            door,
            customer,
            attributes: BTreeMap::new(),
            participants: Vec::new(),
            messages: Vec::new(),
            started: self.now(),
            ended: None,
            visitor_types: false,
            reads: 0,
            outbox,
        };
        self.conversations.push(conversation);
        let at = self.conversations.len() - 1;
        self.enter(at, Purpose::Customer, &name, None);
        self.enter(at, Purpose::Acd, "Queue", None);
        at
    }

    /// Connects an agent and ends the waiting.
    fn join(&mut self, at: usize, agent: &str) {
        let user = self.user(agent);
        if let Some(waiting) = self.conversations[at].connected(Purpose::Acd) {
            self.leave(at, waiting, DisconnectType::Transfer, Some(&user));
        }
        self.enter(at, Purpose::Agent, agent, Some(user));
    }

    pub(super) fn transfer(&mut self, chat: &str, to: &str) -> Result<(), String> {
        let (at, agent) = self.live(chat)?;
        self.leave(at, agent, DisconnectType::Transfer, None);
        self.join(at, to);
        Ok(())
    }

    pub(super) fn agent_ends(&mut self, chat: &str, why: DisconnectType) -> Result<(), String> {
        let at = self.open(chat)?;
        let agent = self.conversations[at].connected(Purpose::Agent);
        if let Some(agent) = agent {
            self.leave(at, agent, why, None);
        }
        if why.is_transfer() {
            if agent.is_some() {
                self.enter(at, Purpose::Acd, "Queue", None);
            }
        } else if agent.is_none() || self.options.agent_end == AgentEnd::Over {
            self.end(at, DisconnectType::Peer);
            self.show_disconnect(at);
        }
        Ok(())
    }

    /// Ends the conversation on the visitor's side.
    pub(super) fn visitor_ends(&mut self, at: usize) {
        if let Some(agent) = self.conversations[at].connected(Purpose::Agent) {
            self.leave(at, agent, DisconnectType::Peer, None);
        }
        self.end(at, DisconnectType::Client);
    }

    /// The visitor was silent for days.
    pub(super) fn expire_web_session(&mut self, token: &str) {
        self.show(token, &push("SessionExpiredEvent", &json!({})));
        if let Some(session) = self.web.get_mut(token) {
            session.expired = true;
        }
        let door = Door::Web { token: token.to_owned() };
        if let Some(at) = self.open_of(&door, token) {
            self.visitor_ends(at);
        }
    }

    /// Disconnects all remaining participants.
    fn end(&mut self, at: usize, customer: DisconnectType) {
        self.conversations[at].ended = Some(self.now());
        for participant in 0..self.conversations[at].participants.len() {
            if self.conversations[at].participants[participant].ended.is_none() {
                self.leave(at, participant, customer, None);
            }
        }
    }

    pub(super) fn say(&mut self, at: usize, agent: usize, text: String, content: Vec<Value>) {
        self.agent_types(at, agent);
        self.write(at, Author::Agent(agent), text, content);
        let conversation = &self.conversations[at];
        if let Some(message) = conversation.messages.last() {
            match &conversation.door {
                Door::Open { .. } => self.deliver_message(conversation, message),
                Door::Web { token } => self.show_message(token, conversation, message),
            }
        }
        self.tell_changed(at);
    }

    pub(super) fn flow_says(&mut self, chat: &str, text: &str) -> Result<(), String> {
        let at = self.open(chat)?;
        let queue = self.conversations[at].connected(Purpose::Acd);
        self.say(at, queue.ok_or("the visitor is not in the queue")?, text.to_owned(), Vec::new());
        Ok(())
    }

    pub(super) fn agent_types(&mut self, at: usize, agent: usize) {
        match self.conversations[at].door {
            Door::Open { .. } => self.deliver_typing(at, agent),
            Door::Web { .. } => self.show_typing(at, agent),
        }
    }

    fn write(&mut self, at: usize, author: Author, text: String, content: Vec<Value>) {
        let message = Message {
            id: self.ids.uuid(),
            author,
            text,
            content,
            at: self.now(),
            provider_id: None,
            metadata: json!({}),
            status: "sent",
        };
        self.conversations[at].messages.push(message);
    }

    fn open(&self, chat: &str) -> Result<usize, String> {
        let at = self.find(chat).ok_or("there is no such conversation")?;
        let ended = self.conversations[at].ended.is_some();
        if ended { Err("the conversation has ended".to_owned()) } else { Ok(at) }
    }

    /// An open conversation and the agent who has it.
    fn live(&self, chat: &str) -> Result<(usize, usize), String> {
        let at = self.open(chat)?;
        let agent = self.conversations[at].connected(Purpose::Agent);
        Ok((at, agent.ok_or("no agent has accepted the conversation")?))
    }

    fn enter(&mut self, at: usize, purpose: Purpose, name: &str, user: Option<String>) {
        let participant = Participant {
            id: self.ids.uuid(),
            communication: self.ids.uuid(),
            purpose,
            name: name.to_owned(),
            user,
            connected: self.now(),
            ended: None,
        };
        self.conversations[at].participants.push(participant);
        let participant = self.conversations[at].participants.len() - 1;
        let body = self.detail(at, participant);
        self.tell(at, participant, "start", &body);
    }

    /// `answered` is the agent who ended the waiting, if the visitor was waiting.
    fn leave(&mut self, at: usize, who: usize, why: DisconnectType, answered: Option<&str>) {
        let now = self.now();
        self.conversations[at].participants[who].ended = Some((now, why));
        let mut body = self.detail(at, who);
        if self.conversations[at].participants[who].purpose == Purpose::Acd {
            body = views::acd_end(body, answered, why);
        }
        self.tell(at, who, "end", &body);
    }

    fn detail(&self, at: usize, participant: usize) -> Value {
        let conversation = &self.conversations[at];
        let participant = &conversation.participants[participant];
        views::detail(conversation, participant, &self.options.queue_id, self.now())
    }

    fn tell(&mut self, at: usize, participant: usize, what: &str, body: &Value) {
        let conversation = &self.conversations[at];
        let who = match conversation.participants[participant].purpose {
            Purpose::Customer => "customer",
            Purpose::Acd => "acd",
            Purpose::Agent => "user",
        };
        let topic = format!("v2.detail.events.conversation.{}.{who}.{what}", conversation.id);
        self.hub.publish(&topic, body);
        self.tell_changed(at);
    }

    /// The queue's topic and those of its agents show the conversation whenever it changes.
    pub(super) fn tell_changed(&mut self, at: usize) {
        let conversation = &self.conversations[at];
        let body = views::message_conversation(conversation);
        let users = conversation.participants.iter().filter_map(|each| each.user.as_ref());
        let mut topics: Vec<String> =
            users.map(|user| format!("v2.users.{user}.conversations.messages")).collect();
        topics.push(format!("v2.routing.queues.{}.conversations.messages", self.options.queue_id));
        for topic in topics {
            self.hub.publish(&topic, &body);
        }
    }
}

/// What agents see of a visitor: first and last name, else the nickname.
fn visitor_name(customer: &Value) -> String {
    let names = ["firstName", "lastName"].map(|name| customer[name].as_str().unwrap_or_default());
    let name = names.join(" ").trim().to_owned();
    let nickname = customer["nickname"].as_str().unwrap_or("Visitor");
    if name.is_empty() { nickname.to_owned() } else { name }
}

fn attachment(id: &str, name: &str, url: &str) -> Value {
    json!({
        "contentType": "Attachment",
        "attachment": {
            "id": id,
            "mediaType": "File",
            "url": url,
            "mime": "application/octet-stream",
            "filename": name,
        },
    })
}
