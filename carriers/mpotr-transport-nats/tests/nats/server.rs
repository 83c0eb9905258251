//! Servers of NATS on ports and in folders of their own.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// A server that runs. Ended when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    folder: TempDir,
    child: Option<Child>,
}

fn program() -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/bin"];
    let mut paths = folders
        .map(|folder| Path::new(folder).join("nats-server"))
        .into_iter();
    let found = paths.find(|path| path.exists());
    if found.is_none() {
        let wanted = std::env::var_os("MPOTR_SERVERS").is_some_and(|wanted| wanted == "all");
        assert!(!wanted, "nats-server is not installed");
        // Past the capture of tests: who runs them is to see it.
        let told = b"SKIPPED, nothing is tested: nats-server is not installed\n";
        std::io::stderr().write_all(told).unwrap();
    }
    found
}

/// A port below those that the system gives to connections: one to such a port, while nobody listens there, may meet itself.
fn free_port() -> u16 {
    let random = || RandomState::new().build_hasher().finish() % 20_000;
    std::iter::repeat_with(|| u16::try_from(10_000 + random()).unwrap())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

impl Server {
    /// One alone, with more of its configuration.
    pub(crate) async fn alone(more: &str) -> Option<Self> {
        program()?;
        let mut server = Self::new(free_port(), more);
        server.start();
        server.is_there().await;
        Some(server)
    }

    /// One that keeps nothing.
    pub(crate) async fn without_a_stream() -> Option<Self> {
        program()?;
        let mut server = Self::new(free_port(), "");
        let config = format!("listen: 127.0.0.1:{}\n", server.port);
        std::fs::write(server.folder.path().join("conf"), config).unwrap();
        server.start();
        server.is_there().await;
        Some(server)
    }

    /// So many that are one cluster.
    pub(crate) async fn cluster(count: usize) -> Option<Vec<Self>> {
        program()?;
        let ports: Vec<_> = (0..count).map(|_| (free_port(), free_port())).collect();
        let routes: Vec<_> = ports
            .iter()
            .map(|(_, port)| format!("nats://127.0.0.1:{port}"))
            .collect();
        let routes = routes.join(", ");
        let mut servers = Vec::new();
        for (number, (port, route)) in ports.into_iter().enumerate() {
            let more = format!(
                "server_name: n{number}\n\
                 cluster {{ name: C, listen: 127.0.0.1:{route}, routes: [{routes}] }}\n"
            );
            let mut server = Self::new(port, &more);
            server.start();
            servers.push(server);
        }
        for server in &servers {
            server.is_there().await;
        }
        Some(servers)
    }

    fn new(port: u16, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let config = format!(
            "listen: 127.0.0.1:{port}\n\
             jetstream {{ store_dir: {:?}, max_memory_store: 1G, max_file_store: 4G }}\n{more}\n",
            store.display().to_string()
        );
        std::fs::write(folder.path().join("conf"), config).unwrap();
        Self {
            port,
            folder,
            child: None,
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("nats://{}", self.place())
    }

    pub(crate) fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn start(&mut self) {
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let errors = log.try_clone().unwrap();
        let child = Command::new(program().unwrap())
            .arg("--config")
            .arg(self.folder.path().join("conf"))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn();
        self.child = Some(child.unwrap());
    }

    /// Waits until it listens.
    pub(crate) async fn is_there(&self) {
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
        let said = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        panic!("nats-server does not listen: {said}");
    }

    /// Ends it without a word.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Takes away all that it has kept.
    pub(crate) fn forgets(&self) {
        std::fs::remove_dir_all(self.folder.path().join("store")).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            let last: Vec<_> = log.lines().rev().take(40).collect();
            println!(
                "the server on port {} said last, newest first: {last:#?}",
                self.port
            );
        }
    }
}
