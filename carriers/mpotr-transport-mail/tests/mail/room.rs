//! Rooms that talk by mail.

use std::collections::BTreeSet;

use crate::member::Member;
use crate::server::Servers;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_agree_talk_and_leave_by_mail() {
    let Some(servers) = Servers::encrypted().await else {
        return;
    };
    let mut members = Vec::new();
    for name in ["alice", "bob", "carol"] {
        members.push(Member::enter(servers.way(name), 3).await);
    }
    for member in &mut members {
        member.secure_with(3).await;
    }
    let long: Vec<u8> = (0..=250).cycle().take(10_000).collect();
    let texts = BTreeSet::from([b"hello".to_vec(), b"and to you".to_vec(), long]);
    for (member, text) in members.iter().zip(&texts) {
        member.say(text.clone()).await;
    }
    for member in &mut members {
        member.reads_all(&texts).await;
    }
    println!("mails of one: {}", servers.mails("alice").len());
    let leaving = members.iter_mut().map(Member::leaves);
    for departure in futures::future::join_all(leaving).await {
        assert!(
            departure.acknowledged && departure.transcripts_equal,
            "{departure:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_typed_is_lost_when_the_servers_come_back() {
    let Some(mut servers) = Servers::plain().await else {
        return;
    };
    let mut members = Vec::new();
    for name in ["alice", "bob"] {
        members.push(Member::enter(servers.way(name), 2).await);
    }
    for member in &mut members {
        member.secure_with(2).await;
    }
    members[0].say("before").await;
    servers.mailboxes.stop();
    servers.list.stop();
    for member in &mut members {
        member.loses_the_carrier().await;
    }
    members[1].say("meanwhile").await;
    servers.mailboxes.start();
    servers.list.start();
    servers.mailboxes.is_there().await;
    servers.list.is_there().await;
    let texts = ["before", "meanwhile"].map(|text| text.as_bytes().to_vec());
    for member in &mut members {
        member.reads_all(&BTreeSet::from(texts.clone())).await;
    }
}
