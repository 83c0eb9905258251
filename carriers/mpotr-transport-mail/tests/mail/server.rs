//! Servers of mail: Dovecot, for mailboxes, and one that takes mail and passes it on to them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use mpotr_transport::{ExecConnect, ExecLogin};
use rcgen::PublicKeyData as _;
use sha2::Digest as _;

use crate::member::channel;
use crate::process::{Process, free_port, installed};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mpotr-transport-mail");

/// What all accounts have.
pub(crate) const PASSWORD: &str = "a-secret-of-all";

/// Who owns mailboxes: Dovecot lets no root read mail.
const NOBODY: u32 = 65_534;

/// How connections to the servers are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encrypts {
    AtOnce,
    Later,
    Never,
}

/// Both servers, that run. Ended when dropped.
pub(crate) struct Servers {
    pub(crate) imap: u16,
    pub(crate) smtp: u16,
    pub(crate) lmtp: u16,
    pub(crate) pin: String,
    encrypts: Encrypts,
    pub(crate) mailboxes: Process,
    pub(crate) list: Process,
}

/// Tells Dovecot where it listens, and where mail lies.
fn configure(mailboxes: &mut Process, encrypts: Encrypts, imap: u16, lmtp: u16) {
    let folder = mailboxes.folder.path();
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir(mailboxes.path("mail")).unwrap();
    let mail = mailboxes.path("mail");
    std::fs::set_permissions(&mail, Permissions::from_mode(0o777)).unwrap();
    let (ssl, in_clear) = match encrypts {
        Encrypts::AtOnce => ("yes", "no"),
        Encrypts::Later => ("required", "yes"),
        Encrypts::Never => ("no", "no"),
    };
    let folder = folder.display();
    let is_at_once = encrypts == Encrypts::AtOnce;
    let config = format!(
        "base_dir = {folder}/run\nstate_dir = {folder}/state\nlog_path = /dev/stderr\n\
             protocols = imap lmtp\nlisten = 127.0.0.1\ndisable_plaintext_auth = {in_clear}\n\
             ssl = {ssl}\nssl_cert = <{folder}/cert.pem\nssl_key = <{folder}/key.pem\n\
             mail_location = maildir:{folder}/mail/%n\nmail_home = {folder}/mail/%n\n\
             passdb {{\n driver = static\n args = password={PASSWORD}\n}}\n\
             userdb {{\n driver = static\n args = uid={NOBODY} gid={NOBODY} allow_all_users=yes\n}}\n\
             service imap-login {{\n inet_listener imap {{\n port = {}\n }}\n\
             inet_listener imaps {{\n port = {}\n ssl = yes\n }}\n}}\n\
             service lmtp {{\n inet_listener lmtp {{\n port = {lmtp}\n }}\n}}\n\
             protocol lmtp {{\n postmaster_address = postmaster@mail.example\n}}\n",
        if is_at_once { 0 } else { imap },
        if is_at_once { imap } else { 0 },
    );
    mailboxes.write("conf", &config);
    mailboxes.tell("-F");
    mailboxes.tell("-c");
    mailboxes.tell(mailboxes.path("conf"));
    mailboxes.is_asked = true;
}

impl Servers {
    /// Connections are not encrypted, and mails may be long.
    pub(crate) async fn plain() -> Option<Self> {
        Self::with(Encrypts::Never, 10_000_000).await
    }

    /// Connections are encrypted from their beginning.
    pub(crate) async fn encrypted() -> Option<Self> {
        Self::with(Encrypts::AtOnce, 10_000_000).await
    }

    /// Connections are to be encrypted before anything is said, and begin in clear.
    pub(crate) async fn encrypted_later() -> Option<Self> {
        Self::with(Encrypts::Later, 10_000_000).await
    }

    /// Mails may have so many bytes.
    pub(crate) async fn with(encrypts: Encrypts, size: usize) -> Option<Self> {
        let (imap, lmtp, smtp) = (free_port(), free_port(), free_port());
        let mut mailboxes = Process::new(installed("dovecot")?, &[imap, lmtp]);
        let python = installed("python3")?;
        let is_there = std::path::Path::new("/usr/lib/python3/dist-packages/aiosmtpd").exists();
        if !is_there {
            return installed("aiosmtpd").map(|_never| panic!("it is no program"));
        }
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["127.0.0.1".to_owned()];
        let certificate = rcgen::CertificateParams::new(names)
            .unwrap()
            .self_signed(&key);
        let certificate = certificate.unwrap().pem();
        let digest = sha2::Sha256::digest(key.subject_public_key_info());
        let mut list = Process::new(python, &[smtp]);
        for process in [&mailboxes, &list] {
            process.write("cert.pem", &certificate);
            process.write("key.pem", &key.serialize_pem());
        }
        configure(&mut mailboxes, encrypts, imap, lmtp);
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mail/list.py");
        list.tell(script);
        list.tell(list.folder.path().as_os_str().to_owned());
        for argument in [
            smtp.to_string(),
            lmtp.to_string(),
            size.to_string(),
            PASSWORD.to_owned(),
        ] {
            list.tell(argument);
        }
        match encrypts {
            Encrypts::AtOnce => list.tell("tls"),
            Encrypts::Later => list.tell("starttls"),
            Encrypts::Never => {}
        }
        mailboxes.start();
        list.start();
        mailboxes.is_there().await;
        list.is_there().await;
        Some(Self {
            imap,
            smtp,
            lmtp,
            pin: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            encrypts,
            mailboxes,
            list,
        })
    }

    /// An address of the list there, with something more.
    pub(crate) fn address(&self, name: &str, more: &str) -> String {
        let (imap, smtp) = (self.imap, self.smtp);
        format!(
            "mailto:tea@lists.example?account={name}@mail.example&imap=127.0.0.1:{imap}&smtp=127.0.0.1:{smtp}&every=1&{more}"
        )
    }

    /// The way of an account to the list.
    pub(crate) fn way(&self, name: &str) -> ExecConnect {
        let key = &self.pin;
        let more = match self.encrypts {
            Encrypts::AtOnce => format!("sha256={key}"),
            Encrypts::Later => format!("starttls&sha256={key}"),
            Encrypts::Never => "plain".to_owned(),
        };
        self.by(&self.address(name, &more), PASSWORD)
    }

    /// A way by an address.
    pub(crate) fn by(&self, address: &str, password: &str) -> ExecConnect {
        let file = format!("password-{password}");
        self.list.write(&file, &format!("{password}\n"));
        let way = ExecConnect::of_program(PROGRAM, Some(address), "member", channel());
        way.login(ExecLogin {
            account: None,
            password_file: Some(self.list.path(&file)),
            certificate_file: None,
        })
    }

    /// The names of the files of the mails of an account, which end with what is marked.
    pub(crate) fn mails(&self, name: &str) -> Vec<String> {
        let mut names = Vec::new();
        for folder in ["new", "cur"] {
            let path = self.mailboxes.path("mail").join(name).join(folder);
            let Ok(files) = std::fs::read_dir(path) else {
                continue;
            };
            names.extend(files.map(|file| file.unwrap().file_name().into_string().unwrap()));
        }
        names
    }
}
