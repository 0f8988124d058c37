//! Numbers that look random and are the same in every run, in the shapes that columns of real tables have.

/// A small generator (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// From 0 up to but not including `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// From 0 up to but not including 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A run length of that mean, at least 1.
    pub fn run(&mut self, mean: f64) -> usize {
        ((1.0 - self.unit()).ln() / (1.0 - 1.0 / mean).ln()) as usize + 1
    }

    /// Below `end`, small numbers far more often than large ones, about as Zipf's law has it.
    pub fn skewed(&mut self, end: u64) -> u64 {
        (((end as f64).ln() * self.unit()).exp() as u64).saturating_sub(1).min(end - 1)
    }
}

/// Numbers below `distinct` that encode as runs of mean length 91 in turn with bit-packed stretches of mean length 39.
pub fn in_runs(random: &mut Random, rows: usize, distinct: u64) -> Vec<u64> {
    let mut values = Vec::with_capacity(rows + 1024);
    while values.len() < rows {
        // The encoder begins a run where a value comes eight times.
        let run = 8 + random.run(83.0);
        let value = random.skewed(distinct);
        values.extend(std::iter::repeat_n(value, run));
        for _ in 0..random.run(39.0) {
            values.push(random.skewed(distinct));
        }
    }
    values.truncate(rows);
    values
}

const SYLLABLES: [&str; 32] = [
    "ka", "ro", "mi", "ta", "ve", "lu", "sho", "ne", "pi", "ga", "do", "ri", "ba", "che", "zu", "fo", "la", "mo", "te",
    "su", "ин", "ра", "по", "ли", "ё", "stra", "ng", "ing", "er", "an", "qu", "ö",
];

/// Words that belong to a number, of about `letters` letters altogether; a few are not ASCII.
pub fn words(number: u64, letters: usize) -> String {
    let mut random = Random::new(number ^ 0xabcd);
    let mut text = String::with_capacity(letters + 8);
    while text.len() < letters {
        for _ in 0..=random.below(3) {
            // Most syllables are among the first twenty, which are ASCII.
            let index = if random.chance(0.97) { random.below(20) } else { random.below(32) };
            text.push_str(SYLLABLES[index as usize]);
        }
        text.push(' ');
    }
    text.pop();
    text
}
