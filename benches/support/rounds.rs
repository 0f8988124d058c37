//! Contenders measured in turn: what disturbs a machine for a while disturbs all of them alike.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cpu_time::ThreadTime;

/// The first round warms up what is shared, and is not counted.
const WARM_UP: usize = 1;
const FEWEST_ROUNDS: usize = 9;
const MOST_ROUNDS: usize = 31;
/// Time in which a contender makes its rounds, within those bounds.
const BUDGET: Duration = Duration::from_millis(100);

/// How often a contender runs that runs alone.
const PROFILED_RUNS: usize = 300;

/// Medians in milliseconds: case -> contender -> median.
type Medians = BTreeMap<String, BTreeMap<String, f64>>;

/// What is measured, and where it is written to.
pub struct Rounds {
    patterns: Vec<String>,
    only: Option<String>,
    is_test: bool,
    output: PathBuf,
    medians: Medians,
}

impl Rounds {
    /// Of the cases those that a pattern of the command line matches; all where there is none. A pattern is like a case,
    /// parts of it may be `*` or several words with `+` between them, and parts at the end may be missing. With `--test`
    /// each contender runs once and nothing is written; with `--only=CONTENDER` that one runs alone, for a profiler;
    /// otherwise cases go to the file `output` of `case,contender,milliseconds`, where they replace older ones.
    pub fn from_command_line(output: PathBuf) -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let is_test = arguments.iter().any(|argument| argument == "--test");
        let only = arguments.iter().find_map(|argument| argument.strip_prefix("--only=")).map(str::to_owned);
        let patterns = arguments.into_iter().filter(|argument| !argument.starts_with('-')).collect();
        Self { patterns, only, is_test, medians: read(&output), output }
    }

    /// True where each contender runs once, to see whether it does.
    pub fn is_test(&self) -> bool {
        self.is_test
    }

    /// True where the case is to be measured.
    pub fn wants(&self, case: &str) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|pattern| matches(pattern, case))
    }

    /// Measures the processor time of each contender, one after the other in each round: the median of the first one, and
    /// of the others that times the median of how many times as long they take.
    pub fn measure(&mut self, case: &str, contenders: &[(&str, &dyn Fn())]) {
        if self.is_test {
            contenders.iter().for_each(|(_, run)| run());
            return;
        }
        if let Some(only) = &self.only {
            let chosen = contenders.iter().filter(|(name, _)| name == only);
            chosen.for_each(|(_, run)| (0..PROFILED_RUNS).for_each(|_| run()));
            return;
        }
        let once = contenders.iter().map(|(_, run)| timed(run)).max().unwrap_or_default();
        let rounds = BUDGET.as_nanos() / once.as_nanos().max(1);
        let rounds = (rounds as usize).clamp(FEWEST_ROUNDS, MOST_ROUNDS);
        let mut times = vec![Vec::new(); contenders.len()];
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        for round in 0..WARM_UP + rounds {
            // Everybody comes behind its neighbour as often as before it.
            order.reverse();
            for contender in &order {
                let ((_, run), times) = (contenders[*contender], &mut times[*contender]);
                // Once more beforehand: the first run finds the caches as the contender before has left them.
                run();
                let time = timed(run);
                if round >= WARM_UP {
                    times.push(time);
                }
            }
        }
        // How much longer one takes is seen round by round, so that it does not matter if the machine gets slower meanwhile.
        let first: Vec<f64> = times[0].iter().map(Duration::as_secs_f64).collect();
        let usual = median(first.clone()) * 1e3;
        let ratio =
            |times: &Vec<Duration>| median(times.iter().zip(&first).map(|(t, f)| t.as_secs_f64() / f).collect());
        let names = contenders.iter().map(|(name, _)| (*name).to_owned());
        let found: BTreeMap<_, _> = names.zip(times.iter().map(|times| ratio(times) * usual)).collect();
        let first = found[contenders[0].0];
        let line: String = contenders.iter().skip(1).fold(String::new(), |mut line, (name, _)| {
            let _ = write!(line, "  {name} {:.2}", found[*name] / first);
            line
        });
        println!("{case:42} {first:8.3} ms {line}");
        self.medians.insert(case.to_owned(), found);
    }

    /// Writes the file.
    pub fn finish(self) {
        if self.is_test {
            return;
        }
        let mut text = "case,contender,milliseconds\n".to_owned();
        for (case, contenders) in &self.medians {
            for (name, median) in contenders {
                let _ = writeln!(text, "{case},{name},{median:.4}");
            }
        }
        std::fs::write(&self.output, text).expect("a folder to write to");
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn timed(run: &dyn Fn()) -> Duration {
    let start = ThreadTime::now();
    run();
    start.elapsed()
}

fn read(path: &Path) -> Medians {
    let mut medians = Medians::new();
    for line in std::fs::read_to_string(path).unwrap_or_default().lines().skip(1) {
        let [case, name, median] = line.split(',').collect::<Vec<_>>()[..] else { continue };
        let median = median.parse().expect("milliseconds");
        medians.entry(case.to_owned()).or_default().insert(name.to_owned(), median);
    }
    medians
}

fn matches(pattern: &str, case: &str) -> bool {
    let mut parts = case.split('/');
    pattern
        .split('/')
        .all(|wanted| parts.next().is_some_and(|part| wanted == "*" || wanted.split('+').any(|wanted| wanted == part)))
}
