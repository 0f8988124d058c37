//! Processor time, wall time and the peak of resident memory of iterations.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

const MOST_ITERATIONS: usize = 4096;

/// A line of /proc/self/status, in bytes.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let kilobytes: u64 = line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0);
    kilobytes * 1024
}

/// What the iterations of an order spend.
pub struct Spent {
    least: usize,
    budget_ms: f64,
    cpu_ms: Vec<f64>,
    wall_ms: Vec<f64>,
    rows: usize,
    resident_before: u64,
}

impl Spent {
    /// Nothing yet. From here on the peak of memory counts anew.
    pub fn new(fields: &HashMap<&str, &str>) -> Self {
        let number = |name: &str| fields.get(name).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        let _ = fs::write("/proc/self/clear_refs", "5");
        Self {
            least: (number("iterations") as usize).max(1),
            budget_ms: number("budget_ms"),
            cpu_ms: Vec::new(),
            wall_ms: Vec::new(),
            rows: 0,
            resident_before: status("VmRSS:"),
        }
    }

    /// As long as there are fewer iterations than the order asks for, or time is left.
    pub fn goes_on(&self) -> bool {
        let done = self.cpu_ms.len();
        done < MOST_ITERATIONS && (done < self.least || self.wall_ms.iter().sum::<f64>() < self.budget_ms)
    }

    /// One iteration, which tells its rows.
    pub fn time(&mut self, once: impl FnOnce() -> usize) {
        let mut watch = Stopwatch::default();
        watch.rows = watch.time(once);
        self.add(&watch, 1);
    }

    /// One iteration, the mean of so many that were timed in pieces.
    pub fn add(&mut self, watch: &Stopwatch, iterations: u32) {
        self.rows = watch.rows / iterations as usize;
        self.cpu_ms.push((watch.cpu / iterations).as_secs_f64() * 1e3);
        self.wall_ms.push((watch.wall / iterations).as_secs_f64() * 1e3);
    }

    /// As JSON.
    pub fn answer(&self) -> String {
        let peak = status("VmHWM:").saturating_sub(self.resident_before);
        let list = |times: &[f64]| times.iter().map(|time| format!("{time:.4}")).collect::<Vec<_>>().join(", ");
        format!(
            "{{\"rows\": {}, \"peak_bytes\": {peak}, \"cpu_ms\": [{}], \"wall_ms\": [{}]}}",
            self.rows,
            list(&self.cpu_ms),
            list(&self.wall_ms)
        )
    }
}

/// What pieces of work spend together.
#[derive(Default)]
pub struct Stopwatch {
    cpu: Duration,
    wall: Duration,
    rows: usize,
}

impl Stopwatch {
    /// One piece.
    pub fn time<T>(&mut self, piece: impl FnOnce() -> T) -> T {
        let (cpu_start, wall_start) = (ProcessTime::now(), Instant::now());
        let made = piece();
        self.cpu += cpu_start.elapsed();
        self.wall += wall_start.elapsed();
        made
    }

    /// One piece that makes a batch of so many rows, or nothing.
    pub fn batch(&mut self, piece: impl FnOnce() -> Option<usize>) -> Option<usize> {
        let rows = self.time(piece);
        self.rows += rows.unwrap_or(0);
        rows
    }
}

/// At least the iterations that the order asks for, and more while there is time left.
pub fn measure(fields: &HashMap<&str, &str>, mut once: impl FnMut() -> usize) -> String {
    let mut spent = Spent::new(fields);
    while spent.goes_on() {
        spent.time(&mut once);
    }
    spent.answer()
}
