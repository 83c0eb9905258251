//! Servers of NATS on ports and in folders of their own.

use crate::process::{Process, free_port, installed};

/// A server that runs. Ended when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    process: Process,
}

impl Server {
    /// One alone, with more of its configuration.
    pub(crate) async fn alone(more: &str) -> Option<Self> {
        let mut server = Self::new(free_port(), more)?;
        server.start();
        server.is_there().await;
        Some(server)
    }

    /// One that keeps nothing.
    pub(crate) async fn without_a_stream() -> Option<Self> {
        let mut server = Self::new(free_port(), "")?;
        let config = format!("listen: 127.0.0.1:{}\n", server.port);
        server.process.write("conf", &config);
        server.start();
        server.is_there().await;
        Some(server)
    }

    /// So many that are one cluster.
    pub(crate) async fn cluster(count: usize) -> Option<Vec<Self>> {
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
            let mut server = Self::new(port, &more)?;
            server.start();
            servers.push(server);
        }
        for server in &mut servers {
            server.is_there().await;
        }
        Some(servers)
    }

    fn new(port: u16, more: &str) -> Option<Self> {
        let mut process = Process::new(installed("nats-server")?, &[port]);
        let config = format!(
            "listen: 127.0.0.1:{port}\n\
             jetstream {{ store_dir: {:?}, max_memory_store: 1G, max_file_store: 4G }}\n{more}\n",
            process.path("store").display().to_string()
        );
        process.write("conf", &config);
        process.tell("--config");
        process.tell(process.path("conf"));
        Some(Self { port, process })
    }

    pub(crate) fn address(&self) -> String {
        format!("nats://{}", self.place())
    }

    pub(crate) fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn start(&mut self) {
        self.process.start();
    }

    /// Waits until it listens.
    pub(crate) async fn is_there(&mut self) {
        self.process.is_there().await;
    }

    /// Ends it without a word.
    pub(crate) fn stop(&mut self) {
        self.process.stop();
    }

    /// Takes away all that it has kept.
    pub(crate) fn forgets(&self) {
        std::fs::remove_dir_all(self.process.path("store")).unwrap();
    }
}
