//! Libraries of Python, each in a child process that is told over a pipe what to run and how often.

use crate::measure::Side;
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::sync::OnceLock;

/// What is installed where Python lacks it.
const WHEELS: [&str; 4] = ["numpy==2.4.6", "onnx==1.23.2", "onnxruntime==1.32.0", "opencv-python-headless==5.0.0.93"];
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python");

/// An interpreter that has the wheels: `PYTHON`, or python3, or one in a virtual environment that is made for it.
fn interpreter() -> Result<&'static Path, String> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND.get_or_init(find).as_deref().map_err(Clone::clone)
}

fn find() -> Result<PathBuf, String> {
    let python = PathBuf::from(std::env::var("PYTHON").unwrap_or_else(|_| "python3".into()));
    let complete = |python: &Path| succeeds(Command::new(python).args(["-c", "import cv2, numpy, onnx, onnxruntime"]));
    if complete(&python) {
        return Ok(python);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers-python");
    let own = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if complete(&own) {
        return Ok(own);
    }
    eprintln!("installing {} for the comparison", WHEELS.join(", "));
    if !succeeds(Command::new(&python).args(["-m", "venv"]).arg(&folder)) {
        return Err(format!("{} makes no virtual environment", python.display()));
    }
    if succeeds(Command::new(&own).args(["-m", "pip", "install", "--quiet"]).args(WHEELS)) && complete(&own) {
        Ok(own)
    } else {
        Err(format!("pip could not install {}", WHEELS.join(", ")))
    }
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A script of this crate's `python` folder in its process.
#[derive(Debug)]
pub struct Child {
    process: Process,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    /// What the script says of its libraries.
    pub version: String,
}

impl Child {
    /// Starts `python/{name}.py`.
    ///
    /// # Errors
    /// Why there is no Python, or not the libraries.
    pub fn start(name: &str) -> Result<Child, String> {
        let mut command = Command::new(interpreter()?);
        command.arg(Path::new(FOLDER).join(name).with_extension("py")).env("OMP_NUM_THREADS", "1");
        command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(|e| e.to_string())?;
        let (to, from) = (process.stdin.take().ok_or("no pipe")?, process.stdout.take().ok_or("no pipe")?);
        let mut child = Child { process, to, from: BufReader::new(from), version: String::new() };
        child.version = child.line()?;
        Ok(child)
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.from.read_line(&mut line) {
            Ok(n) if n > 0 => Ok(line.trim_end().into()),
            _ => Err("the Python process ended".into()),
        }
    }

    fn ask(&mut self, question: &str) -> Result<String, String> {
        writeln!(self.to, "{question}").map_err(|e| e.to_string())?;
        self.line()
    }

    /// Makes something ready to be run.
    ///
    /// # Errors
    /// The process ended.
    pub fn prepare(&mut self, what: &str) -> Result<(), String> {
        self.ask(&format!("prepare {what}")).map(drop)
    }

    /// The nanoseconds of one of `calls` calls.
    ///
    /// # Errors
    /// The process ended.
    pub fn run(&mut self, calls: u32) -> Result<f64, String> {
        self.ask(&format!("run {calls}"))?.parse().map_err(|_| "no number".into())
    }
}

/// A child as a rival.
///
/// # Panics
/// If the process ends while it is measured.
pub fn side(child: &Rc<RefCell<Child>>) -> Side<'static> {
    let child = Rc::clone(child);
    Box::new(move |calls| child.borrow_mut().run(calls).expect("the Python process lives"))
}

impl Drop for Child {
    fn drop(&mut self) {
        // It ends when its input does; if not, the measurement is over all the same.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
