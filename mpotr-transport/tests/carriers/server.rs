//! Servers of IRC that nobody here has written, on a port and in a folder of their own.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rcgen::PublicKeyData as _;
use sha2::Digest as _;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ngircd,
    Inspircd,
}

/// A server that runs. Ended when dropped.
pub(crate) struct Server {
    kind: Kind,
    pub(crate) port: u16,
    /// The port for connections that are encrypted.
    pub(crate) tls_port: u16,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Kind {
    const fn program(self) -> &'static str {
        match self {
            Self::Ngircd => "ngircd",
            Self::Inspircd => "inspircd",
        }
    }

    fn path(self) -> Option<PathBuf> {
        let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
        let paths = folders
            .iter()
            .map(|folder| Path::new(folder).join(self.program()));
        paths.into_iter().find(|path| path.exists())
    }
}

/// A port below those that the system gives to connections: one to such a port, while nobody listens there, may meet itself.
fn free_port() -> u16 {
    let random = || RandomState::new().build_hasher().finish() % 20_000;
    std::iter::repeat_with(|| u16::try_from(10_000 + random()).unwrap())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

impl Server {
    /// Starts a server, if it is installed.
    pub(crate) async fn start_one(kind: Kind, is_slow: bool) -> Option<Self> {
        if kind.path().is_none() {
            let wanted = std::env::var_os("MPOTR_SERVERS").is_some_and(|wanted| wanted == "all");
            assert!(!wanted, "{} is not installed", kind.program());
            // Past the capture of tests: who runs them is to see it.
            let program = kind.program();
            let told = format!("SKIPPED, nothing is tested: {program} is not installed\n");
            std::io::stderr().write_all(told.as_bytes()).unwrap();
            return None;
        }
        let mut server = Self {
            kind,
            port: free_port(),
            tls_port: free_port(),
            folder: tempfile::tempdir().unwrap(),
            child: None,
        };
        server.configure(is_slow);
        server.start().await;
        Some(server)
    }

    /// The SHA-256 of the server's public key, as an address has it.
    pub(crate) fn pin(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("pin")).unwrap()
    }

    fn configure(&self, is_slow: bool) {
        let folder = self.folder.path().display();
        let (port, tls) = (self.port, self.tls_port);
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(self.folder.path().join(name), text).unwrap();
        };
        write("cert.pem", &certificate.pem());
        write("key.pem", &key.serialize_pem());
        let digest = sha2::Sha256::digest(key.subject_public_key_info());
        write("pin", &base16ct::lower::encode_string(&digest));
        let config = match self.kind {
            Kind::Ngircd => {
                let penalty = if is_slow { -1 } else { 0 };
                format!(
                    "[Global]\nName = irc.example\nInfo = test\nListen = 127.0.0.1\nPorts = {port}\n\
                     [Limits]\nMaxConnectionsIP = 0\nMaxPenaltyTime = {penalty}\nMaxNickLength = 20\n\
                     [Options]\nDNS = no\nIdent = no\nPAM = no\n\
                     [SSL]\nCertFile = {folder}/cert.pem\nKeyFile = {folder}/key.pem\nPorts = {tls}\n"
                )
            }
            Kind::Inspircd => {
                let modules = [
                    "cap",
                    "ircv3",
                    "ircv3_ctctags",
                    "ircv3_echomessage",
                    "ircv3_servertime",
                    "ircv3_chghost",
                    "ssl_gnutls",
                ];
                let modules = modules
                    .map(|name| format!("<module name=\"{name}\">\n"))
                    .concat();
                let rate = if is_slow {
                    ""
                } else {
                    "commandrate=\"1000000\""
                };
                let recvq = if is_slow { 8_192 } else { 1_000_000 };
                format!(
                    "<config format=\"xml\">\n{modules}\
                     <server name=\"irc.example\" description=\"test\" network=\"Test\">\n\
                     <admin name=\"a\" nick=\"a\" email=\"a@example.org\">\n\
                     <bind address=\"127.0.0.1\" port=\"{port}\" type=\"clients\">\n\
                     <bind address=\"127.0.0.1\" port=\"{tls}\" type=\"clients\" sslprofile=\"Clients\">\n\
                     <sslprofile name=\"Clients\" provider=\"gnutls\" certfile=\"{folder}/cert.pem\" \
                     keyfile=\"{folder}/key.pem\">\n\
                     <connect allow=\"*\" timeout=\"60\" threshold=\"10\" {rate} pingfreq=\"120\" \
                     hardsendq=\"10000000\" softsendq=\"8000000\" recvq=\"{recvq}\" localmax=\"1000\" \
                     globalmax=\"1000\" resolvehostnames=\"no\" useident=\"no\">\n\
                     <pid file=\"{folder}/pid\">\n\
                     <path datadir=\"{folder}\" logdir=\"{folder}\">\n\
                     <log method=\"file\" type=\"*\" level=\"default\" target=\"{folder}/log\">\n"
                )
            }
        };
        write("conf", &config);
    }

    pub(crate) async fn start(&mut self) {
        let config = self.folder.path().join("conf");
        let mut command = Command::new(self.kind.path().unwrap());
        match self.kind {
            Kind::Ngircd => command.arg("-n").arg("-f").arg(&config),
            Kind::Inspircd => command
                .args(["--nofork", "--runasroot", "--config"])
                .arg(&config),
        };
        let log = std::fs::File::create(self.folder.path().join("out")).unwrap();
        let errors = log.try_clone().unwrap();
        let child = command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn();
        self.child = Some(child.unwrap());
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
        let said = std::fs::read_to_string(self.folder.path().join("out")).unwrap();
        panic!("{} does not listen: {said}", self.kind.program());
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
