//! From `open` to a room that is there: its files are read, its carrier is connected, and its member is made for that.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mpotr::{Carrier, Member};
use mpotr_json::{Failure, Params};
use serde_json::Value;

use super::{Session, Time};
use crate::rpc::failure;
use crate::rpc::files::Loaded;
use crate::rpc::link::{News, What};
use crate::rpc::meeting::Way;
use crate::rpc::opening::{Entering, Opening, Requests, Stage, opened};
use crate::rpc::options::{Asked, handle};
use crate::rpc::room::{More, OpenRoom};

impl Session {
    pub(super) fn open(&mut self, id: Value, params: Params) {
        if let Err(failure) = self.try_open(&id, params) {
            self.answer(id, Err(failure));
        }
    }

    /// Opens a room, or begins to: the answer of one that waits follows.
    fn try_open(&mut self, id: &Value, mut params: Params) -> Result<(), Failure> {
        let handle = handle(&mut params)?;
        if self.rooms.contains_key(&handle) || self.opening.contains_key(&handle) {
            return Err(failure::room_exists());
        }
        if self.rooms.len().saturating_add(self.opening.len()) >= self.most_rooms {
            return Err(failure::too_many_rooms(self.most_rooms));
        }
        let mut asked = Asked::read(params, self.programs)?;
        if asked.meeting.is_some() && matches!(self.time, Time::Manual(_)) {
            let message = "with a manual clock there are no carriers";
            return Err(Failure::params("mode", message));
        }
        let link = self.links;
        self.links = link.saturating_add(1);
        let files = std::mem::take(&mut asked.files);
        if files.is_empty() {
            return self.build(id, &handle, link, asked, files.load()?);
        }
        self.wait(id, &handle, link, Stage::Files(Box::new(asked)));
        let (loading, news) = (self.loading.clone(), self.news.clone());
        tokio::spawn(async move {
            let what = What::Files(loading.load(files).await.map(Box::new));
            let room = handle;
            // A session that is over hears nothing.
            let _unheard = news.send(News { room, link, what }).await;
        });
        Ok(())
    }

    /// Has a room wait.
    fn wait(&mut self, id: &Value, handle: &str, link: u64, stage: Stage) {
        let opening = Opening {
            id: id.clone(),
            link,
            stage,
            requests: Requests::default(),
        };
        self.opening.insert(handle.to_owned(), opening);
    }

    /// Enters a room, which may have to wait for its carrier yet.
    fn build(
        &mut self,
        id: &Value,
        handle: &str,
        link: u64,
        asked: Asked,
        loaded: Loaded,
    ) -> Result<(), Failure> {
        let Asked {
            options,
            texts,
            meeting,
            ..
        } = asked;
        let more = More {
            texts,
            people: loaded.people,
        };
        let Some(meeting) = meeting else {
            let now = self.now();
            let enter = AssertUnwindSafe(|| Member::new(options, loaded.identity, now));
            let member = catch_unwind(enter).map_err(|_panic| Failure::internal())??;
            self.begin(id, handle, OpenRoom::new(link, member, more));
            return Ok(());
        };
        // Nothing is connected for a room that cannot be.
        options.check(&loaded.identity.public())?;
        let way = Way {
            handle,
            link,
            room: options.room_id(),
            nick: meeting.nick.as_str(),
            #[cfg(feature = "irc")]
            login: loaded.login,
            files: meeting.login,
            news: self.news.clone(),
        };
        let link_there = way.to(meeting.place).map_err(failure::closed)?;
        let entering = Entering {
            options,
            identity: loaded.identity,
            more,
            max_packet: meeting.max_packet,
            link: link_there,
        };
        self.wait(id, handle, link, Stage::Carrier(Box::new(entering)));
        Ok(())
    }

    /// A room is there.
    fn begin(&mut self, id: &Value, handle: &str, room: OpenRoom) {
        self.answer(id.clone(), Ok(opened(&room)));
        self.rooms.insert(handle.to_owned(), room);
        self.settle(handle);
    }

    /// What a room waits for is there, or cannot be had.
    pub(super) fn enter(&mut self, handle: &str, what: What) {
        let Some(opening) = self.opening.remove(handle) else {
            return;
        };
        let Opening {
            id,
            link,
            stage,
            requests,
        } = opening;
        let entered = match (stage, what) {
            (Stage::Files(asked), What::Files(loaded)) => {
                loaded.and_then(|loaded| self.build(&id, handle, link, *asked, *loaded))
            }
            (_, What::Failed(why)) => Err(failure::closed(why)),
            (Stage::Carrier(entering), What::Connected(carrier)) => {
                self.arrive(&id, handle, *entering, carrier)
            }
            // What is not there yet has nothing to say.
            (Stage::Files(_) | Stage::Carrier(_), _) => Err(Failure::internal()),
        };
        if let Err(failure) = entered {
            self.answer(id, Err(failure));
        }
        for request in requests {
            self.serve(request);
        }
    }

    /// The carrier of a room is there.
    fn arrive(
        &mut self,
        id: &Value,
        handle: &str,
        entering: Entering,
        carrier: Carrier,
    ) -> Result<(), Failure> {
        let now = self.now();
        let enter = AssertUnwindSafe(|| entering.enter(carrier, now));
        let room = catch_unwind(enter).map_err(|_panic| Failure::internal())??;
        self.begin(id, handle, room);
        self.with(handle, |room| room.hear(What::Connected(carrier)));
        Ok(())
    }
}
