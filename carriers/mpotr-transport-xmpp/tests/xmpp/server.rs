//! A server of XMPP, Prosody, with rooms.

use std::path::PathBuf;

use mpotr_transport::{ExecConnect, ExecLogin};
use rcgen::PublicKeyData as _;
use sha2::Digest as _;

use crate::member::channel;
use crate::process::{Process, free_port, installed};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_mpotr-transport-xmpp");

/// What all accounts have.
pub(crate) const PASSWORD: &str = "a secret of all";

const ACCOUNTS: [&str; 6] = ["alice", "bob", "carol", "dave", "eve", "person"];

/// How much Prosody reads of a client, as it comes from Debian.
pub(crate) const LIMITED: &str = "limits = { c2s = { rate = \"10kb/s\" } }";

/// What it reads of a client where a test is about something else.
pub(crate) const UNLIMITED: &str = "limits = { c2s = { rate = \"10mb/s\" } }";

/// A server that runs. Ended when dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) pin: String,
    pub(crate) process: Process,
}

impl Server {
    /// Starts one, with more of its configuration.
    pub(crate) async fn with(more: &str) -> Option<Self> {
        Self::that_has(
            "modules_disabled = { \"s2s\" }; c2s_require_encryption = false",
            more,
        )
        .await
    }

    /// One that cannot encrypt.
    pub(crate) async fn without_encryption() -> Option<Self> {
        Self::that_has(
            "modules_disabled = { \"s2s\", \"tls\" }; c2s_require_encryption = false",
            UNLIMITED,
        )
        .await
    }

    async fn that_has(encryption: &str, more: &str) -> Option<Self> {
        let port = free_port();
        let mut process = Process::new(installed("prosody")?, &[port]);
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(vec!["xmpp.example".to_owned()]).unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        process.write("cert.pem", &certificate.pem());
        process.write("key.pem", &key.serialize_pem());
        let digest = sha2::Sha256::digest(key.subject_public_key_info());
        for name in ACCOUNTS {
            let account = format!("return {{ password = {PASSWORD:?} }};");
            process.write(
                &format!("data/xmpp%2eexample/accounts/{name}.dat"),
                &account,
            );
        }
        let folder = process.folder.path().display().to_string();
        let config = format!(
            "run_as_root = true\npidfile = \"{folder}/pid\"\ndata_path = \"{folder}/data\"\n\
             plugin_paths = {{ \"{folder}/plugins\" }}\nlog = {{ info = \"*console\" }}\n\
             modules_enabled = {{ \"tls\", \"saslauth\", \"disco\", \"ping\", \"limits\" }}\n\
             interfaces = {{ \"127.0.0.1\" }}\nc2s_ports = {{ {port} }}\n\
             allow_unencrypted_plain_auth = true\n\
             ssl = {{ key = \"{folder}/key.pem\", certificate = \"{folder}/cert.pem\" }}\n\
             authentication = \"internal_plain\"\n{encryption}\n{more}\n\
             VirtualHost \"xmpp.example\"\n\
             VirtualHost \"guests.example\"\nauthentication = \"anonymous\"\n\
             Component \"muc.example\" \"muc\"\nmodules_enabled = {{ \"complains\" }}\n"
        );
        process.write("prosody.cfg.lua", &config);
        process.write("plugins/mod_complains.lua", COMPLAINS);
        process.tell("--config");
        process.tell(process.path("prosody.cfg.lua"));
        process.tell("-F");
        process.start();
        process.is_there().await;
        Some(Self {
            port,
            pin: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            process,
        })
    }

    /// How a test calls an address there.
    pub(crate) fn address(&self, room: &str, account: &str, more: &str) -> String {
        let port = self.port;
        format!("xmpp:{room}@muc.example?account={account}&server=127.0.0.1:{port}&{more}")
    }

    /// The way of an account to a room, by a connection that is encrypted.
    pub(crate) fn way(&self, room: &str, name: &str, nick: &str) -> ExecConnect {
        let key = format!("sha256={}", self.pin);
        let address = self.address(room, &format!("{name}@xmpp.example"), &key);
        self.by(&address, nick, PASSWORD)
    }

    /// A way by an address.
    pub(crate) fn by(&self, address: &str, nick: &str, password: &str) -> ExecConnect {
        let file = PathBuf::from(format!("password-{password}"));
        self.process
            .write(file.to_str().unwrap(), &format!("{password}\n"));
        let way = ExecConnect::of_program(PROGRAM, Some(address), nick, channel());
        way.login(ExecLogin {
            account: None,
            password_file: Some(self.process.folder.path().join(file)),
            certificate_file: None,
        })
    }
}

/// A room that refuses every third packet, if its name says so.
const COMPLAINS: &str = r#"
local st = require "util.stanza";
local count = 0;
module:hook("muc-occupant-groupchat", function (event)
	if event.stanza:get_child("p", "urn:mpotr:0") and event.room.jid:match("^busy@") then
		count = count + 1;
		if count % 3 == 2 then
			event.origin.send(st.error_reply(event.stanza, "wait", "resource-constraint"));
			return true;
		end
	end
end, 1000);
"#;
