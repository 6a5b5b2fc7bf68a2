//! How long a batch takes: `a + c b`, learned from batches that ran.

/// What is left of an observation's weight after the next one.
const FORGET: f64 = 0.98;
/// The slope is learned while the sizes' deviation is at least this share of their mean; from equal sizes it cannot be.
const SPREAD: f64 = 0.05;
/// A time that is off by this share, and by four deviations, twice in a row, is another machine's: the model starts anew.
const CHANGE: f64 = 0.25;

/// An exponentially weighted least-squares fit of `a + c b` to the service times of batches of size (or weight) `b`, with the
/// deviation of what it leaves unexplained. Times are in nanoseconds.
///
/// An observation weighs 0.98 times as much as the next one. When two in a row are off by more than 25 % (and four
/// deviations) in the same direction, all before them is forgotten, and the slope scaled as they are; a single one of that
/// kind counts as an accident.
///
/// ```
/// use omnilane::batch::rules::ServiceModel;
///
/// let mut model = ServiceModel::default();
/// for b in 1..=20 {
///     model.observe(f64::from(b), 2e6 + 1e5 * f64::from(b));
/// }
/// assert!((model.predict(50.0).unwrap() - 7e6).abs() < 1.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ServiceModel {
    weight: f64,
    mean_b: f64,
    mean_t: f64,
    sxx: f64,
    sxy: f64,
    slope: Option<f64>,
    /// Squared residuals and their weight.
    residual: f64,
    residual_weight: f64,
    /// The last observation, if it did not fit at all.
    suspect: Option<(f64, f64)>,
}

impl ServiceModel {
    /// Learns that a batch of `b` took `t` ns.
    pub fn observe(&mut self, b: f64, t: f64) {
        if let (Some(slope), Some(expected)) = (self.slope, self.predict(b)) {
            let off = t - expected;
            if off.abs() > (4.0 * self.sigma()).max(CHANGE * expected.abs()) {
                match self.suspect.replace((b, t)) {
                    Some((b0, t0)) if (t0 - self.line(b0)) * off > 0.0 => {
                        let ratio = (t0 + t) / (self.line(b0) + expected).max(f64::MIN_POSITIVE);
                        let variance = self.sigma().powi(2) * ratio * ratio;
                        *self = ServiceModel { slope: Some(slope * ratio), ..Self::default() };
                        (self.residual, self.residual_weight) = (variance, 1.0);
                        self.learn(b0, t0);
                        self.learn(b, t);
                    }
                    _ => {}
                }
                return;
            }
            self.residual = FORGET * self.residual + off * off;
            self.residual_weight = FORGET * self.residual_weight + 1.0;
        }
        self.suspect = None;
        self.learn(b, t);
    }

    fn learn(&mut self, b: f64, t: f64) {
        self.weight = FORGET * self.weight + 1.0;
        let (db, dt) = (b - self.mean_b, t - self.mean_t);
        self.mean_b += db / self.weight;
        self.mean_t += dt / self.weight;
        self.sxx = FORGET * self.sxx + db * (b - self.mean_b);
        self.sxy = FORGET * self.sxy + db * (t - self.mean_t);
        if self.sxx > self.weight * (SPREAD * self.mean_b).powi(2) {
            // More items never take less time; noise may say so at first.
            self.slope = Some((self.sxy / self.sxx).max(0.0));
        }
    }

    fn line(&self, b: f64) -> f64 {
        self.mean_t + self.slope.unwrap_or(0.0) * (b - self.mean_b)
    }

    /// The time of a batch of `b` in ns; with one size seen, that one's. `None` before the first observation.
    #[must_use]
    pub fn predict(&self, b: f64) -> Option<f64> {
        (self.weight > 0.0).then(|| self.line(b).max(0.0))
    }

    /// The deviation around the line, in ns.
    #[must_use]
    pub fn sigma(&self) -> f64 {
        if self.residual_weight > 0.0 { (self.residual / self.residual_weight).sqrt() } else { 0.0 }
    }

    /// `[a, c]` once two sizes were seen.
    #[must_use]
    pub fn coefficients(&self) -> Option<[f64; 2]> {
        self.slope.map(|c| [self.mean_t - c * self.mean_b, c])
    }

    /// What 99 of 100 batches of `b` stay below, if they scatter as a normal distribution does: `a + c b + 2.33 sigma`.
    #[must_use]
    pub fn upper(&self, b: f64) -> Option<f64> {
        self.predict(b).map(|t| t + 2.33 * self.sigma())
    }
}
