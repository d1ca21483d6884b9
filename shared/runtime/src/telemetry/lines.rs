//! Log lines on their way out. Those of everyday are gathered for a moment and written together: a busy process
//! spends more on a system call a line than on the line. A warning is written at once, with all before it.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line may wait for others; what a process that is killed may not have written.
const GATHERED_FOR: Duration = Duration::from_millis(20);
/// So many bytes wait for no more.
const MOST: usize = 64 * 1024;

/// Where lines are gathered.
pub(super) struct Lines<W>(Arc<Shared<W>>);

/// The logs of this process; dropped, what is gathered is written.
#[must_use = "what is still gathered is written when it is dropped"]
pub struct Logs(Box<dyn Fn() + Send>);

/// Takes one line.
pub(super) struct Line<'a, W: Write> {
    lines: &'a Lines<W>,
    is_urgent: bool,
}

struct Shared<W> {
    gathered: Mutex<Gathered<W>>,
    filled: Condvar,
}

struct Gathered<W> {
    bytes: Vec<u8>,
    to: W,
    /// Somebody comes by and writes them.
    is_fetched: bool,
}

impl<W: Write + Send + 'static> Lines<W> {
    /// Gathers lines for `to`; the second value writes the last ones.
    pub(super) fn new(to: W) -> (Self, Logs) {
        let gathered = Gathered {
            bytes: Vec::new(),
            to,
            is_fetched: false,
        };
        let lines = Self(Arc::new(Shared {
            gathered: Mutex::new(gathered),
            filled: Condvar::new(),
        }));
        let shared = Arc::clone(&lines.0);
        let fetching = std::thread::Builder::new()
            .name("logs".to_owned())
            .spawn(move || shared.fetch());
        // Without a thread each line is written at once.
        lines.0.lock().is_fetched = fetching.is_ok();
        let shared = Arc::clone(&lines.0);
        (lines, Logs(Box::new(move || shared.lock().write())))
    }
}

impl<W: Write> Shared<W> {
    fn lock(&self) -> MutexGuard<'_, Gathered<W>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetch(&self) {
        loop {
            let filled = self
                .filled
                .wait_while(self.lock(), |gathered| gathered.bytes.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            let (mut gathered, _) = self
                .filled
                .wait_timeout_while(filled, GATHERED_FOR, |gathered| !gathered.bytes.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            gathered.write();
        }
    }
}

impl<W: Write> Gathered<W> {
    fn write(&mut self) {
        // There is no other place to tell of it.
        let _ = self.to.write_all(&self.bytes);
        self.bytes.clear();
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl<'a, W: Write + 'a> MakeWriter<'a> for Lines<W> {
    type Writer = Line<'a, W>;

    fn make_writer(&'a self) -> Line<'a, W> {
        Line {
            lines: self,
            is_urgent: true,
        }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Line<'a, W> {
        Line {
            lines: self,
            is_urgent: *meta.level() <= Level::WARN,
        }
    }
}

impl<W: Write> Write for Line<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let shared = &self.lines.0;
        let mut gathered = shared.lock();
        let is_first = gathered.bytes.is_empty();
        gathered.bytes.extend_from_slice(line);
        if self.is_urgent || !gathered.is_fetched || gathered.bytes.len() >= MOST {
            gathered.write();
        } else if is_first {
            shared.filled.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Hands on what each write has.
    struct Told(mpsc::Sender<String>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.0.send(text).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line(lines: &Lines<Told>, is_urgent: bool, text: &str) {
        let mut line = Line { lines, is_urgent };
        line.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn a_line_of_everyday_is_written_soon() {
        let (tell, told) = mpsc::channel();
        let (lines, _logs) = Lines::new(Told(tell));
        for text in ["one\n", "two\n"] {
            line(&lines, false, text);
            let mut written = String::new();
            while !written.ends_with(text) {
                written += &told.recv_timeout(Duration::from_secs(60)).unwrap();
            }
        }
    }

    #[test]
    fn a_warning_takes_along_what_was_before_it() {
        let (tell, told) = mpsc::channel();
        let (lines, logs) = Lines::new(Told(tell));
        line(&lines, false, "before\n");
        line(&lines, true, "warning\n");
        let mut written = String::new();
        written.extend(told.try_iter());
        assert_eq!(written, "before\nwarning\n");
        line(&lines, false, "last\n");
        drop(logs);
        written.extend(told.try_iter());
        assert_eq!(written, "before\nwarning\nlast\n");
    }

    #[test]
    fn many_bytes_wait_for_no_more() {
        let (tell, told) = mpsc::channel();
        let (lines, _logs) = Lines::new(Told(tell));
        line(&lines, false, &"x".repeat(MOST));
        assert_eq!(told.recv().unwrap().len(), MOST);
    }
}
