//! A person in the room by another client, of which nothing is left but what goes over its connection: in words that the test
//! chooses, and not encrypted, for that stays on this machine.

use std::time::Duration;

use base64::Engine as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::server::{PASSWORD, Server};

/// One who is in a room.
pub(crate) struct Person {
    stream: TcpStream,
    /// All that has come.
    pub(crate) heard: String,
    bytes: Vec<u8>,
    room: String,
}

impl Person {
    /// Enters a room by the account `person`, or another.
    pub(crate) async fn enter(server: &Server, room: &str, name: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).await;
        let mut person = Self {
            stream: stream.unwrap(),
            heard: String::new(),
            bytes: Vec::new(),
            room: format!("{room}@muc.example"),
        };
        person.opens().await;
        let shown = format!("\0{name}\0{PASSWORD}");
        let shown = base64::engine::general_purpose::STANDARD.encode(shown);
        person
            .says(&format!(
                "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{shown}</auth>"
            ))
            .await;
        person.hears("<success").await;
        person.opens().await;
        person
            .says("<iq type='set' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
            .await;
        person.hears("</jid>").await;
        let presence = format!(
            "<presence to='{}/{name}'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
            person.room
        );
        person.says(&presence).await;
        person.hears("code='110'").await;
        let form = "<query xmlns='http://jabber.org/protocol/muc#owner'>\
                    <x xmlns='jabber:x:data' type='submit'/></query>";
        person.asks("muc#owner", form).await;
        person
    }

    async fn opens(&mut self) {
        self.says(
            "<?xml version='1.0'?><stream:stream to='xmpp.example' version='1.0' xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams'>",
        )
        .await;
        self.hears("</stream:features>").await;
    }

    pub(crate) async fn says(&mut self, xml: &str) {
        self.stream.write_all(xml.as_bytes()).await.unwrap();
    }

    /// Asks the room for something, whatever it answers.
    pub(crate) async fn asks(&mut self, what: &str, query: &str) {
        let room = self.room.clone();
        self.heard.clear();
        self.says(&format!(
            "<iq type='set' id='ask-{what}' to='{room}'>{query}</iq>"
        ))
        .await;
        self.hears(&format!("ask-{what}")).await;
    }

    /// Says something to all in the room.
    pub(crate) async fn says_to_all(&mut self, inside: &str) {
        let room = self.room.clone();
        self.says(&format!(
            "<message type='groupchat' to='{room}'>{inside}</message>"
        ))
        .await;
    }

    /// As a moderator, gives an occupant another role, or an account another affiliation.
    pub(crate) async fn changes(&mut self, item: &str) {
        let query = format!(
            "<query xmlns='http://jabber.org/protocol/muc#admin'><item {item}><reason>why</reason></item></query>"
        );
        self.asks("admin", &query).await;
        assert!(self.heard.contains("type='result'"), "{}", self.heard);
    }

    /// As the owner, sets a field of the form of the room.
    pub(crate) async fn configures(&mut self, field: &str, value: &str) {
        let query = format!(
            "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>\
             <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>\
             <field var='{field}'><value>{value}</value></field></x></query>"
        );
        self.asks("config", &query).await;
        assert!(self.heard.contains("type='result'"), "{}", self.heard);
    }

    /// Reads what comes, until it is told.
    pub(crate) async fn reads(&mut self) -> bool {
        let mut piece = vec![0; 1 << 16];
        let count = self.stream.read(&mut piece).await.unwrap_or(0);
        self.bytes.extend_from_slice(&piece[..count]);
        // A character may be cut.
        let end = match std::str::from_utf8(&self.bytes) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let rest = self.bytes.split_off(end);
        let text = std::mem::replace(&mut self.bytes, rest);
        self.heard.push_str(std::str::from_utf8(&text).unwrap());
        count > 0
    }

    /// Waits until something has come.
    pub(crate) async fn hears(&mut self, what: &str) {
        let waiting = timeout(Duration::from_secs(30), async {
            while !self.heard.contains(what) {
                assert!(self.reads().await, "closed before {what}: {}", self.heard);
            }
        });
        assert!(
            waiting.await.is_ok(),
            "never came: {what}; but {}",
            self.heard
        );
    }
}
