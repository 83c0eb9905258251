//! What a room is opened with.

use mpotr::json::{AdmissionJson, PolicyJson};
use mpotr::{Backend, Carrier, MAX_PACKET, Policy, Profile, RoomOptions, SuiteId};

use crate::{Failure, Params, Texts};

/// A room that the application carries the packets of, as its parameters have it.
#[derive(Clone, Debug)]
pub struct Opening {
    /// What the member is made with.
    pub options: RoomOptions,
    /// What its texts are.
    pub texts: Texts,
}

impl Opening {
    /// Reads all parameters.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn read(mut params: Params) -> Result<Self, Failure> {
        let options = options(&mut params)?;
        let options = bounded(options, max_packet(&mut params)?);
        let texts = Texts::read(&mut params)?;
        params.finish()?;
        Ok(Self { options, texts })
    }
}

/// Reads the name of the room, who is let in, and the options of the facade that are named.
///
/// # Errors
/// The first that is wrong.
pub fn options(params: &mut Params) -> Result<RoomOptions, Failure> {
    let name: String = params.take("name")?;
    let admission: AdmissionJson = params.take("admission")?;
    let mut options = RoomOptions::new(&name, admission.into())?;
    if let Some(suite) = params.word("suite", SuiteId::ALL, SuiteId::name)? {
        options = options.suite(suite);
    }
    if let Some(backend) = params.word("backend", Backend::ALL, Backend::name)? {
        options = options.backend(backend);
    }
    if let Some(policy) = params.optional::<PolicyJson>("policy")? {
        options = options.policy(policy.over(&Policy::default()));
    }
    if let Some(members) = params.optional("members")? {
        options = options.members(members);
    }
    if let Some(profile) = params.word("profile", Profile::ALL, Profile::name)? {
        options = options.profile(profile);
    }
    if let Some(messages) = params.optional("refresh_messages")? {
        options = options.refresh_messages(messages);
    }
    if let Some(messages) = params.optional("leeway")? {
        options = options.leeway(messages);
    }
    if let Some(exclude) = params.optional("exclude_cheats")? {
        options = options.exclude_cheats(exclude);
    }
    Ok(options)
}

/// Reads the most bytes of a packet that the application wants to see, or to have sent.
///
/// # Errors
/// It is zero, or more than any packet has.
pub fn max_packet(params: &mut Params) -> Result<Option<usize>, Failure> {
    let most = params.optional("max_packet")?;
    match most {
        Some(most) if !(1..=MAX_PACKET).contains(&most) => {
            let message = format_args!("at most {MAX_PACKET} bytes");
            Err(Failure::params("max_packet", message))
        }
        most => Ok(most),
    }
}

/// The options for a carrier that is like a relay but for this bound, if there is one.
pub fn bounded(options: RoomOptions, max_packet: Option<usize>) -> RoomOptions {
    let Some(max_packet) = max_packet else {
        return options;
    };
    let carrier = Carrier::default();
    options.carrier(Carrier {
        max_packet,
        ..carrier
    })
}
