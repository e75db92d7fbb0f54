//! What one session monitors: written by the `Session` alone, read by whoever brings its commands.
//!
//! A command needs the device, not the session: with this it goes there in one hop. It is one of
//! the few things that actors share; the lock is held for a look-up and never across a wait.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, PoisonError, RwLock};

use actix::{Addr, Handler, MailboxError, Message};
use schemas::contract::cc::CallEventMsg;
use schemas::domain::{ObjectId, SessionId, Setting};

use crate::device::Device;
use crate::device::messages::{Action, LookAtFeatures, Perform, Status};
use crate::device_supervisor::{DeviceSupervisor, FindDevice};
use crate::event::Topics;
use crate::quota::{Place, Share};
use crate::refusal::Refused;

/// What is monitored of an object, and where it lives.
struct Monitored {
    topics: Topics,
    /// `None` while the device is being found.
    device: Option<Addr<Device>>,
    _place: Place,
}

type Objects = BTreeMap<ObjectId, Monitored>;

/// A session's monitors, and the way to their devices.
#[derive(Clone)]
pub struct Monitors {
    session: SessionId,
    objects: Arc<RwLock<Objects>>,
    devices: Addr<DeviceSupervisor>,
    share: Arc<Share>,
}

impl Monitors {
    pub(crate) fn new(session: SessionId, devices: Addr<DeviceSupervisor>, share: Arc<Share>) -> Self {
        Self { session, objects: Arc::default(), devices, share }
    }

    fn read<T>(&self, look: impl FnOnce(&Objects) -> T) -> T {
        look(&self.objects.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Objects) -> T) -> T {
        change(&mut self.objects.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn len(&self) -> usize {
        self.read(BTreeMap::len)
    }

    pub(crate) fn has(&self, object: ObjectId) -> bool {
        self.read(|objects| objects.contains_key(&object))
    }

    /// What the session hears of an object.
    pub(super) fn topics(&self, object: ObjectId) -> Topics {
        self.read(|objects| objects.get(&object).map(|monitored| monitored.topics).unwrap_or_default())
    }

    /// A monitor was asked for; its device may not be known yet.
    ///
    /// # Errors
    /// [`Refused::MonitorQuota`] when the application has as many as it may.
    pub(crate) fn begin(&self, object: ObjectId, topics: Topics) -> Result<(), Refused> {
        self.write(|objects| {
            match objects.entry(object) {
                Entry::Occupied(mut monitored) => {
                    let monitored = monitored.get_mut();
                    monitored.topics = monitored.topics.with(topics);
                }
                Entry::Vacant(free) => {
                    free.insert(Monitored { topics, device: None, _place: self.share.monitor()? });
                }
            }
            Ok(())
        })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.read(|objects| objects.len())
    }

    /// What its application uses.
    pub(super) fn share(&self) -> Arc<Share> {
        self.share.clone()
    }

    /// Something is asked of a node: one command of the application's.
    ///
    /// # Errors
    /// [`Refused::CommandQuota`] when too many came within a second.
    pub fn command(&self) -> Result<(), Refused> {
        self.share.command()
    }

    /// The device was found; nothing when the monitor has ended meanwhile.
    pub(super) fn found(&self, object: ObjectId, device: Addr<Device>) {
        self.write(|objects| {
            if let Some(monitored) = objects.get_mut(&object) {
                monitored.device = Some(device);
            }
        });
    }

    /// Whether there was such a monitor.
    pub(super) fn end(&self, object: ObjectId, topics: Topics) -> bool {
        self.write(|objects| {
            let Some(monitored) = objects.get_mut(&object).filter(|m| m.topics.meets(topics)) else { return false };
            monitored.topics = monitored.topics.without(topics);
            if monitored.topics.is_empty() {
                objects.remove(&object);
            }
            true
        })
    }

    fn device(&self, object: ObjectId) -> Result<Addr<Device>, Refused> {
        self.read(|objects| match objects.get(&object).map(|monitored| &monitored.device) {
            Some(Some(device)) => Ok(device.clone()),
            Some(None) => Err(Refused::Lost),
            None => Err(Refused::NotMonitored),
        })
    }

    /// The device, also of a monitor that another process began: that is found when it is first asked for.
    async fn reach(&self, object: ObjectId) -> Result<Addr<Device>, Refused> {
        let Err(Refused::Lost) = self.device(object) else { return self.device(object) };
        let found = self.devices.send(FindDevice(object)).await.map_err(|_| Refused::Lost)?;
        // None: asked before its monitorObject was answered.
        let device = found.ok_or(Refused::Lost)?;
        self.found(object, device.clone());
        Ok(device)
    }

    /// Does something at a monitored object; answered when the node has answered, or at the deadline.
    ///
    /// # Errors
    /// [`Refused`], whoever refused.
    pub async fn perform(&self, object: ObjectId, action: Action) -> Result<(), Refused> {
        self.command()?;
        self.ask(object, || Perform { action: action.clone(), session: self.session }).await
    }

    /// The present state of a monitored object.
    ///
    /// # Errors
    /// [`Refused::NotMonitored`], or [`Refused::Lost`].
    pub async fn status(&self, object: ObjectId) -> Result<Box<CallEventMsg>, Refused> {
        self.ask(object, || Status).await
    }

    /// How the features of a monitored object are set.
    ///
    /// # Errors
    /// [`Refused`], whoever refused.
    pub async fn settings(&self, object: ObjectId) -> Result<Vec<Setting>, Refused> {
        self.command()?;
        self.ask(object, || LookAtFeatures).await
    }

    /// Asks the object's device; if that life is over, the one that took its place.
    async fn ask<M, R>(&self, object: ObjectId, message: impl Fn() -> M) -> Result<R, Refused>
    where
        M: Message<Result = Result<R, Refused>> + Send + 'static,
        R: Send + 'static,
        Device: Handler<M>,
    {
        match self.reach(object).await?.send(message()).await {
            Ok(answer) => answer,
            // Never handled: the mailbox was closed, so asking the next life repeats nothing.
            Err(MailboxError::Closed) => {
                let found = self.devices.send(FindDevice(object)).await.map_err(|_| Refused::Lost)?;
                let device = found.ok_or(Refused::NotMonitored)?;
                device.send(message()).await.map_err(|_| Refused::Lost)?
            }
            Err(MailboxError::Timeout) => Err(Refused::Lost),
        }
    }
}
