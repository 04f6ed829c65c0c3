//! A linear classifier (multinomial logistic regression) over the features of the phrases. It is
//! trained when the agent is loaded, within a fixed budget; the same agent gives the same weights.

/// Multiplications for training one language.
const WORK_MAX: usize = 1_500_000_000;
const EPOCHS_MAX: usize = 12;
/// With fewer rounds the classifier is worse than none.
const EPOCHS_MIN: usize = 3;
/// Weights kept for one language (32 MiB).
const WEIGHTS_MAX: usize = 8 << 20;
/// Learning rate of the first round.
const STEP: f32 = 2.0;

/// Features of a text as positions and values.
pub(crate) type Sample = Vec<(u32, f32)>;

#[derive(Debug, Default)]
pub(crate) struct Classifier {
    classes: usize,
    rows: usize,
    /// Row by feature, column by class.
    weights: Vec<f32>,
}

impl Classifier {
    /// Trains on samples and their classes; `None` when that needs more than the budget.
    pub(crate) fn train(
        samples: &[Sample],
        of: &[usize],
        classes: usize,
        features: usize,
    ) -> Option<Self> {
        // When the table would be too large, features share rows.
        let rows = features.max(1).min(WEIGHTS_MAX / classes.max(1));
        let entries: usize = samples.iter().map(Vec::len).sum();
        let epochs = (WORK_MAX / (2 * entries * classes).max(1)).min(EPOCHS_MAX);
        if epochs < EPOCHS_MIN || rows == 0 {
            return None;
        }
        let mut model = Self { classes, rows, weights: vec![0.0; rows * classes] };
        let mut order: Vec<usize> = (0..samples.len()).collect();
        let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
        for epoch in 0..epochs {
            shuffle(&mut order, &mut state);
            let step = STEP / (1.0 + 0.3 * epoch as f32);
            for at in &order {
                model.learn(&samples[*at], of[*at], step);
            }
        }
        Some(model)
    }

    fn learn(&mut self, sample: &Sample, class: usize, step: f32) {
        let mut errors = self.scores(sample);
        softmax(&mut errors);
        errors[class] -= 1.0;
        for (feature, value) in sample {
            let pull = step * value;
            for (weight, error) in self.row_mut(*feature).iter_mut().zip(&errors) {
                *weight -= pull * error;
            }
        }
    }

    /// Score of every class, not normalized.
    pub(crate) fn scores(&self, sample: &Sample) -> Vec<f32> {
        let mut scores = vec![0.0; self.classes];
        for (feature, value) in sample {
            let row = (*feature as usize % self.rows) * self.classes;
            for (score, weight) in scores.iter_mut().zip(&self.weights[row..row + self.classes]) {
                *score += value * weight;
            }
        }
        scores
    }

    fn row_mut(&mut self, feature: u32) -> &mut [f32] {
        let row = (feature as usize % self.rows) * self.classes;
        &mut self.weights[row..row + self.classes]
    }
}

/// Turns scores into probabilities.
pub(crate) fn softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        sum += *score;
    }
    for score in scores.iter_mut() {
        *score /= sum;
    }
}

/// Fisher–Yates with a fixed generator: the order is part of the result.
fn shuffle(order: &mut [usize], state: &mut u64) {
    for at in (1..order.len()).rev() {
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(at, (*state >> 33) as usize % (at + 1));
    }
}
