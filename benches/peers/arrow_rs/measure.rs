//! Processor time, wall time and the peak of resident memory of iterations.

use std::collections::HashMap;
use std::fs;
use std::time::Instant;

use cpu_time::ProcessTime;

const MOST_ITERATIONS: usize = 4096;

/// A line of /proc/self/status, in bytes.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let kilobytes: u64 = line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0);
    kilobytes * 1024
}

/// At least the iterations that the order asks for, and more while there is time left.
pub fn measure(fields: &HashMap<&str, &str>, mut once: impl FnMut() -> usize) -> String {
    let number = |name: &str| fields.get(name).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    let least = (number("iterations") as usize).max(1);
    let budget = number("budget_ms");
    let (mut cpu, mut wall, mut rows, mut spent) = (Vec::new(), Vec::new(), 0, 0.0);
    // From here on the peak counts anew.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let resident = status("VmRSS:");
    while cpu.len() < MOST_ITERATIONS && (cpu.len() < least || spent < budget) {
        let (cpu_start, wall_start) = (ProcessTime::now(), Instant::now());
        rows = once();
        cpu.push(cpu_start.elapsed().as_secs_f64() * 1e3);
        wall.push(wall_start.elapsed().as_secs_f64() * 1e3);
        spent += wall[wall.len() - 1];
    }
    let peak = status("VmHWM:").saturating_sub(resident);
    let list = |times: &[f64]| times.iter().map(|time| format!("{time:.4}")).collect::<Vec<_>>().join(", ");
    format!(
        "{{\"rows\": {rows}, \"peak_bytes\": {peak}, \"cpu_ms\": [{}], \"wall_ms\": [{}]}}",
        list(&cpu),
        list(&wall)
    )
}
