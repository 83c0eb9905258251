//! Writes the corpus that each target starts from, out of a real session: `cargo run --example seed`.

use std::path::Path;

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_core::crypto::cpace::ConfirmationTag;
use mpotr_core::crypto::kdf::Prk;
use mpotr_core::crypto::{Digest32, ElementBytes, IdentityKeyPair, Secret, SignatureBytes};
use mpotr_core::gka::light::{Handle, Joining, OwnHello};
use mpotr_core::gka::{
    MemberIndex, OfferDigest, OfferSecrets, OwnChallenge, RoomId, Sid, TrapdoorKey,
};
use mpotr_core::wire::{
    Advert, Answer, AttemptId, Bundle, CodeNonce, Content, ContentKind, EnclosedPacket, Entry,
    EpochHint, EpochName, Heard, Knock, KnockNonce, Listing, Lock, MemberBits, MessageId, Missing,
    MissingJoin, Next, OfferHint, OfferMark, Packet, PacketKind, Presence, Question, Range,
    Request, Reveal, RevealedSeed, RevealedTrapdoor, RoundId, SidHint, Statement, TrustMessage,
    Unsigned, VERSION, Vote, Wanted,
};
use mpotr_core::{Admission, Rekey, Room, RoomConfig, Timestamp};
use mpotr_formats::identity;
use mpotr_formats::room_address::RoomAddress;
use mpotr_formats::{Nick, Payload};
use mpotr_fuzz::picking;
use mpotr_transcript::{Act, Play, forge};
use mpotr_transport::SenderHint;
use mpotr_transport::armour::{Armour, InstanceTag, Line, UnitId};
use mpotr_transport::frame::{Join, RoomName, ServerFrame};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

fn write(target: &str, name: usize, seed: &[u8]) -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("seed-{name}")), seed)
}

/// Every packet of a session of three: agreement, a few texts, the end.
fn session(rng: &mut ChaCha20Rng) -> Vec<Vec<u8>> {
    let mut now = Timestamp::default();
    let mut rooms: Vec<_> = (0..3)
        .map(|_| {
            let mut config = RoomConfig::new(RoomId::of_name::<Suite>("seed"), Admission::Open);
            config.members = Some(3);
            let identity = IdentityKeyPair::random::<Suite>(rng);
            Room::<Suite>::new(config, identity, now, rng).expect("the suite is computed")
        })
        .collect();
    let mut packets = Vec::new();
    let mut delivered = 0;
    for round in 0..400_usize {
        for (from, room) in rooms.iter_mut().enumerate() {
            packets
                .extend(std::iter::from_fn(|| room.poll_transmit()).map(|packet| (from, packet)));
        }
        if let Some((from, packet)) = packets.get(delivered).cloned() {
            delivered += 1;
            for (_, room) in rooms.iter_mut().enumerate().filter(|(to, _)| *to != from) {
                let _any = room.handle_message(now, &packet, rng);
            }
            continue;
        }
        now = rooms
            .iter()
            .filter_map(Room::poll_timeout)
            .min()
            .unwrap_or(now);
        for room in &mut rooms {
            room.handle_timeout(now, rng);
        }
        match (round % 40, rooms.iter().all(Room::is_secure)) {
            (39, true) if round > 300 => rooms.iter_mut().for_each(|room| room.leave(now)),
            (_, true) => {
                let room = &mut rooms[round % 3];
                let seen = room.newest_seen();
                let _any = room.send(now, vec![b'a'; round], seen);
            }
            (_, false) => {}
        }
    }
    packets.into_iter().map(|(_, packet)| packet).collect()
}

fn main() -> std::io::Result<()> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for (name, packet) in mpotr_fuzz::change::examples(&mut ChaCha20Rng::seed_from_u64(2))
        .iter()
        .enumerate()
    {
        write("change", name, packet)?;
    }
    let played = session(&mut rng);
    for (name, packet) in played.iter().enumerate() {
        write("packet", name, packet)?;
        let read = Packet::from_bytes(packet).expect("a session's packets decode");
        write("packet_of_kind", name, &picking(&read))?;
        let payload = ServerFrame::Packet {
            sender: SenderHint::from_u64(7),
            packet: packet.clone().into(),
        };
        write("relay_frame", name, &payload.to_frame()[4..])?;
        let armour = Armour::new(InstanceTag::new(7), 420);
        let lines = armour.lines(UnitId::new(1), &packet.clone().into());
        let lines: Vec<_> = lines
            .expect("a packet fits")
            .iter()
            .map(Line::to_string)
            .collect();
        write("armour", name, lines.join("\n").as_bytes())?;
        if let Some(line) = lines.first() {
            let line = format!("@time=2026-01-02T03:04:05.678Z :a!b@c PRIVMSG #tea :{line}");
            write("irc_message", name, line.as_bytes())?;
            let stanza = format!("@<stream:stream><message><p from='x'>{line}</p></message>");
            write("xmpp_stanzas", name, stanza.as_bytes())?;
            let mail = format!(
                "Mpotr-From: 00000000000000ff\r\nMessage-ID: <a@h>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
                 --b\r\nContent-Type: application/vnd.mpotr\r\n\r\n{line}\r\n--b--\r\n"
            );
            write("mail", name, mail.as_bytes())?;
        }
    }
    for (name, packets) in played.chunks(3).take(8).enumerate() {
        let mut packets = packets.iter().cloned();
        let mut bundle = Bundle::begin(packets.next().expect("a chunk is not empty"));
        packets.for_each(|packet| bundle.push(packet));
        write("bundle", name, &bundle.into_bytes())?;
    }
    let signature = SignatureBytes::new([9; 64]);
    let lock = Lock {
        count: 3,
        digest: Digest32::new([1; 32]),
    };
    let parents = vec![MessageId::new([2; 32]), MessageId::new([3; 32])];
    let content = Unsigned::new(Content {
        kind: ContentKind::Text,
        seq: 4,
        prev: Some(MessageId::new([4; 32])),
        parents: parents.clone(),
        lock,
        body: b"hello".to_vec().into(),
    });
    write("content", 0, &content.with_signature(&signature))?;
    let statement = Unsigned::new(Statement {
        presence: Presence::Present,
        sent: 5,
        frontier: parents.clone(),
        lock,
        wanted: parents.clone(),
        missing: vec![Range {
            author: 1,
            first: 2,
            count: 3,
        }],
        question: Some(Question { member: 2, from: 7 }),
        lacks: [0, 9].map(MemberIndex::new).into_iter().collect(),
        listing: Some(Listing {
            from: 7,
            ids: parents,
        }),
        next: Some(Next {
            view: 1,
            votes: vec![Vote::Refresh],
            ..Next::default()
        }),
    });
    write("statement", 0, &statement.with_signature(&signature))?;
    let short = [
        Statement {
            frontier: vec![MessageId::new([2; 32])],
            ..Statement::empty(Presence::Present)
        },
        Statement {
            lock,
            ..Statement::empty(Presence::Closing)
        },
    ];
    let members = |of: &[u16]| of.iter().copied().map(MemberIndex::new).collect();
    let about_next = [
        Next {
            view: 3,
            struck: members(&[1, 8]),
            struck_twice: members(&[8]),
            ..Next::default()
        },
        Next {
            view: 2,
            offer: Some(OfferDigest::new([4; 32])),
            frozen: Some((Sid::new([5; 32]), lock)),
            confirmed: vec![(Sid::new([5; 32]), Digest32::new([6; 32]))],
            objected: vec![OfferDigest::new([7; 32])],
            ..Next::default()
        },
        Next {
            installed: Some(Sid::new([5; 32])),
            done: true,
            guest: Some(OfferDigest::new([4; 32])),
            forsaken: vec![Sid::new([8; 32])],
            ..Next::default()
        },
    ];
    let about_next = about_next.map(|next| Statement {
        next: Some(next),
        ..Statement::empty(Presence::Present)
    });
    for (number, statement) in (1..).zip(short.into_iter().chain(about_next)) {
        let statement = Unsigned::new(statement);
        write("statement", number, &statement.with_signature(&signature))?;
    }
    let room = RoomName::from(*RoomId::of_name::<Suite>("seed").as_bytes());
    write("relay_join", 0, &Join { room }.to_frame()[4..])?;
    let room_id = RoomId::of_name::<Suite>("seed");
    let advert = Advert {
        room: room_id,
        name: EpochName::new([7; 16]),
        members: 3,
        earlier: vec![EpochName::new([6; 16])],
    };
    let reveal = Reveal {
        hint: EpochHint::new([8; 8]),
        sender: 1,
        seed: RevealedSeed::new([9; 32]),
        trapdoor: RevealedTrapdoor::new([10; 32]),
    };
    let requests = [
        Wanted::Offers(vec![OfferDigest::new([1; 32]), OfferDigest::new([2; 32])]),
        Wanted::Proposal(SidHint::new([3; 8])),
        Wanted::Rounds(Missing {
            run: SidHint::new([3; 8]),
            number: 1,
            contributions: [1, 8].map(MemberIndex::new).into_iter().collect(),
            confirmations: MemberBits::default(),
        }),
        Wanted::Join(MissingJoin {
            handle: Handle::new([6; 16]),
            number: 1,
            welcome: Some(TrapdoorKey::new([7; 32])),
            readies: [3].map(MemberIndex::new).into_iter().collect(),
            openings: MemberBits::default(),
        }),
    ]
    .map(|wanted| {
        Packet::Request(Request {
            room: room_id,
            wanted,
        })
    });
    let [offers, proposal, rounds, join] = requests;
    let entry = |mark: u8| Entry {
        offer: OfferMark::new([mark; 4]),
        tag: 0x0001_4711,
    };
    let heard = Heard {
        author: OfferHint::new([4; 8]),
        tag: 0x0002_0815,
        entries: vec![entry(5), entry(6)],
        signature: SignatureBytes::new([11; 64]),
    };
    let host = IdentityKeyPair::random::<Suite>(&mut rng);
    let name = EpochName::new([7; 16]);
    let own = OwnChallenge::<Suite>::draw(room_id, name, 1, &host, &mut rng);
    let (offer, secrets) = OfferSecrets::<Suite>::generate(room_id, Some(name), &host, 0, &mut rng);
    let signed = own
        .challenge()
        .signed_by_joiner::<Suite>(&offer.digest::<Suite>());
    let proof = own
        .simulate(&offer, &mut rng)
        .expect("the identity is a key");
    let hello = OwnHello::<Suite>::draw(Handle::new([6; 16]), &host, &mut rng);
    let light = Some(*hello.hello());
    let lets_in = OwnChallenge::<Suite>::draw_for(room_id, name, 2, light, &host, &mut rng);
    let joining = Joining::<Suite>::answer(hello.hello(), room_id, &host, &mut rng)
        .expect("the key of the hello is one");
    let request = Packet::JoinRequest(Box::new(joining.request().clone()));
    // What is sealed in these has any bytes.
    let sealed = |kind: PacketKind, fields: &[u8]| {
        let head = [&[VERSION, kind.code()], &[6; 16][..], fields].concat();
        let bytes = [&head[..], &[0, 0, 0, 20], &[9; 20]].concat();
        Packet::from_bytes(&bytes).expect("it has the form of one")
    };
    let welcome = sealed(PacketKind::Welcome, &[]);
    let ready = sealed(PacketKind::Ready, &[0, 3]);
    let answer = Answer {
        challenge: own.challenge().key,
        signature: secrets.ephemeral().sign(&signed),
        proof,
        offer,
    };
    let knock = Knock {
        room: room_id,
        nonce: KnockNonce::new([5; 16]),
    };
    let secret = Prk::extract::<Suite>(b"seed", b"epoch");
    let inside = offers.to_bytes();
    let enclosed = EnclosedPacket::enclose::<Suite>(EpochHint::new([8; 8]), &secret, &inside);
    let made = [
        Packet::Advert(advert),
        Packet::Reveal(reveal),
        Packet::Heard(heard),
        offers,
        proposal,
        rounds,
        join,
        Packet::Knock(knock),
        Packet::Hello(*own.challenge()),
        Packet::Hello(*lets_in.challenge()),
        request,
        welcome,
        ready,
        Packet::Answer(Box::new(answer)),
        Packet::Enclosed(enclosed),
    ];
    for (name, packet) in made.iter().enumerate() {
        write("packet_of_kind", played.len() + name, &picking(packet))?;
    }
    let id = [1; 16];
    let trust = [
        TrustMessage::Commit {
            round: RoundId::new(id),
            commitment: Digest32::new([2; 32]),
        },
        TrustMessage::Reveal {
            round: RoundId::new(id),
            nonce: CodeNonce::new([3; 32]),
        },
        TrustMessage::Start {
            attempt: AttemptId::new(id),
            to: 1,
            share: ElementBytes::new([4; 32]),
            question: "where?".into(),
        },
        TrustMessage::Answer {
            attempt: AttemptId::new(id),
            share: ElementBytes::new([5; 32]),
            confirmation: ConfirmationTag::new([6; 64]),
        },
        TrustMessage::Result {
            attempt: AttemptId::new(id),
            confirmation: Some(ConfirmationTag::new([7; 64])),
        },
        TrustMessage::Abort {
            attempt: AttemptId::new(id),
        },
    ];
    for (name, message) in trust.iter().enumerate() {
        write("trust", name, &message.to_bytes())?;
    }
    let key = IdentityKeyPair::random::<Suite>(&mut rng);
    write("identity_file", 0, &identity::render(&key)[..])?;
    write("public_key", 0, format!("{}\n", key.public()).as_bytes())?;
    let person = format!("{} code 2026-02-14 2026-03-01 alice", key.public());
    let known = format!("mpotr-known-v1\n# the reading circle\n{person}\n");
    write("known_people", 0, known.as_bytes())?;
    let link = RoomAddress {
        room: "tea".to_owned(),
        at: "mpotrs://relay.example:7667#sha256=00".to_owned(),
        keys: vec![key.public()],
        once: Some(Secret::new([7; 16])),
    };
    write("room_address", 0, link.render().as_bytes())?;
    if let Ok(nick) = Nick::new("alice") {
        write(
            "chat_payload",
            0,
            &Payload {
                nick,
                text: "hello".into(),
            }
            .to_bytes(),
        )?;
    }
    let members = (0..2).map(|_| IdentityKeyPair::random::<Suite>(&mut rng).public());
    let acts = vec![Act::Say(0, b"hello".to_vec()), Act::Say(1, b"you".to_vec())];
    let play = Play::new(room_id, members.collect(), acts);
    let transcript = forge::<Suite>(&play, None, &mut rng).expect("the play can be performed");
    write("transcript", 0, &transcript)?;
    let members = (0..3).map(|_| IdentityKeyPair::random::<Suite>(&mut rng).public());
    let acts = vec![
        Act::Say(0, b"hello".to_vec()),
        Act::Refresh(1),
        Act::Say(2, b"anew".to_vec()),
    ];
    let mut play = Play::new(room_id, members.collect(), acts);
    play.policy.rekey = Rekey::Light;
    let transcript = forge::<Suite>(&play, None, &mut rng).expect("the play can be performed");
    write("transcript", 2, &transcript)?;
    write(
        "transcript",
        1,
        b"# a script\nalice: hello\n2: /kick alice\n+bob\n-1,2\n!bob\nbob>1: a\nbob>2: b\n",
    )?;
    // A session without an attack, and one with each kind of step.
    write("room", 0, &[1; 200])?;
    write("room", 1, &(0..=255).collect::<Vec<u8>>())
}
