//! The plan of precisions against brute force.

use omnilane::quantize::{Candidate, Plan, Precision, QuantizeError, TensorProfile, plan, sqnr};
use proptest::prelude::*;

fn profile(name: usize, candidates: &[(u64, f64)]) -> TensorProfile {
    let candidates = candidates
        .iter()
        .zip(Precision::ALL)
        .map(|((bytes, noise), precision)| Candidate { precision, bytes: *bytes, noise: *noise })
        .collect();
    TensorProfile { name: format!("tensor {name}"), candidates }
}

/// The least noise of all choices within the budget.
fn brute_force(profiles: &[TensorProfile], budget: u64) -> Option<f64> {
    let Some((first, rest)) = profiles.split_first() else { return Some(0.0) };
    let within = first.candidates.iter().filter(|c| c.bytes <= budget);
    within.filter_map(|c| Some(c.noise + brute_force(rest, budget - c.bytes)?)).reduce(f64::min)
}

/// What any plan promises.
fn check(profiles: &[TensorProfile], budget: u64, plan: &Plan) {
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * (a.abs() + b.abs() + 1.0);
    assert!(plan.bytes <= budget);
    assert_eq!(plan.choices.len(), profiles.len());
    for (c, p) in plan.choices.iter().zip(profiles) {
        assert!(p.candidates.contains(c));
    }
    assert_eq!(plan.bytes, plan.choices.iter().map(|c| c.bytes).sum::<u64>());
    assert!(close(plan.noise, plan.choices.iter().map(|c| c.noise).sum()));
    let best = brute_force(profiles, budget).expect("the plan is a choice");
    assert!(plan.bound <= best + 1e-12, "the bound {} is above the best noise {best}", plan.bound);
    assert!(best <= plan.noise + 1e-12, "the noise {} is below the best {best}", plan.noise);
    // The proof's bound: one step of one tensor.
    let most = profiles
        .iter()
        .flat_map(|p| p.candidates.iter().flat_map(|a| p.candidates.iter().map(|b| a.noise - b.noise)))
        .fold(0.0, f64::max);
    assert!(plan.noise - plan.bound <= most + 1e-12, "{} above {}, a step is {most}", plan.noise, plan.bound);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn close_to_the_best(
        tensors in proptest::collection::vec(proptest::collection::vec((1u64..60, 0.0f64..1.0), 1..=3), 1..7),
        budget in 1u64..300,
    ) {
        let profiles: Vec<_> = tensors.iter().enumerate().map(|(i, c)| profile(i, c)).collect();
        match plan(&profiles, budget) {
            Ok(plan) => check(&profiles, budget, &plan),
            Err(QuantizeError::Budget { needed, .. }) => {
                prop_assert!(needed > budget);
                prop_assert_eq!(brute_force(&profiles, budget), None);
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// As tensors are: twice the bits for a 250th of the noise.
    #[test]
    fn close_to_the_best_for_tensors(
        tensors in proptest::collection::vec((1u64..50, -30.0f64..-5.0), 1..8),
        share in 0.25f64..1.0,
    ) {
        let profiles: Vec<_> = tensors
            .iter()
            .enumerate()
            .map(|(i, (n, db))| {
                let noise = 10f64.powf(db / 10.0);
                profile(i, &[(*n + 4, noise), (2 * n + 4, noise / 290.0), (4 * n, noise / 1e5)])
            })
            .collect();
        let most: u64 = tensors.iter().map(|(n, _)| 4 * n + 4).sum();
        let budget = (most as f64 * share) as u64;
        if let Ok(plan) = plan(&profiles, budget) {
            check(&profiles, budget, &plan);
        }
    }
}

#[test]
fn more_bytes_never_make_more_noise_than_the_bound_says() {
    let profiles: Vec<_> =
        (1..20).map(|i| profile(i as usize, &[(10 * i, 0.5 / i as f64), (20 * i, 0.01), (40 * i, 0.0)])).collect();
    let mut last = f64::INFINITY;
    for budget in (1900..7700).step_by(50) {
        let plan = plan(&profiles, budget).unwrap();
        assert!(plan.bound <= last + 1e-12, "the bound falls with the budget");
        last = plan.bound;
    }
    assert_eq!(plan(&profiles, 1 << 40).unwrap().noise, 0.0);
}

#[test]
fn refusals() {
    let profiles = [profile(0, &[(10, 0.1), (20, 0.01)]), profile(1, &[(7, 0.1)])];
    let error = plan(&profiles, 16).unwrap_err();
    assert_eq!(error.to_string(), "budget: 16 bytes, the tensors take at least 17");
    assert_eq!(plan(&profiles, 17).unwrap().bytes, 17);
    for none in [&[][..], &[(3, f64::INFINITY), (4, f64::NAN)]] {
        let error = plan(&[profile(5, none)], 100).unwrap_err();
        assert_eq!(error.to_string(), "profiles: tensor 5 has no candidate with a finite noise");
    }
    let nothing = plan(&[], 0).unwrap();
    assert_eq!((nothing.bytes, nothing.noise, nothing.bound), (0, 0.0, 0.0));
}

#[test]
fn profiles_are_measured() {
    let values: Vec<f32> = (0..1001).map(|i| (i as f32 / 10.0).sin()).collect();
    let p = TensorProfile::measure("sine", &values);
    assert_eq!(p.candidates.iter().map(|c| c.bytes).collect::<Vec<_>>(), [501 + 4, 1001 + 4, 2002]);
    let dbs: Vec<f64> = p.candidates.iter().map(Candidate::sqnr).collect();
    // A sine of amplitude 1 in 15, 255 codes: 6.02 dB a bit and 1.76 more, less what symmetric codes lack.
    assert!((dbs[0] - 24.7).abs() < 0.7 && (dbs[1] - 49.9).abs() < 0.5 && dbs[2] > 70.0, "{dbs:?}");
    let halves: Vec<f32> = values.iter().map(|v| omnilane::lanes::f16::from_f32(*v).to_f32()).collect();
    assert!((dbs[2] - sqnr(&values, &halves).unwrap().unwrap()).abs() < 1e-9);

    // f16 overflows: never chosen.
    let p = TensorProfile::measure("large", &[1e5, -1e5, 3e3]);
    assert_eq!(p.candidates[2].noise, f64::INFINITY);
    assert_eq!(plan(&[p], 1000).unwrap().choices[0].precision, Precision::I8);
    // NaN and infinities do not count.
    let p = TensorProfile::measure("special", &[1.0, f32::NAN, f32::INFINITY, 0.25]);
    assert!(p.candidates.iter().all(|c| c.noise.is_finite()));
    let p = TensorProfile::measure("zeros", &[0.0; 9]);
    assert!(p.candidates.iter().all(|c| c.noise == 0.0));
    assert_eq!(plan(&[p], 1000).unwrap().choices[0].precision, Precision::I4);
}
