//! Every timer, limit and restart rule of the actors, each with where its value comes from.

use std::time::Duration;

/// A TCP connect on a LAN answers in milliseconds; longer is a dead address.
pub const CONNECT: Duration = Duration::from_secs(2);
/// From the open socket to the end of the association's start.
pub const ASSOCIATION: Duration = Duration::from_secs(5);
/// First pause after a life of a node's connection ended.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// Longest pause: a returned node must be back within seconds.
pub const BACKOFF_LONGEST: Duration = Duration::from_secs(5);
/// A connection that lived this long forgives earlier failures.
pub const BACKOFF_FORGIVEN_AFTER: Duration = Duration::from_secs(30);
/// From one connection that is tried again to the next, over all nodes: 100 a second. A node that comes back tells
/// its directory, and those of a whole site told at once hold up the events of what is well.
pub const LIFE_SPACING: Duration = Duration::from_millis(10);
/// Between heartbeats to a node.
pub const HEARTBEAT: Duration = Duration::from_secs(5);
/// Heartbeats without an answer after which a link counts as lost (a half-open connection).
pub const HEARTBEATS_MISSED: u32 = 2;
/// A node's answer; the application's reply waits for it.
pub const ANSWER: Duration = Duration::from_secs(5);
/// How often a node's deadlines are looked at; bounds how late a time-out is told.
pub const NODE_TICK: Duration = Duration::from_millis(250);
/// An invoke id whose answer never came is not used again for this long, so that a late answer
/// cannot be taken for another's.
pub const INVOKE_REST: Duration = Duration::from_secs(60);
/// Requests that may wait for one node's answers at a time; more are refused at once.
pub const NODE_PENDING: usize = 4096;
/// Monitor starts and looks at lines that are with one node at a time; the rest waits here, so that commands go ahead.
/// Enough for some thousand a second when a node answers in 20 ms.
pub const NODE_WINDOW: usize = 128;
/// The same for a node that says it is overloaded.
pub const NODE_WINDOW_OVERLOADED: usize = 2;
/// Monitor starts and looks that wait for room at one node; more are refused at once.
pub const NODE_WAITING: usize = 200_000;
/// Facts that a node may tell before those that it told are in the logs of all who hear them.
pub const NODE_AHEAD: usize = 1024;
/// Messages in a second from which on a node counts as flooding: ten times what a large node says.
pub const NODE_FLOOD: usize = 10_000;
/// Frames that may wait for one node's socket; a node that does not read is lost.
pub const NODE_OUTBOX: usize = 4096;
/// Unreadable frames in one life after which a node's connection is given up.
pub const BAD_FRAMES: u32 = 100;
/// Session time asked for in the ECMA-354 style, in seconds; renewed at half.
pub const APPLICATION_SESSION_S: u32 = 180;
/// Between snapshots of a device that has a call (and after any event that does not fit).
pub const AUDIT_BUSY: Duration = Duration::from_secs(60);
/// Between snapshots of a device that has none: finds a call whose first event was lost.
pub const AUDIT_IDLE: Duration = Duration::from_secs(600);
/// Monitors restored in one go at a node, and the pause between: at most 500 a second.
pub const RESTORE_BATCH: usize = 10;
pub const RESTORE_PAUSE: Duration = Duration::from_millis(20);
/// The pause at a node that says an overload is imminent: at most 100 a second.
pub const RESTORE_PAUSE_LOADED: Duration = Duration::from_millis(100);
/// The same at a node that is overloaded: at most 10 a second, so that it can recover.
pub const RESTORE_BATCH_OVERLOADED: usize = 2;
pub const RESTORE_PAUSE_OVERLOADED: Duration = Duration::from_millis(200);
/// Monitors under restoration at all nodes together: what their answers may put before an event of a node
/// that is well. Enough for 6,000 a second when a node answers in 20 ms.
pub const RESTORING: usize = 128;
/// From one restored monitor to the next, over all nodes: 5,700 a second, so that a restart of everything leaves
/// room on two cores for the events of what is well, and 50,000 are back within 10 s.
pub const RESTORE_SPACING: Duration = Duration::from_micros(175);
/// A monitor that is not restored by then waits for its node, not for us: another takes its turn.
pub const RESTORE_TURN: Duration = Duration::from_millis(200);
/// Nodes whose loss is told to their devices and sessions at a time; the others wait some milliseconds, so that
/// the loss of a whole site holds no event of another up.
pub const LOSSES_TOLD: usize = 2;
/// A monitor that the node refused for want of resources is tried again after this.
pub const REARM: Duration = Duration::from_secs(5);
/// A resilient device that one node lets go is taken by the other in milliseconds; longer, and it is out of service.
pub const HAND_OVER: Duration = Duration::from_secs(2);
/// Facts kept while a snapshot is on its way; beyond it the snapshot is taken anew.
pub const DEVICE_BUFFER: usize = 256;
/// Times that an audit whose list was overtaken by facts is begun anew before the list is believed.
pub const AUDITS_OVERTAKEN: u32 = 3;
/// Features of one device that are kept in mind, its groups among them.
pub const DEVICE_SETTINGS: usize = 64;
/// Legs of one device, as a switch would ever have; a node that tells more is not believed.
pub const DEVICE_LEGS: usize = 64;
/// From the contract: a session ends 10 s after its last reset, and 1 s for the wire.
pub const SESSION_LIFE: Duration = Duration::from_secs(11);
/// Longest poll; longer ones are shortened to it.
pub const POLL_LONGEST_MS: i64 = 120_000;
/// Polls one session may hold; old clients use two.
pub const POLLS_HELD: usize = 16;
/// Sessions of the whole gateway, from the contract.
pub const SESSIONS: usize = 1500;
/// Bounds of one session's log, from the contract.
pub const LOG_EVENTS: usize = 10_000;
pub const LOG_BYTES: usize = 4 * 1024 * 1024;
/// Bound of all logs together.
pub const LOG_BYTES_ALL: usize = 512 * 1024 * 1024;
/// Events kept behind the cursor for `getNumberedEvent`.
pub const LOG_KEPT: usize = 1_000;
/// From the contract: an event handler answers by then, or has not taken the event.
pub const PUSH_ANSWER: Duration = Duration::from_secs(5);
/// Pause before an event that was not taken is handed over again; doubles to the longest.
pub const PUSH_FIRST: Duration = Duration::from_millis(500);
pub const PUSH_LONGEST: Duration = Duration::from_secs(10);
/// Failures in a row after which a handler counts as dead: half a minute, longer when it hangs.
pub const PUSH_FAILURES: u32 = 8;
/// A dead handler is asked once in this long, so that it costs next to nothing.
pub const PUSH_PROBE: Duration = Duration::from_secs(30);
/// Monitors of all sessions of one application, unless the settings say otherwise.
pub const APPLICATION_MONITORS: usize = 100_000;
/// Commands of one application in a second: more than all users of a large site do by hand.
pub const APPLICATION_COMMANDS: u32 = 1_000;
/// Bytes in the logs of one application: a quarter of what all may have.
pub const APPLICATION_LOG_BYTES: usize = LOG_BYTES_ALL / 4;
/// Monitors of one session.
pub const SESSION_MONITORS: usize = 100_000;
/// Losses of one node whose calls are still to be looked for; beyond it the oldest is let go.
pub const NODE_GAPS: usize = 8;
/// From the restore of a node's monitors until it is asked for records of its calls: monitors and looks have come back.
pub const RECORDS_AFTER: Duration = Duration::from_secs(1);
/// All reports of one look back; a node that takes longer has better things to do.
pub const RECORDS: Duration = Duration::from_secs(30);
/// Records that a node may tell in one look back: what it may keep of hours.
pub const NODE_RECORDS: usize = 10_000;
/// Calls that are known of while a node is looked back at; with more, it is not.
pub const CALLS_KNOWN: usize = 100_000;
/// Unseen calls that the log names for one return; all are counted.
pub const CALLS_LISTED: usize = 20;
/// Digits of a number in the log.
pub const NUMBER_LOGGED: usize = 32;
/// Devices that a node may list; one that lists more is not believed.
pub const DIRECTORY_LINES: usize = 200_000;
/// Messages that may wait for an actor before a request for an answer waits itself. High enough
/// that requests and plain messages keep their order; sessions' polls bound the rest.
pub const MAILBOX: usize = 65_536;
/// Between two segments of a directory, and before it is asked for again when the node could not give it.
pub const DIRECTORY_SEGMENT: Duration = Duration::from_secs(10);
/// Times that a directory is asked for in one life; one that never came whole is done without.
pub const DIRECTORY_TRIES: u32 = 5;
/// A challenge waits this long for its proof: an application signs in milliseconds, a person who
/// does it by hand in a minute.
pub const CHALLENGE_LIFE: Duration = Duration::from_secs(60);
/// Proofs of one challenge that may be wrong, the last of which ends the session.
pub const PROOFS_TRIED: u32 = 3;
/// Other lines of one number that are asked whether they are in use; of a set with more it is not known.
pub const DEVICE_LINES: usize = 32;
/// Parties of one call that are kept and told; switches make conferences of 8.
pub const CALL_PARTIES: usize = 64;
/// Between two times that the journal is brought to the disk: what a power cut may cost.
pub const JOURNAL_SYNC: Duration = Duration::from_millis(50);
/// Between two times that the journal notes where readers are; what was read since comes again after a kill.
pub const JOURNAL_CURSORS: Duration = Duration::from_millis(500);
/// Pause before a journal that cannot be written is tried again.
pub const JOURNAL_RETRY: Duration = Duration::from_secs(5);
/// Bytes of a segment of the journal; it grows to those of the state beside it, where that is more.
pub const JOURNAL_SEGMENT: u64 = 8 * 1024 * 1024;
/// Bytes of a segment that no other can follow, because its state cannot be written.
pub const JOURNAL_LARGEST: u64 = 1024 * 1024 * 1024;
/// Changes that a trigger holds for who asks for them; of those before, the log is sifted anew. Pointers alone, 16 bytes each.
pub const TRIGGER_HELD: usize = 1_000;
/// Changes that triggers are fed at a time.
pub const TRIGGER_FEED: usize = 1_000;
/// Pause before a log of changes that cannot be read is tried again.
pub const TRIGGER_AGAIN: Duration = Duration::from_secs(1);
/// Between two looks whether the sessions of triggers are still there.
pub const TRIGGER_SWEEP: Duration = Duration::from_secs(2);
/// Triggers of one session: every view of a node, and some of single rows.
pub const SESSION_TRIGGERS: usize = 100;
/// Triggers of all sessions: each change is looked at by each.
pub const TRIGGERS: usize = 10_000;
