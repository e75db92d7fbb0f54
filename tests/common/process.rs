//! A process of `oig`: started, read, signalled, and killed when it is dropped.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::clock::WallClock;
use super::{PATIENCE, eventually, within};

/// The lines that a process has written so far.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>, Arc<AtomicBool>);

impl Lines {
    /// Reads in a thread of its own, so that the process never waits for a reader.
    fn read(source: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let kept = lines.clone();
        thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                kept.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
            kept.1.store(true, Ordering::Release);
        });
        lines
    }

    /// Whether the last line is there.
    fn whole(&self) -> bool {
        self.1.load(Ordering::Acquire)
    }

    fn now(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub struct Process {
    child: Child,
    printed: Lines,
    logged: Lines,
}

impl Process {
    /// Starts `oig` with these arguments; settings of the surroundings do not reach it.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_by(None, arguments)
    }

    /// The same, with a wall clock of its own.
    pub fn start_by(clock: Option<&WallClock>, arguments: &[&str]) -> Self {
        // A write beyond the limit of its files' size ends a process that does not say that it would rather be told.
        let mut command = Command::new("sh");
        command.args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#, env!("CARGO_BIN_EXE_oig")]).args(arguments);
        clear(&mut command);
        if let Some(clock) = clock {
            clock.rule(&mut command);
        }
        Self::of(command)
    }

    /// No file of the process may grow any more, as on a full disk; or each may again.
    pub fn disk_is_full(&self, full: bool) {
        let limit = if full { "--fsize=0:" } else { "--fsize=unlimited:" };
        let set = Command::new("prlimit").args(["--pid", &self.child.id().to_string(), limit]).status();
        assert!(set.is_ok_and(|status| status.success()), "its limits cannot be set");
    }

    /// The most memory that it ever had, in bytes.
    pub fn peak_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it lives");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux says it");
        1024 * peak.trim().trim_end_matches(" kB").parse::<usize>().expect("a number")
    }

    /// Starts a command whose output is to be read.
    pub fn of(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?} cannot be started: {e}"));
        let printed = Lines::read(child.stdout.take().expect("piped above"));
        let logged = Lines::read(child.stderr.take().expect("piped above"));
        Self { child, printed, logged }
    }

    /// What it has printed so far.
    pub fn printed(&self) -> Vec<String> {
        self.printed.now()
    }

    /// What it has logged so far.
    pub fn logged(&self) -> Vec<String> {
        self.logged.now()
    }

    /// What it has logged after so many lines.
    pub fn logged_from(&self, line: usize) -> Vec<String> {
        let lines = self.logged.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get(line..).unwrap_or_default().to_vec()
    }

    /// The first printed line that holds `text`, as soon as it is there.
    pub async fn line_printed(&mut self, text: &str) -> String {
        let lines = self.printed.clone();
        self.line(lines, text).await
    }

    /// The first logged line that holds `text`, as soon as it is there.
    pub async fn line_logged(&mut self, text: &str) -> String {
        let lines = self.logged.clone();
        self.line(lines, text).await
    }

    async fn line(&mut self, lines: Lines, text: &str) -> String {
        eventually(&format!("a line with {text:?}"), async || {
            // Asked before the lines are looked at: what it wrote last is among them then.
            let whole = lines.whole();
            let found = lines.now().into_iter().find(|line| line.contains(text));
            if found.is_none()
                && whole
                && let Ok(Some(status)) = self.child.try_wait()
            {
                panic!("the process ended with {status} before a line with {text:?}:\n{}", self.logged().join("\n"));
            }
            found
        })
        .await
    }

    /// Asks it to end, as an init system does.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal by its name, as in `STOP`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the process is not there any more");
    }

    /// Ends it at once, as kill -9 does, and waits until it is gone.
    pub fn kill(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// How it ended; all that it wrote has been read then.
    pub async fn ended(&mut self) -> ExitStatus {
        // A browser in which a person goes everywhere by the tabulator takes a minute and a half on a machine that is idle.
        within(PATIENCE * 10, "the end of the process", async || {
            let ended = self.child.try_wait().expect("it can be waited for");
            ended.filter(|_| self.printed.whole() && self.logged.whole())
        })
        .await
    }

    /// Whether it is still there.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            // What the process logged is half of what a failing test has to say.
            let logged = self.logged.now();
            let from = logged.len().saturating_sub(40);
            eprintln!("-- the last lines of {}:\n{}", self.child.id(), logged[from..].join("\n"));
        }
    }
}

/// The binary of this build, without what the surroundings would set.
pub fn oig() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oig"));
    clear(&mut command);
    command
}

fn clear(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OIG_") {
            command.env_remove(name);
        }
    }
}
