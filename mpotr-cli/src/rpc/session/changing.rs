//! Who is known, read or changed for a room while all others go on.

use mpotr_formats::known::KnownPeople;
use mpotr_json::{Failure, Params};
use serde_json::Value;

use super::Session;
use crate::people::PeopleFile;
use crate::rpc::failure;
use crate::rpc::link::{News, What};
use crate::rpc::opening::Requests;
use crate::rpc::people::{self, Change};

/// A file of people that is being read or written for a room. What is asked of the room meanwhile waits.
#[derive(Debug)]
pub(super) struct Changing {
    /// That of the request.
    pub(super) id: Value,
    file: PeopleFile,
    pub(super) requests: Requests,
}

impl Session {
    /// Reads or changes who is known, beside all rooms: the answer follows.
    pub(super) fn change(
        &mut self,
        id: &Value,
        handle: &str,
        method: &str,
        params: Params,
    ) -> Result<(), Failure> {
        let room = self.rooms.get(handle).ok_or_else(failure::no_such_room)?;
        let Some(people) = &room.people else {
            let message = "it was opened without a people_file";
            return Err(Failure::params("room", message));
        };
        let change = Change::read(method, room.member.identity(), params)?;
        let file = people.file().clone();
        let changing = Changing {
            id: id.clone(),
            file: file.clone(),
            requests: Requests::default(),
        };
        let link = room.id;
        self.changing.insert(link, changing);
        let (loading, news, room) = (self.loading.clone(), self.news.clone(), handle.to_owned());
        tokio::spawn(async move {
            let what = What::People(loading.change(change, file).await.map(Box::new));
            // A session that is over hears nothing.
            let _unheard = news.send(News { room, link, what }).await;
        });
        Ok(())
    }

    /// The file of people was read or written. Who is known there is known in each room that goes by it.
    pub(super) fn changed(&mut self, changing: Changing, known: Result<Box<KnownPeople>, Failure>) {
        let answer = known.map(|known| {
            let people = self.rooms.values_mut().filter_map(|it| it.people.as_mut());
            for people in people.filter(|it| it.file().path() == changing.file.path()) {
                people.know((*known).clone());
            }
            people::listed(&known)
        });
        self.answer(changing.id, answer);
        for request in changing.requests {
            self.serve(request);
        }
    }
}
